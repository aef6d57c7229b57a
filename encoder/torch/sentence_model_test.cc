#include "encoder/torch/sentence_model.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/file.h"
#include "base/thread_pool.h"
#include "encoder/sentence_encoder.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace senvec {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kTexts = {"how do i reset my password ?", "重置密码", "where is my parcel", "a", ""};

std::vector<at::Tensor> ValuesOf(const TorchSentenceModel& model) {
  std::vector<at::Tensor> values;
  for (const auto& item : model.parameters().items()) values.push_back(item.value);
  return values;
}

// The largest difference between the vectors of the CPU engine, which opens `directory`, and ours.
double Difference(const TorchSentenceModel& model, const std::string& directory) {
  ThreadPool pool(1);
  const auto encoder = SentenceEncoder::Load(directory, {}, &pool);
  SENVEC_CHECK(encoder.ok());
  std::vector<int32_t> ids, types, lengths;
  for (const std::string& text : kTexts) {
    const Encoding encoding = *(*encoder)->Tokenize("", text, 0);
    ids.insert(ids.end(), encoding.ids.begin(), encoding.ids.end());
    types.insert(types.end(), encoding.type_ids.begin(), encoding.type_ids.end());
    lengths.push_back(static_cast<int32_t>(encoding.ids.size()));
  }
  const auto wanted = *(*encoder)->EncodeTexts(kTexts, "", {.normalize = true});
  at::Tensor got = model.Encode(TokenBatch::Make(model.config(), ids, types, lengths), {}).detach();
  got = got / got.norm(2, 1, true);
  SENVEC_CHECK(got.numel() == static_cast<int64_t>(wanted.rows.size()));
  double largest = 0;
  for (size_t i = 0; i < wanted.rows.size(); ++i) {
    largest = std::max(largest, std::abs(double{got.data_ptr<float>()[i]} - wanted.rows[i]));
  }
  return largest;
}

// A directory with the tiny tokenizer and a config.json of this family.
void WriteConfig(const std::string& folder, const std::string& family, int embedding) {
  MakeTinyModel(folder);
  SENVEC_CHECK(WriteFileAtomically(
                   JoinPath(folder, "new.json"),
                   "{\"model_type\":\"" + family + "\",\"vocab_size\":40,\"hidden_size\":24,\"embedding_size\":" +
                       std::to_string(embedding) +
                       ",\"num_hidden_layers\":3,\"num_attention_heads\":3,\"intermediate_size\":40,"
                       "\"max_position_embeddings\":32,\"layer_norm_eps\":1e-12}")
                   .ok());
}

TEST(TorchSentenceModelTest, AModelOfTheCpuEngineGivesItsVectors) {
  TempDir dir;
  MakeTinyModel(dir / "model");
  for (const char* pooling : {"cls", "mean", "max", "last", "first_last_avg"}) {
    SCOPED_TRACE(pooling);
    const auto model = TorchSentenceModel::Open({.directory = dir / "model", .pooling = pooling});
    ASSERT_TRUE(model.ok()) << model.status();
    ASSERT_TRUE((*model)->Save(dir / pooling, ValuesOf(**model), 32).ok());
    EXPECT_LE(Difference(**model, dir / pooling), 1e-5);
  }
}

TEST(TorchSentenceModelTest, ANewModelIsServedByTheCpuEngine) {
  for (const auto& [family, embedding] : {std::pair{"bert", 24}, std::pair{"roformer", 24}, std::pair{"roformer", 16}}) {
    for (const char* pooling : {"mean", "pooler"}) {
      for (int32_t dense : {0, 20}) {
        SCOPED_TRACE(std::string(family) + " " + pooling + " " + std::to_string(dense));
        TempDir dir;
        WriteConfig(dir / "start", family, embedding);
        const auto model = TorchSentenceModel::Open({.config_path = dir / "start/new.json",
                                                     .tokenizer_directory = dir / "start",
                                                     .pooling = pooling,
                                                     .dense = dense,
                                                     .seed = 7});
        ASSERT_TRUE(model.ok()) << model.status();
        const absl::Status saved = (*model)->Save(dir / "out", ValuesOf(**model), 32);
        ASSERT_TRUE(saved.ok()) << saved;
        EXPECT_LE(Difference(**model, dir / "out"), 1e-5);
        EXPECT_EQ((*model)->dim(), dense > 0 ? dense : 24);
      }
    }
  }
}

TEST(TorchSentenceModelTest, WhatWasSavedOpensAgainWithTheSameWeights) {
  TempDir dir;
  WriteConfig(dir / "start", "roformer", 24);
  const auto model = TorchSentenceModel::Open(
      {.config_path = dir / "start/new.json", .tokenizer_directory = dir / "start", .pooling = "pooler", .dense = 20});
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_TRUE((*model)->Save(dir / "out", ValuesOf(**model), 24).ok());
  const auto again = TorchSentenceModel::Open({.directory = dir / "out"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->pooling(), Pooling::kPooler);
  EXPECT_EQ((*again)->max_tokens(), 24);
  ASSERT_EQ((*again)->parameters().items().size(), (*model)->parameters().items().size());
  for (const auto& item : (*model)->parameters().items()) {
    EXPECT_TRUE(at::equal(item.value, (*again)->parameters().Get(item.name))) << item.name;
  }
}

TEST(TorchSentenceModelTest, DeepNormMakesValueOutputAndFeedForwardSmaller) {
  TempDir dir;
  WriteConfig(dir / "start", "roformer", 24);
  TorchSentenceModel::Options options{.config_path = dir / "start/new.json", .tokenizer_directory = dir / "start"};
  const auto plain = *TorchSentenceModel::Open(options);
  options.deepnorm = true;
  const auto deep = *TorchSentenceModel::Open(options);
  const double gain = std::pow(2.0 * 3, -0.5);
  const auto ratio = [&](const std::string& name, int64_t begin) {
    return (deep->parameters().Get(name).narrow(0, begin, 24) / plain->parameters().Get(name).narrow(0, begin, 24))
        .mean()
        .item<double>();
  };
  EXPECT_NEAR(ratio("encoder.layer.1.attention.self.qkv.weight", 0), 1, 1e-6);
  EXPECT_NEAR(ratio("encoder.layer.1.attention.self.qkv.weight", 24), 1, 1e-6);
  EXPECT_NEAR(ratio("encoder.layer.1.attention.self.qkv.weight", 48), gain, 1e-6);
  EXPECT_NEAR(ratio("encoder.layer.1.intermediate.dense.weight", 0), gain, 1e-6);
}

TEST(TorchSentenceModelTest, AMissingPoolerIsNamed) {
  TempDir dir;
  WriteConfig(dir / "start", "bert", 24);
  const auto model = TorchSentenceModel::Open({.directory = dir / "nowhere"});
  EXPECT_EQ(model.status().code(), absl::StatusCode::kNotFound);
  const auto both = TorchSentenceModel::Open({.directory = dir / "start", .config_path = dir / "start/new.json"});
  EXPECT_THAT(both.status().message(), HasSubstr("config.json"));
}

}  // namespace
}  // namespace senvec
