#include "dataio/npy_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/file.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

// A file of version `version` with this dictionary and `values` bytes after it.
std::string File(const std::string& dictionary, size_t values, char version = 1) {
  std::string bytes = std::string("\x93NUMPY") + version + '\0';
  const std::string head = dictionary + "\n";
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    bytes.push_back(static_cast<char>(head.size() >> (8 * i)));
  }
  return bytes + head + std::string(values, '\0');
}

const char kGood[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

TEST(NpyReaderTest, ReadsAllThreeVersions) {
  for (const char version : {1, 2, 3}) {
    const auto shape = ParseNpyHead(File(kGood, 24, version), "x.npy");
    ASSERT_TRUE(shape.ok()) << shape.status();
    EXPECT_EQ(shape->rows, 2);
    EXPECT_EQ(shape->dim, 3);
    EXPECT_EQ(shape->data_offset, (version == 1 ? 10 : 12) + sizeof(kGood));
  }
}

struct Case {
  std::string name;
  std::string bytes;
  std::string message;
};

class BadNpyTest : public ::testing::TestWithParam<Case> {};

TEST_P(BadNpyTest, IsRefusedWithTheReason) {
  const auto shape = ParseNpyHead(GetParam().bytes, "x.npy");
  ASSERT_EQ(shape.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(shape.status().message()), HasSubstr(GetParam().message));
  EXPECT_THAT(std::string(shape.status().message()), HasSubstr("x.npy"));
}

std::string Shape(const std::string& shape) {
  return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
}

INSTANTIATE_TEST_SUITE_P(
    All, BadNpyTest,
    ::testing::Values(
        Case{"Empty", "", "not a .npy file"}, Case{"OtherMagic", "PK\x03\x04 0123456789", "not a .npy"},
        Case{"MagicAlone", "\x93NUMPY", "not a .npy"},
        Case{"Version0", File(kGood, 24, 0), "version 0"},
        Case{"Version9", File(kGood, 24, 9), "version 9"},
        Case{"EndsInHead", File(kGood, 0).substr(0, 30), "the head claims"},
        Case{"Version2EndsInLength", File(kGood, 0, 2).substr(0, 10), "ends inside its head"},
        Case{"Float64", File("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 48), "<f4"},
        Case{"BigEndian", File("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 24), "<f4"},
        Case{"Fortran", File("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24), "C order"},
        Case{"NoDictionary", File("", 24), "<f4"},
        Case{"OneDimension", File(Shape("(6,)"), 24), "1 dimension"},
        Case{"ThreeDimensions", File(Shape("(1, 2, 3)"), 24), "3 dimensions"},
        Case{"NegativeShape", File(Shape("(-2, -3)"), 24), "shape"},
        Case{"UnclosedShape", File("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", 24), "shape"},
        Case{"EmptyTuple", File(Shape("()"), 24), "0 dimensions"},
        Case{"CutValues", File(kGood, 23), "does not fit the 23 bytes"},
        Case{"TooManyValues", File(kGood, 25), "does not fit"},
        Case{"Overflow", File(Shape("(4611686018427387904, 4)"), 0), "does not fit"}),
    [](const auto& test) { return test.param.name; });

TEST(NpyReaderTest, MissingFileIsNotFound) {
  EXPECT_EQ(NpyMatrix::Open("/no/such.npy").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
