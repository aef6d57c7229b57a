#include "train/objective.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/file.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "train/data/batch.h"
#include "train/gradient_pass.h"

namespace senvec {
namespace {

// What scripts/make_objective_vectors.py computed in fp64.
const nlohmann::json& Data() {
  static const nlohmann::json& data =
      *new nlohmann::json(*ReadJsonFile(std::string(SENVEC_TESTDATA) + "/objectives.json"));
  return data;
}

at::Tensor ToTensor(const nlohmann::json& values) {
  if (!values[0].is_array()) return at::tensor(values.get<std::vector<double>>(), at::kDouble);
  std::vector<at::Tensor> rows;
  for (const auto& row : values) rows.push_back(ToTensor(row));
  return at::stack(rows);
}

// One task on the tiny BERT, in fp64, with the head of the reference.
class ObjectiveTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string loss = GetParam();
    const bool labelled = loss == "sbert" || loss == "cross_entropy" || loss == "cross_cosent" || loss == "softmax";
    const char* const pairs[][2] = {{"how do i reset my password ?", "where is my password"},
                                    {"where is my parcel", "my parcel is where ?"},
                                    {"do i reset", "reset my parcel . how ?"},
                                    {"is", "how"}};
    std::string lines;
    int row = 0;
    for (const auto& [a, b] : pairs) {
      lines += a;
      if (loss != "mlm" && loss != "simcse" && loss != "softmax") lines += std::string("\t") + b;
      lines += labelled ? "\t" + std::to_string(row++ % 3) + "\n" : "\n";
    }
    MakeTinyModel(dir_ / "model");
    ASSERT_TRUE(WriteFileAtomically(dir_ / "rows.tsv", lines).ok());
    const auto config = TrainConfig::FromJson(
        R"({"output":"out","steps":1,"model":{"from":"model"},"tasks":[{"name":"t","files":["rows.tsv"],"loss":")" + loss +
            "\",\"batch_size\":4}]}",
        "test", dir_.path(), {});
    ASSERT_TRUE(config.ok()) << config.status();
    config_ = *config;
    model_ = *TorchSentenceModel::Open({.directory = dir_ / "model"});
    const auto tokenizer = *Tokenizer::FromDirectory(dir_ / "model");
    ThreadPool pool(1);
    auto data = TrainingData::Load(config_, *tokenizer, pool);
    ASSERT_TRUE(data.ok()) << data.status();
    data_ = *std::move(data);
    objectives_ = *Objectives::Create(config_, *data_, model_.get(), {nullptr});
    model_->parameters().To(at::kDouble);
    SetHead();
  }

  const nlohmann::json& Case() const { return Data()[GetParam()]; }
  bool IsOfTokens() const { return Case().contains("ids"); }

  void SetHead() {
    if (!Case().contains("head")) return;
    for (const auto& [name, values] : Case()["head"].items()) {
      std::string full = "train.t.classifier." + name;
      if (IsOfTokens()) {
        full = name == "bias" ? "cls.predictions.bias" : "cls.predictions.transform." + name;
        if (const size_t at = full.find("norm."); at != std::string::npos) full.replace(at, 4, "LayerNorm");
      }
      const at::Tensor head = model_->parameters().Get(full).detach(), wanted = ToTensor(values);
      ASSERT_EQ(head.sizes(), wanted.sizes()) << full;
      head.copy_(wanted);
    }
  }

  Batch MakeBatch() const {
    Batch batch;
    if (IsOfTokens()) {
      batch.ids = Case()["ids"].get<std::vector<int32_t>>();
      batch.type_ids = Case()["type_ids"].get<std::vector<int32_t>>();
      batch.targets = Case()["targets"].get<std::vector<int32_t>>();
      batch.lengths = Case()["lengths"].get<std::vector<int32_t>>();
      batch.labels.resize(batch.lengths.size());
      return batch;
    }
    batch.labels = Case()["labels"].get<std::vector<float>>();
    batch.sequences_per_row = static_cast<int32_t>(Case()["vectors"].size() / batch.labels.size());
    for (size_t i = 0; Case().contains("texts") && i < Case()["vectors"].size(); ++i) {
      batch.hashes.push_back(Case()["texts"][i / 2].get<uint64_t>());
    }
    return batch;
  }

  // With gradients of the parameters, and of `vectors` where the loss is of vectors.
  double Loss(const at::Tensor& vectors) {
    if (IsOfTokens()) return GradientPass(model_.get(), objectives_.get(), {}).Run(MakeBatch(), 1);
    const at::Tensor loss = objectives_->OfVectors(MakeBatch(), vectors);
    loss.backward();
    return loss.item<double>();
  }
  at::Tensor Vectors() const {
    return IsOfTokens() ? at::Tensor() : ToTensor(Case()["vectors"]).set_requires_grad(true);
  }

  // Of some values of `leaf`, spread over it. `wanted` is a copy, since Loss() adds to gradients.
  void ExpectGradient(const std::string& name, const at::Tensor& leaf, const at::Tensor& wanted,
                      const at::Tensor& vectors) {
    constexpr double kStep = 1e-5;
    constexpr int64_t kValues = 7;
    const at::Tensor gradient = wanted.contiguous().view({-1}), values = leaf.detach().view({-1});
    for (int64_t n = 0; n < kValues; ++n) {
      const int64_t k = n * (values.numel() - 1) / (kValues - 1);
      double* value = values.data_ptr<double>() + k;
      const double before = *value;
      *value = before + kStep;
      const double above = Loss(vectors);
      *value = before - kStep;
      const double below = Loss(vectors);
      *value = before;
      const double slope = gradient[k].item<double>();
      EXPECT_NEAR((above - below) / (2 * kStep), slope, 1e-7 * std::max(1.0, std::abs(slope))) << name << " " << k;
    }
  }

  TempDir dir_;
  TrainConfig config_;
  std::unique_ptr<TorchSentenceModel> model_;
  std::unique_ptr<const TrainingData> data_;
  std::unique_ptr<Objectives> objectives_;
};
INSTANTIATE_TEST_SUITE_P(All, ObjectiveTest,
                         testing::Values("sbert", "cross_entropy", "softmax", "cross_cosent", "simcse", "mlm", "seq2seq"),
                         [](const auto& loss) { return std::string(loss.param); });

