#include "dataio/embedding_file.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "dataio/vector_writer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Fvecs(const std::vector<std::vector<float>>& rows) {
  std::string bytes;
  for (const std::vector<float>& row : rows) {
    const auto length = static_cast<int32_t>(row.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
    bytes.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
  }
  return bytes;
}

class EmbeddingFileTest : public testing::Test {
 protected:
  absl::StatusOr<EmbeddingFile> Open(const std::string& name, const std::string& bytes) {
    SENVEC_CHECK(WriteFileAtomically(folder_ / name, bytes).ok());
    return EmbeddingFile::Open(folder_ / name);
  }
  const TempDir folder_;
};

std::vector<float> Row(const EmbeddingFile& file, int64_t row) {
  std::vector<float> values(file.dim());
  EXPECT_TRUE(file.Copy(row, absl::MakeSpan(values)).ok());
  return values;
}

TEST_F(EmbeddingFileTest, ReadsFvecs) {
  const auto file = Open("v.fvecs", Fvecs({{1, 2, 3}, {4, 5, 6}}));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->rows(), 2);
  EXPECT_THAT(Row(*file, 1), ElementsAre(4, 5, 6));
  file->Release(0, 2);
  EXPECT_THAT(Row(*file, 0), ElementsAre(1, 2, 3));
}

TEST_F(EmbeddingFileTest, ReadsNpy) {
  const auto writer = *VectorWriter::Create(folder_ / "v.npy", 2);
  for (const std::vector<float>& row : {std::vector<float>{1, 2}, {3, 4}}) ASSERT_TRUE(writer->Append({.vector = row}).ok());
  ASSERT_TRUE(writer->Finish().ok());
  const auto file = EmbeddingFile::Open(folder_ / "v.npy");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->dim(), 2);
  EXPECT_THAT(Row(*file, 1), ElementsAre(3, 4));
  EXPECT_EQ(file->Bytes(0).size(), 8u);
}

TEST_F(EmbeddingFileTest, RefusesWhatIsNoSuchFileWithTheReason) {
  const std::string good = Fvecs({{1, 2, 3}, {4, 5, 6}});
  std::string negative = good;
  negative[3] = '\xFF';
  const struct {
    const char* file;
    std::string bytes, part;
  } kCases[] = {{"v.csv", good, "must end in .npy or .fvecs"},
                {"v.fvecs", "", "it has 0 bytes"},
                {"v.fvecs", negative, "claims -"},
                {"v.fvecs", good.substr(0, 30), "no whole number of vectors of 3 values"},
                {"v.npy", good, "not a .npy file"}};
  for (const auto& c : kCases) {
    const absl::Status status = Open(c.file, c.bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.part;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.part));
  }
}

TEST_F(EmbeddingFileTest, AVectorOfAnotherLengthIsToldWhenItIsRead) {
  std::string bytes = Fvecs({{1, 2, 3}, {4, 5, 6}});
  bytes[16] = 2;  // the second vector's length
  const auto file = Open("v.fvecs", bytes);
  ASSERT_TRUE(file.ok());
  std::vector<float> row(3);
  EXPECT_THAT(std::string(file->Copy(1, absl::MakeSpan(row)).message()), HasSubstr("claims 2 values"));
}

}  // namespace
}  // namespace senvec
