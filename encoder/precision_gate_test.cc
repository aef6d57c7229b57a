#include "encoder/precision_gate.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "encoder/sentence_encoder.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class PrecisionGateTest : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path from = fs::path(SENVEC_SOURCE_DIR) / "encoder/arch/testdata/bert";
    for (const char* name : {"config.json", "model.safetensors"}) fs::copy_file(from / name, folder_ / name);
    std::string vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (int i = 5; i < 40; ++i) vocab += "w" + std::to_string(i) + "\n";
    ASSERT_TRUE(WriteFileAtomically(folder_ / "vocab.txt", vocab).ok());
  }
  ModelInfo Load(const LoadOptions& options) {
    ThreadPool pool(2);
    const auto encoder = SentenceEncoder::Load(folder_.path(), options, &pool);
    EXPECT_TRUE(encoder.ok()) << encoder.status();
    return encoder.ok() ? (*encoder)->info() : ModelInfo();
  }

  const TempDir folder_;
};

TEST_F(PrecisionGateTest, AutoTakesAPrecisionAndSaysWhy) {
  const ModelInfo info = Load({.precision = "auto"});
  EXPECT_THAT(info.precision, testing::AnyOf("int8", "bf16", "fp32"));
  EXPECT_THAT(info.precision_report, HasSubstr(info.precision));
}

TEST_F(PrecisionGateTest, AutoIsFp32WhereNothingFasterIsAtHand) {
  const ModelInfo info = Load({.precision = "auto", .isa = "baseline"});
  EXPECT_EQ(info.precision, "fp32");
  EXPECT_THAT(info.precision_report, HasSubstr("instruction set"));
}

TEST_F(PrecisionGateTest, Int8IsComparedWithFp32EvenWhenAskedFor) {
  EXPECT_THAT(Load({.precision = "int8"}).precision_report, HasSubstr("int8: lowest cosine to fp32 0.9"));
}

TEST(PrecisionGateOrderTest, Fp32IsAlwaysLastAndNeedsNoGate) {
  for (Isa isa : SupportedIsas()) EXPECT_EQ(FastestFirst(KernelsFor(isa)).back(), Precision::kFp32);
  EXPECT_LT(GateCosine(Precision::kFp32), GateCosine(Precision::kInt8));
  EXPECT_LT(GateCosine(Precision::kInt8), GateCosine(Precision::kBf16));
}

}  // namespace
}  // namespace senvec
