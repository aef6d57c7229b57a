#include "encoder/sentence_encoder.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "encoder/weights/safetensors_writer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::vector<std::string> kTexts = {"How do I reset my password?", "", "如何重置密码？", "a", "reset resetting resetter",
                                         "The printer says \"paper jam\"!"};

// A model directory of the tiny BERT that encoder/arch is tested with, and a tokenizer of 40 tokens.
class SentenceEncoderTest : public testing::Test {
 protected:
  void SetUp() override { MakeModel("bert"); }

  void MakeModel(const std::string& tiny) {
    const fs::path from = fs::path(SENVEC_SOURCE_DIR) / "encoder/arch/testdata" / tiny;
    for (const char* name : {"config.json", "model.safetensors"}) {
      fs::copy_file(from / name, folder_ / name, fs::copy_options::overwrite_existing);
    }
    std::string vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nreset\n##ting\n##ter\nhow\ndo\ni\nmy\npassword\nthe\nprinter\n?\n";
    for (const char* token : {"重", "置", "密", "码", "a", "!", "\"", "paper"}) vocab += std::string(token) + "\n";
    ASSERT_TRUE(WriteFileAtomically(folder_ / "vocab.txt", vocab).ok());
    ASSERT_TRUE(WriteFileAtomically(folder_ / "tokenizer_config.json", R"({"do_lower_case":true})").ok());
  }
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(folder_ / name).parent_path());
    ASSERT_TRUE(WriteFileAtomically(folder_ / name, text).ok());
  }
  std::unique_ptr<SentenceEncoder> Load(const LoadOptions& options = {}, int threads = 2) {
    pools_.push_back(std::make_unique<ThreadPool>(threads));
    auto encoder = SentenceEncoder::Load(folder_.path(), options, pools_.back().get());
    EXPECT_TRUE(encoder.ok()) << encoder.status();
    return encoder.ok() ? *std::move(encoder) : nullptr;
  }
  absl::Status LoadError(const LoadOptions& options = {}) {
    ThreadPool pool(1);
    return SentenceEncoder::Load(folder_.path(), options, &pool).status();
  }
  static std::vector<float> Rows(const SentenceEncoder& encoder, const std::vector<std::string>& texts,
                                 const EncodeOptions& options = {}) {
    const auto result = encoder.EncodeTexts(texts, "", options);
    EXPECT_TRUE(result.ok()) << result.status();
    return result->rows;
  }

  const TempDir folder_;
  std::vector<std::unique_ptr<ThreadPool>> pools_;
};

double Norm(absl::Span<const float> row) {
  double sum = 0;
  for (float value : row) sum += double{value} * value;
  return std::sqrt(sum);
}

TEST_F(SentenceEncoderTest, TheSameTextHasTheSameBitsInAnyBatchAndWithAnyNumberOfThreads) {
  const auto one = Load({}, 1), four = Load({}, 4);
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back(kTexts[i % kTexts.size()]);
  const std::vector<float> batch = Rows(*four, many);
  const size_t dim = one->info().dim;
  for (size_t i = 0; i < kTexts.size(); ++i) {
    const std::vector<float> alone = Rows(*one, {kTexts[i]});
    for (size_t j = i; j < many.size(); j += kTexts.size()) {
      EXPECT_EQ(std::vector<float>(batch.begin() + j * dim, batch.begin() + (j + 1) * dim), alone) << i << " " << j;
    }
  }
}

