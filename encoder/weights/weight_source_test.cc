#include "encoder/weights/weight_source.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/file.h"
#include "encoder/weights/float_convert.h"
#include "encoder/weights/safetensors_writer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::AllOf;
using testing::HasSubstr;

template <typename T>
TensorView View(DType dtype, const std::vector<T>& values) {
  return {.name = "w",
          .dtype = dtype,
          .shape = {static_cast<int64_t>(values.size())},
          .bytes = {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)},
          .file = "m.safetensors"};
}

std::string Fault(const TensorView& tensor) {
  std::vector<float> out(tensor.num_elements());
  const absl::Status converted = ToFloat(tensor, absl::MakeSpan(out));
  EXPECT_EQ(converted, CheckFinite(tensor));
  return std::string(converted.message());
}

TEST(CheckFiniteTest, EveryHalfIsJudgedByItsValue) {
  for (int bits = 0; bits < 65536; ++bits) {
    const std::vector<uint16_t> one = {static_cast<uint16_t>(bits)};
    ASSERT_EQ(CheckFinite(View(DType::kF16, one)).ok(), std::isfinite(HalfToFloat(one[0]))) << bits;
    ASSERT_EQ(CheckFinite(View(DType::kBF16, one)).ok(), std::isfinite(BFloat16ToFloat(one[0]))) << bits;
  }
}

TEST(CheckFiniteTest, NamesFileTensorAndTheFirstBadElement) {
  std::vector<float> values(3000, -1e38f);
  EXPECT_EQ(Fault(View(DType::kF32, values)), "");
  values[2345] = std::numeric_limits<float>::quiet_NaN();
  values[2999] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(Fault(View(DType::kF32, values)), AllOf(HasSubstr("m.safetensors: tensor \"w\" [3000]"), HasSubstr("element 2345 is nan")));
  values[1] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(Fault(View(DType::kF32, values)), HasSubstr("element 1 is -inf"));
}

TEST(CheckFiniteTest, HalvesAndDoublesAreLookedAtToo) {
  EXPECT_THAT(Fault(View<uint16_t>(DType::kF16, {0x3c00, 0x7bff, 0x7c00})), HasSubstr("element 2 is inf"));
  EXPECT_THAT(Fault(View<uint16_t>(DType::kBF16, {0x3f80, 0xff80})), HasSubstr("element 1 is -inf"));
  EXPECT_THAT(Fault(View<double>(DType::kF64, {1, std::numeric_limits<double>::quiet_NaN()})), HasSubstr("element 1 is nan"));
  EXPECT_TRUE(CheckFinite(View<int64_t>(DType::kI64, {-1})).ok());
}

TEST(ToFloatTest, ADoubleBeyondAFloatsRangeIsRefused) {
  const std::vector<double> values = {1e300};
  float out = 0;
  EXPECT_EQ(ToFloat(View(DType::kF64, values), absl::MakeSpan(&out, 1)).code(), absl::StatusCode::kInvalidArgument);
}

TEST(CheckFiniteTest, UnalignedTensorsAreRead) {
  std::vector<char> bytes(1 + 4 * 5);
  const float values[] = {1, 2, 3, 4, std::numeric_limits<float>::infinity()};
  std::memcpy(bytes.data() + 1, values, sizeof(values));
  const TensorView tensor = {.name = "w", .dtype = DType::kF32, .shape = {5}, .bytes = {bytes.data() + 1, 20}, .file = {}};
  EXPECT_THAT(std::string(CheckFinite(tensor).message()), HasSubstr("element 4"));
}

// Resident memory of this process that maps `path`, in KiB.
int64_t ResidentKib(const std::string& path) {
  const std::string maps = *ReadFile("/proc/self/smaps");
  const size_t at = maps.find(path);
  if (at == std::string::npos) return -1;
  return std::stoll(maps.substr(maps.find("Rss:", at) + 4));
}

TEST(WeightSourceTest, AReleasedTensorLeavesMemoryAndCanBeReadAgain) {
  const TempDir folder;
  const std::string path = folder / "m.safetensors";
  const std::vector<float> large(1 << 20, 0.5f), small = {1, 2};
  ASSERT_TRUE(WriteSafetensors(path, {View(DType::kF32, large), {.name = "z", .dtype = DType::kF32, .shape = {2},
      .bytes = {reinterpret_cast<const char*>(small.data()), 8}, .file = {}}}, {}).ok());
  const auto source = *WeightSource::OpenSafetensors(path);
  std::vector<float> out(large.size()), two(2);
  ASSERT_TRUE(ToFloat(*source->Find("w"), absl::MakeSpan(out)).ok());
  ASSERT_GE(ResidentKib(path), 4096);
  source->Release(*source->Find("w"));
  EXPECT_LT(ResidentKib(path), 64);
  ASSERT_TRUE(ToFloat(*source->Find("w"), absl::MakeSpan(out)).ok());
  EXPECT_EQ(out, large);
  ASSERT_TRUE(ToFloat(*source->Find("z"), absl::MakeSpan(two)).ok());
  EXPECT_EQ(two, small);
  source->Release(View(DType::kF32, large));  // of no file: nothing happens
}

}  // namespace
}  // namespace senvec
