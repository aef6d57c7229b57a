#include "index/filter/posting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

namespace senvec {
namespace {

using testing::ElementsAre;

std::vector<uint32_t> Decoded(absl::string_view posting) {
  const absl::StatusOr<Bitmap> rows = DecodePosting(posting);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? rows->ToVector() : std::vector<uint32_t>{0xdead};
}

std::vector<absl::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

std::string Merged(std::optional<absl::string_view> existing,
                   const std::vector<std::string>& operands) {
  std::string merged;
  EXPECT_TRUE(MergePostings(existing, Views(operands), &merged));
  return merged;
}

// Big and small sets of rows, so that both forms are met.
std::vector<uint32_t> RandomRows(std::mt19937_64& random) {
  std::vector<uint32_t> rows(random() % 4 == 0 ? random() % 3000 : random() % 20);
  for (uint32_t& row : rows)
    row = static_cast<uint32_t>(random() % (random() % 2 == 0 ? 60 : 200000));
  return rows;
}

TEST(PostingTest, OneRowIsSixBytes) {
  EXPECT_EQ(Merged(std::nullopt, {AddOperand(70000)}), std::string("P\1\x70\x11\1\0", 6));
  EXPECT_EQ(AddOperand(1), std::string("D\0\1\1\0\0\0", 7));
  EXPECT_EQ(RemoveOperand(1), std::string("D\1\1\0\0\0\0", 7));
}

TEST(PostingTest, OperandsApplyOldestFirst) {
  EXPECT_THAT(Decoded(Merged(std::nullopt, {AddOperand(5), RemoveOperand(5), AddOperand(9)})),
              ElementsAre(9));
  EXPECT_THAT(Decoded(Merged(std::nullopt, {RemoveOperand(5), AddOperand(5)})), ElementsAre(5));
  const std::string both =
      Merged(EncodePosting(Bitmap::Of({1, 2})), {RemoveOperand({2, 7}), AddOperand({3, 1})});
  EXPECT_THAT(Decoded(both), ElementsAre(1, 3));
}

TEST(PostingTest, WhatIsRemovedToNothingIsEmpty) {
  const std::string left = Merged(EncodePosting(Bitmap::Of({1})), {RemoveOperand(1)});
  EXPECT_TRUE(IsEmptyPosting(left));
  EXPECT_FALSE(IsEmptyPosting(EncodePosting(Bitmap::Of({0}))));
  EXPECT_TRUE(Decoded(left).empty());
}

TEST(PostingTest, MergingInAnyGroupingEqualsASet) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    std::set<uint32_t> expected;
    std::optional<std::string> stored;
    std::vector<std::string> pending;
    for (uint64_t step = random() % 30; step > 0; --step) {
      const std::vector<uint32_t> rows = RandomRows(random);
      if (random() % 2 == 0) {
        pending.push_back(AddOperand(rows));
        expected.insert(rows.begin(), rows.end());
      } else {
        pending.push_back(RemoveOperand(rows));
        for (const uint32_t row : rows) expected.erase(row);
      }
      if (random() % 3 == 0) {  // the youngest few become one
        const size_t first = random() % pending.size();
        std::string one;
        const std::vector<std::string> tail(pending.begin() + first, pending.end());
        ASSERT_TRUE(MergeOperands(Views(tail), &one));
        pending.resize(first);
        pending.push_back(one);
      }
      if (random() % 5 == 0) {
        stored = Merged(stored, pending);
        pending.clear();
      }
    }
    const std::string result = Merged(stored, pending);
    const std::vector<uint32_t> rows(expected.begin(), expected.end());
    ASSERT_EQ(Decoded(result), rows) << round;
    ASSERT_EQ(result, EncodePosting(Bitmap::Of(rows)))
        << "bytes depend on the way, round " << round;
    BitmapUnion united;
    ASSERT_TRUE(AddPosting(result, united).ok());
    ASSERT_EQ(united.Finish().ToVector(), rows);
  }
}

TEST(PostingTest, OtherBytesAreRefusedAndLeaveTheOutputAlone) {
  const std::string posting = EncodePosting(Bitmap::Of({1, 2}));
  const std::string operand = AddOperand(3);
  const std::string cases[] = {"",
                               "P",
                               "D",
                               "X\1",
                               operand + "!",
                               posting + "!",
                               std::string("D\0", 2),
                               std::string("P\x10", 2),
                               std::string("P\2\2\0\0\0\1\0\0\0", 10),
                               std::string("P\2\2\0\0\0\2\0\0\0", 10),
                               std::string("P\xff\xff\xff\xff\xff", 6),
                               std::string("P\xff\4\0\0\0abcd", 10)};
  for (const std::string& bytes : cases) {
    std::string merged = "as before";
    const std::vector<absl::string_view> good = {operand};
    const std::vector<absl::string_view> bad = {operand, bytes};
    EXPECT_FALSE(MergePostings(bytes, good, &merged)) << testing::PrintToString(bytes);
    EXPECT_FALSE(MergePostings(posting, bad, &merged)) << testing::PrintToString(bytes);
    EXPECT_FALSE(MergeOperands(bad, &merged)) << testing::PrintToString(bytes);
    EXPECT_FALSE(DecodePosting(bytes).ok());
    EXPECT_EQ(merged, "as before");
  }
  std::string merged = "as before";
  EXPECT_FALSE(MergeOperands({}, &merged));
  EXPECT_EQ(merged, "as before");
}

TEST(PostingTest, DamagedBytesNeverCrash) {
  std::vector<uint32_t> rows(5000);
  std::iota(rows.begin(), rows.end(), 100);
  for (const uint32_t scattered : {70000u, 70003u, 70009u, 200000u}) rows.push_back(scattered);
  const std::string good = EncodePosting(Bitmap::Of(rows));
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(DecodePosting(absl::string_view(good).substr(0, length)).ok()) << length;
  }
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    const absl::StatusOr<Bitmap> decoded = DecodePosting(damaged);
    if (decoded.ok()) {
      EXPECT_EQ(decoded->ToVector().size(), decoded->cardinality());
    }
  }
}

}  // namespace
}  // namespace senvec