TEST_F(SentenceEncoderTest, AnEmptyTextIsASentence) {
  const auto encoder = Load();
  const auto result = encoder->EncodeTexts({""}, "", {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->num_tokens[0], 2);
  EXPECT_GT(Norm(result->rows), 0);
}

TEST_F(SentenceEncoderTest, NoTextsGiveNoRows) { EXPECT_TRUE(Rows(*Load(), {}).empty()); }

TEST_F(SentenceEncoderTest, NormalizesWhenTheDirectoryOrTheCallerSaysSo) {
  const auto plain = Load();
  EXPECT_TRUE(plain->info().normalize) << "a directory without modules.json does not say";
  EXPECT_NEAR(Norm(Rows(*plain, {"a"})), 1, 1e-6);
  EXPECT_GT(std::abs(Norm(Rows(*plain, {"a"}, {.normalize = false})) - 1), 1e-3);
  Write("modules.json", R"([{"type":"x.Transformer","path":""},{"type":"x.Pooling","path":"1_Pooling"},
                            {"type":"x.Normalize","path":"2_Normalize"}])");
  Write("1_Pooling/config.json", R"({"pooling_mode_cls_token":true})");
  const auto normalizing = Load();
  EXPECT_EQ(normalizing->info().pooling, "cls");
  EXPECT_NEAR(Norm(Rows(*normalizing, {"a"})), 1, 1e-6);
  EXPECT_NE(normalizing->info().fingerprint, plain->info().fingerprint);
}

TEST_F(SentenceEncoderTest, EveryPoolingGivesItsOwnVectorAndFingerprint) {
  std::vector<std::vector<float>> rows;
  std::vector<std::string> fingerprints;
  for (Pooling pooling : {Pooling::kCls, Pooling::kMean, Pooling::kMax, Pooling::kLast, Pooling::kPooler,
                          Pooling::kFirstLastAvg}) {
    const auto encoder = Load({.pooling = pooling});
    EXPECT_EQ(encoder->info().pooling, PoolingName(pooling));
    rows.push_back(Rows(*encoder, {"how do i reset"}));
    fingerprints.push_back(encoder->info().fingerprint);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(rows[i], rows[j]) << i << " " << j;
      EXPECT_NE(fingerprints[i], fingerprints[j]);
    }
  }
}

TEST_F(SentenceEncoderTest, ARoFormerWithAPoolerUsesIt) {
  MakeModel("roformer");
  const auto encoder = Load();
  EXPECT_EQ(encoder->info().family, "roformer");
  EXPECT_EQ(encoder->info().pooling, "pooler");
}

TEST_F(SentenceEncoderTest, ADenseModuleChangesTheDimension) {
  Write("modules.json", R"([{"type":"x.Transformer","path":""},{"type":"x.Pooling","path":"1_Pooling"},
                            {"type":"x.Dense","path":"2_Dense"}])");
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true})");
  Write("2_Dense/config.json", R"({"in_features":24,"out_features":3,"bias":false,"activation_function":"x.Identity"})");
  std::vector<float> weight(72);
  for (size_t i = 0; i < 24; ++i) weight[i] = weight[24 + i] = 1;  // two sums, then the first component
  weight[48] = 1;
  ASSERT_TRUE(WriteSafetensors(folder_ / "2_Dense/model.safetensors",
                               {{"linear.weight", DType::kF32, {3, 24}, {reinterpret_cast<const char*>(weight.data()), 288}}}, {}).ok());
  const auto encoder = Load();
  ASSERT_EQ(encoder->info().dim, 3);
  const std::vector<float> row = Rows(*encoder, {"a"});
  fs::remove(folder_ / "modules.json");
  const std::vector<float> pooled = Rows(*Load(), {"a"}, {.normalize = false});
  double sum = 0;
  for (float value : pooled) sum += value;
  EXPECT_NEAR(row[0], sum, 1e-4);
  EXPECT_NEAR(row[1], sum, 1e-4);
  EXPECT_NEAR(row[2], pooled[0], 1e-6);
}

TEST_F(SentenceEncoderTest, WhiteningIsAppliedAndNormalized) {
  const auto plain = Load();
  WhiteningStatistics statistics(plain->info().dim);
  ASSERT_TRUE(statistics.Add(Rows(*plain, kTexts, {.normalize = false})).ok());
  const auto whitening = Whitening::Fit(statistics, {.k = 4}, plain->info().fingerprint);
  ASSERT_TRUE(whitening->Save(folder_ / "w.safetensors").ok());
  const auto encoder = Load({.whitening_path = folder_ / "w.safetensors"});
  EXPECT_EQ(encoder->info().dim, 4);
  EXPECT_EQ(encoder->info().whitening_fingerprint, whitening->fingerprint());
  std::vector<float> expected(4);
  whitening->Apply(Rows(*plain, {"a"}, {.normalize = false}), absl::MakeSpan(expected));
  const double norm = Norm(expected);
  const std::vector<float> row = Rows(*encoder, {"a"});
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(row[i], expected[i] / norm, 1e-5);
}

