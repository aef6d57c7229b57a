#include "dataio/pair_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/file.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::vector<ScoredPair>> Read(const std::string& contents, PairScore score) {
  const std::string path = JoinPath(::testing::TempDir(), "pairs.tsv");
  EXPECT_TRUE(WriteFileAtomically(path, contents).ok());
  return ReadPairs(path, score);
}

TEST(PairReaderTest, ReadsTextsAndScore) {
  const auto pairs = Read("\xEF\xBB\xBF" "a b\tc\t4.5\r\n\t你好\t-1e1", PairScore::kRequired);
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[0].first, "a b");
  EXPECT_EQ((*pairs)[0].second, "c");
  EXPECT_EQ((*pairs)[0].score, 4.5);
  EXPECT_EQ((*pairs)[1].first, "");
  EXPECT_EQ((*pairs)[1].second, "你好");
  EXPECT_EQ((*pairs)[1].score, -10);
}

TEST(PairReaderTest, ScoreMayBeLeftOutWhereItIsOptional) {
  const auto pairs = Read("a\tb\nc\td\t1\n", PairScore::kOptional);
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  EXPECT_EQ(pairs->size(), 2u);
}

TEST(PairReaderTest, NamesEveryBadLineByNumber) {
  const auto pairs = Read("a\tb\t1\na\tb\na\tb\tx\na\tb\tnan\na\tb\tinf\n\na\tb\tc\t1\na\tb\t\n",
                          PairScore::kRequired);
  ASSERT_EQ(pairs.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(pairs.status().message());
  EXPECT_THAT(message, HasSubstr("pairs.tsv: 7 bad lines"));
  EXPECT_THAT(message, HasSubstr("line 2: expected text_a TAB text_b TAB score, got 2 fields"));
  EXPECT_THAT(message, HasSubstr("line 3: score \"x\" is not a finite number"));
  EXPECT_THAT(message, HasSubstr("line 4: score \"nan\""));
  EXPECT_THAT(message, HasSubstr("line 5: score \"inf\""));
  EXPECT_THAT(message, HasSubstr("line 6: expected text_a TAB text_b TAB score, got 1 field;"));
  EXPECT_THAT(message, HasSubstr("and more"));
}

TEST(PairReaderTest, EmptyFileHasNoPairs) {
  EXPECT_EQ(Read("", PairScore::kRequired).value().size(), 0u);
}

}  // namespace
}  // namespace senvec
