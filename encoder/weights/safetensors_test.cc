#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "encoder/weights/safetensors_writer.h"
#include "encoder/weights/weight_source.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SafetensorsTest : public ::testing::Test {
 protected:
  std::string Path(absl::string_view name) const { return JoinPath(directory_, name); }
  absl::StatusOr<std::shared_ptr<const WeightSource>> OpenBytes(absl::string_view bytes) const {
    EXPECT_TRUE(WriteFileAtomically(Path("x.safetensors"), bytes).ok());
    return WeightSource::OpenSafetensors(Path("x.safetensors"));
  }
  static std::string FileBytes(absl::string_view header, absl::string_view data) {
    const uint64_t size = header.size();
    return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&size), 8), header, data);
  }

  const TempDir temp_;
  const std::string directory_ = temp_.path();
};

TEST_F(SafetensorsTest, WhatWasWrittenIsRead) {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<double> b = {0.5, -0.25};
  const std::vector<TensorView> tensors = {
      {"a", DType::kF32, {2, 3}, {reinterpret_cast<const char*>(a.data()), 24}},
      {"b", DType::kF64, {2}, {reinterpret_cast<const char*>(b.data()), 16}},
      {"empty", DType::kF32, {0, 3}, {}}};
  ASSERT_TRUE(WriteSafetensors(Path("t.safetensors"), tensors, {{"k", "v"}}).ok());
  const auto source = WeightSource::OpenSafetensors(Path("t.safetensors")).value();
  EXPECT_THAT(source->Names(), ElementsAre("a", "b", "empty"));
  EXPECT_EQ(source->Metadata("k"), "v");
  EXPECT_EQ(source->Metadata("none"), "");
  std::vector<float> got(6);
  ASSERT_TRUE(ToFloat(*source->Find("a"), absl::MakeSpan(got)).ok());
  EXPECT_EQ(got, a);
  std::vector<float> row(2);
  ASSERT_TRUE(RowsToFloat(*source->Find("a"), 3, absl::MakeSpan(row)).ok());
  EXPECT_THAT(row, ElementsAre(4, 5));
  ASSERT_TRUE(ToFloat(*source->Find("b"), absl::MakeSpan(row)).ok());
  EXPECT_THAT(row, ElementsAre(0.5f, -0.25f));
  EXPECT_EQ(source->Find("c"), nullptr);
}

// Written by the safetensors library; see scripts/make_weight_vectors.py.
TEST_F(SafetensorsTest, ReadsAFileOfTheReferenceLibrary) {
  const auto source =
      WeightSource::OpenSafetensors(JoinPath(SENVEC_TESTDATA, "reference.safetensors")).value();
  for (const char* name : {"f32", "f16", "bf16"}) {
    const TensorView* tensor = source->Find(name);
    ASSERT_NE(tensor, nullptr) << name;
    std::vector<float> got(6);
    ASSERT_TRUE(ToFloat(*tensor, absl::MakeSpan(got)).ok());
    EXPECT_THAT(got, ElementsAre(0.0f, 1.0f, -2.5f, 0.15625f, 1024.0f, -0.0078125f)) << name;
  }
  std::vector<float> got(2);
  EXPECT_THAT(std::string(ToFloat(*source->Find("i64"), absl::MakeSpan(got)).message()),
              HasSubstr("has dtype I64"));
  EXPECT_EQ(source->Metadata("format"), "pt");
}

TEST_F(SafetensorsTest, FaultsAreNamed) {
  const std::string data(8, '\0');
  const struct {
    const char* name;
    std::string bytes;
    const char* message;
  } kCases[] = {
      {"empty file", "", "only 0 bytes"},
      {"header longer than the file", std::string(8, '\x7f'), "header length"},
      {"not json", FileBytes("{", ""), "not valid JSON"},
      {"list", FileBytes("[]", ""), "not a JSON object"},
      {"unknown dtype", FileBytes(R"({"t":{"dtype":"F8","shape":[2],"data_offsets":[0,8]}})", data), "F8"},
      {"offsets past the end", FileBytes(R"({"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", data),
       "do not lie in the file's 8 data bytes"},
      {"offsets reversed", FileBytes(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", data),
       "do not lie"},
      {"shape does not fit", FileBytes(R"({"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", data),
       "needs 12 bytes"},
      {"shape overflows",
       FileBytes(R"({"t":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})", data),
       "too large"},
      {"negative shape", FileBytes(R"({"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", data),
       "integers ≥ 0"},
      {"fraction", FileBytes(R"({"t":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", data),
       "integers ≥ 0"},
      {"overlap",
       FileBytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                 R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                 data),
       "overlap or gap"},
      {"gap", FileBytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", data), "overlap or gap"},
      {"trailing bytes", FileBytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", data),
       "4 bytes follow"},
      {"twice",
       FileBytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                 R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                 data),
       "is there twice"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const auto result = OpenBytes(c.bytes);
    ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
    EXPECT_THAT(std::string(result.status().message()), HasSubstr("x.safetensors"));
  }
}

TEST_F(SafetensorsTest, CutOrFlippedFilesNeverCrash) {
  const std::vector<float> a = {1, 2};
  const std::string bytes = SerializeSafetensors(
      std::vector<TensorView>{{"a", DType::kF32, {2}, {reinterpret_cast<const char*>(a.data()), 8}}},
      {{"k", "v"}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(OpenBytes(absl::string_view(bytes).substr(0, size)).ok()) << size;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const auto source = OpenBytes(damaged);
      if (!source.ok()) continue;
      for (const std::string& name : (*source)->Names()) {
        EXPECT_LE((*source)->Find(name)->bytes.size(), 8u);
      }
    }
  }
}

TEST_F(SafetensorsTest, ShardsAreJoinedAndChecked) {
  const float one = 1, two = 2;
  const auto shard = [](const char* name, const float& value) {
    return std::vector<TensorView>{{name, DType::kF32, {1}, {reinterpret_cast<const char*>(&value), 4}}};
  };
  ASSERT_TRUE(WriteSafetensors(Path("m-1.safetensors"), shard("a", one), {}).ok());
  ASSERT_TRUE(WriteSafetensors(Path("m-2.safetensors"), shard("b", two), {}).ok());
  const auto open = [&](absl::string_view index) {
    EXPECT_TRUE(WriteFileAtomically(Path("model.safetensors.index.json"), index).ok());
    return WeightSource::OpenDirectory(directory_);
  };
  EXPECT_THAT(open(R"({"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})").value()->Names(),
              ElementsAre("a", "b"));
  EXPECT_EQ(open(R"({"weight_map":{"a":"gone.safetensors"}})").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(open(R"({"weight_map":{"c":"m-1.safetensors"}})").status().message()),
              HasSubstr("tensor \"c\" is not in m-1.safetensors"));
  EXPECT_THAT(std::string(open(R"({"weight_map":{"a":"../m-1.safetensors"}})").status().message()),
              HasSubstr("not a plain file name"));
  EXPECT_FALSE(open(R"({"weight_map":[]})").ok());
}

TEST_F(SafetensorsTest, AFolderWithoutWeightsSaysSo) {
  const auto result = WeightSource::OpenDirectory(directory_);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("model.safetensors"));
}

}  // namespace
}  // namespace senvec
