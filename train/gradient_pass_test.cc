#include "train/gradient_pass.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "base/file.h"
#include "base/thread_pool.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "train/data/batch.h"
#include "train/data/training_data.h"

namespace senvec {
namespace {

// A run of one task on the tiny BERT, its letters as texts.
class GradientPassTest : public testing::Test {
 protected:
  void Prepare(const std::string& task, int rows) {
    at::set_num_threads(1);
    MakeTinyModel(dir_ / "model");
    std::string lines;
    const char* const words[] = {"a", "b", "c", "reset", "how", "do", "i", "my", "where", "is", "?", "."};
    for (int i = 0; i < rows; ++i) {
      for (int k = 0; k < 3; ++k) lines += std::string(words[(i >> (2 * k)) % 12]) + " ";
      lines += "\t";
      for (int k = 0; k < 4; ++k) lines += std::string(words[(i * 5 + k * 7) % 12]) + " ";
      lines += labelled_ ? "\t" + std::to_string(i % 3) + "\n" : "\n";
    }
    ASSERT_TRUE(WriteFileAtomically(dir_ / "pairs.tsv", lines).ok());
    const std::string json = R"({"output":"out","steps":1,"model":{"from":"model"},"tasks":[{"name":"t","files":["pairs.tsv"],)" +
                             task + ",\"batch_size\":" + std::to_string(rows) + "}]}";
    const auto config = TrainConfig::FromJson(json, "test", dir_.path(), {});
    ASSERT_TRUE(config.ok()) << config.status();
    config_ = *config;
    auto model = TorchSentenceModel::Open({.directory = dir_ / "model"});
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    tokenizer_ = *Tokenizer::FromDirectory(dir_ / "model");
    ThreadPool pool(1);
    auto data = TrainingData::Load(config_, *tokenizer_, pool);
    ASSERT_TRUE(data.ok()) << data.status();
    data_ = *std::move(data);
    objectives_ = *Objectives::Create(config_, *data_, model_.get(), {nullptr});
    std::vector<int64_t> all;
    for (int64_t i = 0; i < data_->tasks()[0].size(); ++i) all.push_back(i);
    batch_ = AssembleBatch(config_, *data_, 0, all, 42);
  }

  struct Outcome {
    double loss = 0;
    std::vector<at::Tensor> gradients;
  };
  Outcome Run(const GradientPass::Options& options) {
    model_->parameters().ZeroGradients();
    Outcome outcome;
    outcome.loss = GradientPass(model_.get(), objectives_.get(), options).Run(batch_, 0.5);
    for (const auto& item : model_->parameters().items()) {
      outcome.gradients.push_back(item.value.grad().defined() ? item.value.grad().clone() : at::Tensor());
    }
    return outcome;
  }

  // Relative to the largest gradient of all.
  void ExpectEqual(const Outcome& a, const Outcome& b, double tolerance) {
    EXPECT_NEAR(a.loss, b.loss, tolerance * std::max(1.0, std::abs(b.loss)));
    double largest = 0;
    for (const at::Tensor& gradient : b.gradients) {
      if (gradient.defined()) largest = std::max(largest, gradient.abs().max().item<double>());
    }
    ASSERT_GT(largest, 0);
    for (size_t i = 0; i < a.gradients.size(); ++i) {
      ASSERT_EQ(a.gradients[i].defined(), b.gradients[i].defined());
      if (!a.gradients[i].defined()) continue;
      EXPECT_LE((a.gradients[i] - b.gradients[i]).abs().max().item<double>(), tolerance * largest)
          << model_->parameters().items()[i].name;
    }
  }

  bool labelled_ = false;
  TempDir dir_;
  TrainConfig config_;
  std::unique_ptr<TorchSentenceModel> model_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<const TrainingData> data_;
  std::unique_ptr<Objectives> objectives_;
  Batch batch_;
};

TEST_F(GradientPassTest, TwoPassesOfPiecesGiveTheGradientsOfTheBigBatch) {
  ASSERT_NO_FATAL_FAILURE(Prepare(R"("loss":"contrastive")", 400));
  for (double dropout : {0.0, 0.1}) {
    SCOPED_TRACE(dropout);
    const Outcome whole = Run({.dropout = dropout});
    for (int64_t chunk : {64, 7, 399}) ExpectEqual(Run({.dropout = dropout, .chunk_rows = chunk}), whole, 1e-5);
  }
}

TEST_F(GradientPassTest, TwoPassesServeHeadsAndPairs) {
  labelled_ = true;
  for (const char* task : {R"("loss":"cosent")", R"("loss":"sbert")"}) {
    SCOPED_TRACE(task);
    ASSERT_NO_FATAL_FAILURE(Prepare(task, 90));
    const Outcome whole = Run({.dropout = 0.1});
    ExpectEqual(Run({.dropout = 0.1, .chunk_rows = 16}), whole, 1e-5);
  }
}

TEST_F(GradientPassTest, ABatchOf4096FitsInPiecesOf64) {
  ASSERT_NO_FATAL_FAILURE(Prepare(R"("loss":"contrastive","options":{"both_ways":false})", 4096));
  const Outcome whole = Run({});
  ExpectEqual(Run({.chunk_rows = 64}), whole, 1e-5);
}

TEST_F(GradientPassTest, TokensInPiecesGiveTheGradientsOfTheWhole) {
  ASSERT_NO_FATAL_FAILURE(Prepare(R"("loss":"seq2seq","rows":"positives")", 60));
  const Outcome whole = Run({.dropout = 0.1});
  ExpectEqual(Run({.dropout = 0.1, .chunk_rows = 13}), whole, 1e-5);
}

TEST_F(GradientPassTest, EveryLossHasFiniteGradients) {
  labelled_ = true;
  for (const char* loss : {"cosent", "cosine", "sbert", "cross_entropy", "cross_cosent"}) {
    SCOPED_TRACE(loss);
    const char* const mapped = std::string(loss) == "cosine" ? R"(,"labels":{"0":0,"1":0.5,"2":1})" : "";
    ASSERT_NO_FATAL_FAILURE(Prepare(std::string(R"("loss":")") + loss + '"' + mapped, 48));
    for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      const Outcome outcome = Run({.dropout = 0.1, .compute = type});
      EXPECT_TRUE(std::isfinite(outcome.loss));
      for (const at::Tensor& gradient : outcome.gradients) {
        EXPECT_TRUE(!gradient.defined() || gradient.isfinite().all().item<bool>());
      }
    }
  }
}

}  // namespace
}  // namespace senvec
