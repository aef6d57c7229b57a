#include "dataio/vector_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/json.h"
#include "dataio/npy_reader.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

std::string Temp(const std::string& name) { return JoinPath(::testing::TempDir(), name); }

void Write(const std::string& path, const std::vector<std::vector<float>>& rows, int32_t dim) {
  auto writer = VectorWriter::Create(path, dim);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (const auto& row : rows) ASSERT_TRUE((*writer)->Append({3, 1, row}).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
}

TEST(VectorWriterTest, NpyHeadIsExactlyWhatNumpyExpects) {
  const std::string path = Temp("head.npy");
  Write(path, {{1, 2}, {3, 4}, {5, 6}}, 2);
  const std::string bytes = ReadFile(path).value();
  ASSERT_EQ(bytes.size(), 128 + 6 * sizeof(float));
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_THAT(bytes.substr(10), ::testing::StartsWith(
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"));
  EXPECT_EQ(bytes[127], '\n');
}

TEST(VectorWriterTest, NpyReadsBackWithTheSameBits) {
  const std::string path = Temp("bits.npy");
  const std::vector<float> row = {0.1f, -0.0f, std::numeric_limits<float>::denorm_min(), 3e38f};
  Write(path, {row, row}, 4);
  const auto matrix = NpyMatrix::Open(path);
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  EXPECT_EQ(matrix->rows(), 2);
  EXPECT_EQ(matrix->dim(), 4);
  std::vector<float> read(4);
  matrix->CopyRows(1, absl::MakeSpan(read));
  EXPECT_EQ(0, memcmp(read.data(), row.data(), sizeof(float) * 4));
}

TEST(VectorWriterTest, NpyWithoutRowsKeepsTheDimension) {
  const std::string path = Temp("empty.npy");
  Write(path, {}, 384);
  const auto matrix = NpyMatrix::Open(path);
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  EXPECT_EQ(matrix->rows(), 0);
  EXPECT_EQ(matrix->dim(), 384);
}

TEST(VectorWriterTest, JsonLinesReadBackWithTheSameBits) {
  const std::string path = Temp("lines.jsonl");
  const std::vector<float> row = {0.1f, 1.0f / 3, 1e-42f, -2e30f};
  Write(path, {row, row}, 4);
  const std::vector<std::string> lines = absl::StrSplit(ReadFile(path).value(), '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2], "");
  const auto object = ParseJson(lines[1], path).value();
  EXPECT_EQ(object["index"], 1);
  EXPECT_EQ(object["tokens"], 3);
  EXPECT_EQ(object["truncated"], 1);
  EXPECT_EQ(object["vector"].get<std::vector<float>>(), row);
}

TEST(VectorWriterTest, RefusesAValueThatIsNotFinite) {
  auto writer = VectorWriter::Create(Temp("nan.npy"), 2);
  ASSERT_TRUE(writer.ok());
  const std::vector<float> row = {1, NAN};
  const absl::Status status = (*writer)->Append({1, 0, row});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("vector 0: component 1"));
}

TEST(VectorWriterTest, RefusesAnotherLength) {
  auto writer = VectorWriter::Create(Temp("length.npy"), 2);
  ASSERT_TRUE(writer.ok());
  const std::vector<float> row = {1, 2, 3};
  EXPECT_EQ((*writer)->Append({1, 0, row}).code(), absl::StatusCode::kInvalidArgument);
}

TEST(VectorWriterTest, UnknownNameSaysWhichFormsThereAre) {
  const absl::Status status = VectorWriter::Create("out.csv", 2).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(".npy"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(".jsonl"));
}

}  // namespace
}  // namespace senvec