TEST_P(ObjectiveTest, EqualsItsReference) {
  const double wanted = Case()["loss"].get<double>();
  EXPECT_NEAR(Loss(Vectors()), wanted, 1e-9 * wanted);
}

TEST_P(ObjectiveTest, GradientsEqualFiniteDifferences) {
  const at::Tensor vectors = Vectors();
  Loss(vectors);
  struct Leaf {
    std::string name;
    at::Tensor value, gradient;
  };
  std::vector<Leaf> leaves;
  if (vectors.defined()) leaves.push_back({"vectors", vectors, vectors.grad().clone()});
  for (const auto& item : model_->parameters().items()) {
    if (item.value.grad().defined()) leaves.push_back({item.name, item.value, item.value.grad().clone()});
  }
  EXPECT_GT(leaves.size(), Case().contains("head") ? 2u : 0u);
  for (const Leaf& leaf : leaves) ExpectGradient(leaf.name, leaf.value, leaf.gradient, vectors);
}

class Seq2SeqObjectiveTest : public ObjectiveTest {};
INSTANTIATE_TEST_SUITE_P(All, Seq2SeqObjectiveTest, testing::Values("seq2seq"));

TEST_P(Seq2SeqObjectiveTest, ARowOfTwoTextsSaysTheSecondAsTheReferenceDoes) {
  const Batch wanted = MakeBatch(), got = AssembleBatch(config_, *data_, 0, {0, 1, 2, 3}, 1);
  EXPECT_EQ(got.ids, wanted.ids);
  EXPECT_EQ(got.type_ids, wanted.type_ids);
  EXPECT_EQ(got.targets, wanted.targets);
  EXPECT_EQ(got.lengths, wanted.lengths);
}

}  // namespace
}  // namespace senvec