TEST_F(SentenceEncoderTest, RefusesAWhiteningOfAnotherModel) {
  const auto plain = Load();
  WhiteningStatistics statistics(plain->info().dim);
  ASSERT_TRUE(statistics.Add(Rows(*plain, kTexts)).ok());
  ASSERT_TRUE(Whitening::Fit(statistics, {}, "another")->Save(folder_ / "w.safetensors").ok());
  EXPECT_EQ(LoadError({.whitening_path = folder_ / "w.safetensors"}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SentenceEncoderTest, PromptsAreFoundByName) {
  Write("config_sentence_transformers.json", R"({"prompts":{"query":"q: ","document":"d: "}})");
  const auto encoder = Load();
  EXPECT_EQ(*encoder->Prompt("query"), "q: ");
  EXPECT_EQ(*encoder->Prompt("passage"), "d: ");
  EXPECT_EQ(*encoder->Prompt("none"), "");
  EXPECT_EQ(*encoder->Prompt(""), "");
  const absl::Status status = encoder->Prompt("title").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr("title"), HasSubstr("query")));
}

TEST_F(SentenceEncoderTest, LongTextsAreCutAndCounted) {
  const auto encoder = Load({.max_tokens = 6});
  const auto result = encoder->EncodeTexts({std::string(100, '!')}, "", {});
  EXPECT_EQ(result->num_tokens[0], 6);
  EXPECT_EQ(result->num_truncated[0], 96);
  EXPECT_EQ(encoder->Tokenize("", "a", 7).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(encoder->Tokenize("", "a", 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(LoadError({.max_tokens = 33}).message()), HasSubstr("[2, 32]"));
}

TEST_F(SentenceEncoderTest, RefusesTokensItHasNoRowFor) {
  const auto encoder = Load();
  std::vector<float> out(encoder->info().dim);
  const auto encode = [&](Encoding encoding) {
    const Encoding* sentence = &encoding;
    return std::string(encoder->Encode({sentence}, {}, absl::MakeSpan(out)).message());
  };
  EXPECT_THAT(encode({.ids = {40}, .type_ids = {0}}), HasSubstr("token id 40"));
  EXPECT_THAT(encode({.ids = {-1}, .type_ids = {0}}), HasSubstr("token id -1"));
  EXPECT_THAT(encode({.ids = {1}, .type_ids = {2}}), HasSubstr("type id 2"));
  EXPECT_THAT(encode({.ids = {1}, .type_ids = {}}), HasSubstr("type ids"));
  EXPECT_THAT(encode({}), HasSubstr("no tokens"));
  EXPECT_THAT(encode({.ids = std::vector<int32_t>(33), .type_ids = std::vector<int32_t>(33)}), HasSubstr("33 tokens"));
}

TEST_F(SentenceEncoderTest, NamesTheFileThatIsMissing) {
  for (const char* name : {"config.json", "model.safetensors", "vocab.txt"}) {
    SetUp();
    fs::remove(folder_ / name);
    const absl::Status status = LoadError();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  }
}

TEST_F(SentenceEncoderTest, NamesATensorThatIsMissing) {
  auto config = *ReadJsonFile(folder_ / "config.json");
  config["num_hidden_layers"] = 3;
  Write("config.json", config.dump());
  EXPECT_THAT(std::string(LoadError().message()), testing::AllOf(HasSubstr("encoder.layer.2."), HasSubstr("missing")));
}

TEST_F(SentenceEncoderTest, RefusesUnknownPrecisionAndAMissingPooler) {
  EXPECT_THAT(std::string(LoadError({.precision = "fp8"}).message()), HasSubstr("fp8"));
  MakeModel("roformer_rotary_value");
  EXPECT_EQ(LoadError({.pooling = Pooling::kPooler}).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace senvec
