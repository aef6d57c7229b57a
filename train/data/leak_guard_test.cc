#include "train/data/leak_guard.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

class LeakGuardTest : public testing::Test {
 protected:
  LeakGuard Guard(const std::string& name, const std::string& contents) {
    EXPECT_TRUE(WriteFileAtomically(folder_ / name, contents).ok());
    LeakGuard guard;
    const absl::Status status = guard.Add(folder_ / name);
    EXPECT_TRUE(status.ok()) << status;
    return guard;
  }
  static std::optional<LeakGuard::Place> Find(const LeakGuard& guard, const std::vector<std::string>& row, GuardLevel level) {
    std::vector<uint64_t> hashes;
    for (const std::string& text : row) hashes.push_back(guard.folder().Hash(text));
    return guard.Find(hashes, level);
  }
  TempDir folder_;
};

TEST_F(LeakGuardTest, FoldsWhatDoesNotChangeASentence) {
  const TextFolder folder;
  const uint64_t hash = folder.Hash("How are you?");
  for (const char* same : {"how are you", "HOW  ARE\tYOU ?", "ｈｏｗ ａｒｅ　ｙｏｕ？", "how are you。"}) EXPECT_EQ(folder.Hash(same), hash) << same;
  EXPECT_NE(folder.Hash("how are yo"), hash);
  EXPECT_NE(folder.Hash("?"), folder.Hash("!"));
  EXPECT_EQ(folder.Hash("a\xFF"), folder.Hash("A"));
}

TEST_F(LeakGuardTest, FindsPairsInEitherOrder) {
  const LeakGuard guard = Guard("test.tsv", "a b\tc d\t1\n\ne f\tg h\tentailment\n");
  const auto hit = Find(guard, {"G H", "e f"}, GuardLevel::kPairs);
  ASSERT_TRUE(hit.has_value());
  EXPECT_EQ(hit->line, 3u);
  EXPECT_FALSE(Find(guard, {"a b", "e f"}, GuardLevel::kPairs).has_value());
  EXPECT_TRUE(Find(guard, {"a b", "x"}, GuardLevel::kSentences).has_value());
  EXPECT_FALSE(Find(guard, {"x", "entailment"}, GuardLevel::kSentences).has_value());
  EXPECT_FALSE(Find(guard, {"a b", "c d"}, GuardLevel::kOff).has_value());
}

TEST_F(LeakGuardTest, LooksAtTheNegativeOfATripleAndAtSingleTexts) {
  const LeakGuard guard = Guard("test.tsv", "a\tb\tc\n");
  EXPECT_TRUE(Find(guard, {"a", "x", "c"}, GuardLevel::kPairs).has_value());
  EXPECT_TRUE(Find(guard, {"c"}, GuardLevel::kPairs).has_value());
}

TEST_F(LeakGuardTest, ReadsJsonLines) {
  const LeakGuard guard = Guard("test.jsonl", "{\"id\": \"x\", \"sentence1\": \"a\", \"sentence2\": \"b\", \"score\": 1}\n");
  EXPECT_TRUE(Find(guard, {"b", "a"}, GuardLevel::kPairs).has_value());
  EXPECT_FALSE(Find(guard, {"x"}, GuardLevel::kSentences).has_value());
  ASSERT_TRUE(WriteFileAtomically(folder_ / "bad.jsonl", "{}\n[1]\n").ok());
  LeakGuard bad;
  EXPECT_THAT(std::string(bad.Add(folder_ / "bad.jsonl").message()), testing::HasSubstr("bad.jsonl:2"));
}

}  // namespace
}  // namespace senvec
