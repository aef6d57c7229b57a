#include "encoder/torch/torch_encoder.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "encoder/weights/weight_source.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace senvec {
namespace {

using testing::HasSubstr;

class TorchEncoderTest : public testing::Test {
 protected:
  void SetUp() override { MakeTinyModel(dir_ / "model"); }

  absl::StatusOr<std::unique_ptr<SentenceEncoder>> Load(const std::string& device, const LoadOptions& options = {}) {
    return LoadTorchEncoder(dir_ / "model", device, options, &pool_);
  }
  std::vector<float> Rows(const SentenceEncoder& encoder, const EncodeOptions& options = {}) {
    const auto result = encoder.EncodeTexts(texts_, "query: ", options);
    EXPECT_TRUE(result.ok()) << result.status();
    return result->rows;
  }
  // The largest difference between the rows of both.
  double Difference(const SentenceEncoder& a, const SentenceEncoder& b, const EncodeOptions& options = {}) {
    const std::vector<float> rows_a = Rows(a, options), rows_b = Rows(b, options);
    EXPECT_EQ(rows_a.size(), rows_b.size());
    double largest = 0;
    for (size_t i = 0; i < rows_a.size(); ++i) largest = std::max(largest, std::abs(double{rows_a[i]} - rows_b[i]));
    return largest;
  }

  TempDir dir_;
  ThreadPool pool_{2};
  const std::vector<std::string> texts_ = {"how do i reset my password ?", "重置密码", "a", "", "where is my parcel"};
};

TEST_F(TorchEncoderTest, GivesTheVectorsOfTheCpuEngineForEveryPooling) {
  for (Pooling pooling : {Pooling::kCls, Pooling::kMean, Pooling::kMax, Pooling::kLast, Pooling::kFirstLastAvg}) {
    SCOPED_TRACE(PoolingName(pooling));
    const LoadOptions options = {.pooling = pooling};
    const auto engine = SentenceEncoder::Load(dir_ / "model", options, &pool_);
    const auto encoder = Load("cpu", options);
    ASSERT_TRUE(encoder.ok()) << encoder.status();
    EXPECT_LT(Difference(**engine, **encoder), 1e-5);
    EXPECT_LT(Difference(**engine, **encoder, {.normalize = false}), 1e-5);
  }
}

TEST_F(TorchEncoderTest, SaysWhatItRunsOnAndHowNearItIs) {
  const auto engine = SentenceEncoder::Load(dir_ / "model", {}, &pool_);
  for (const char* precision : {"fp32", "auto", "bf16"}) {
    const auto encoder = Load("cpu", {.precision = precision});
    ASSERT_TRUE(encoder.ok()) << encoder.status();
    const ModelInfo& info = (*encoder)->info();
    EXPECT_EQ(info.isa, "libtorch cpu");
    EXPECT_EQ(info.precision, std::string(precision) == "bf16" ? "bf16" : "fp32");
    EXPECT_THAT(info.precision_report, HasSubstr("over 32 sentences"));
    EXPECT_EQ(info.fingerprint, (*engine)->info().fingerprint);
    EXPECT_EQ(info.dim, 24);
  }
}

TEST_F(TorchEncoderTest, WhitensAsTheCpuEngineDoes) {
  const auto engine = SentenceEncoder::Load(dir_ / "model", {}, &pool_);
  std::vector<std::string> words;
  for (char a : std::string("abc")) {
    for (const char* b : {"reset", "how", "do", "i", "my", "password", "parcel", "where", "is", "?"}) {
      words.push_back(std::string(1, a) + " " + b);
      words.push_back(std::string(b) + " " + a + " " + a);
    }
  }
  WhiteningStatistics statistics(24);
  ASSERT_TRUE(statistics.Add((*engine)->EncodeTexts(words, "", {.normalize = false})->rows).ok());
  ASSERT_TRUE(Whitening::Fit(statistics, {.k = 8}, (*engine)->info().fingerprint)->Save(dir_ / "w.safetensors").ok());
  const LoadOptions options = {.whitening_path = dir_ / "w.safetensors"};
  const auto whitened = SentenceEncoder::Load(dir_ / "model", options, &pool_);
  const auto encoder = Load("cpu", options);
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  EXPECT_EQ((*encoder)->info().dim, 8);
  EXPECT_LT(Difference(**whitened, **encoder), 1e-4);
}

TEST_F(TorchEncoderTest, ThreadsGetTheirOwnVectors) {
  const auto encoder = Load("cpu");
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  const std::vector<float> expected = Rows(**encoder);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) EXPECT_EQ(Rows(**encoder), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(TorchEncoderTest, WhatCannotBeEncodedIsRefusedByItsPlace) {
  const auto encoder = Load("cpu");
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  const Encoding good = *(*encoder)->Tokenize("", "a", 0);
  Encoding bad = good;
  bad.ids[0] = 100000;
  std::vector<float> rows(2 * 24);
  const std::vector<const Encoding*> both = {&good, &bad};
  const absl::Status status = (*encoder)->Encode(both, {}, absl::MakeSpan(rows));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("sentence 1: token id 100000"));
}

TEST_F(TorchEncoderTest, RefusesDevicesAndPrecisionsThatAreNotThere) {
  EXPECT_EQ(Load("tpu").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Load("cuda:x").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Load("cuda:99").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Load("cpu", {.precision = "int8"}).status().message(), HasSubstr("CPU engine's"));
}

}  // namespace
}  // namespace senvec
