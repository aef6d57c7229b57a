#include "train/data/vocabulary.h"

#include <set>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "encoder/tokenizer/tokenizer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

using Counts = absl::flat_hash_map<std::string, int64_t>;

Counts CountWords(const std::vector<std::string>& texts, const VocabularyOptions& options = {}, int threads = 1) {
  ThreadPool pool(threads);
  WordCounter counter(options);
  counter.Add(texts, pool);
  return counter.words();
}

// The pieces after the characters.
std::vector<std::string> PiecesOf(const LearnedVocabulary& vocabulary) {
  return {vocabulary.tokens.begin() + 5 + vocabulary.characters, vocabulary.tokens.end()};
}

TEST(WordCounterTest, CutsAsBertDoes) {
  const Counts words = CountWords({"Hello, WORLD 你好world", "h\xC3\xA9llo\xFF \xE4\xBD", ""});
  EXPECT_EQ(words.at("hello"), 2);
  EXPECT_EQ(words.at("world"), 2);
  EXPECT_EQ(words.at("你"), 1);
  EXPECT_EQ(words.at(","), 1);
  EXPECT_EQ(words.size(), 5u);
}

TEST(WordCounterTest, KeepsCapitalsWhenAsked) {
  EXPECT_TRUE(CountWords({"Hello"}, {.lowercase = false}).contains("Hello"));
}

TEST(WordCounterTest, CountsTheSameWithAnyNumberOfThreads) {
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) texts.push_back(absl::StrCat("word", i % 37, " 字", i % 5));
  EXPECT_EQ(CountWords(texts, {}, 1), CountWords(texts, {}, 4));
}

TEST(LearnVocabularyTest, JoinsTheMostFrequentPairFirst) {
  // "##u ##g" stands together 20 times, "h ##ug" 15, "p ##ug" 5, as in the example of Sennrich's method.
  const auto vocabulary = LearnVocabulary({{"hug", 10}, {"pug", 5}, {"hugs", 5}, {"pun", 12}, {"bun", 4}}, {.size = 2000, .min_frequency = 3});
  ASSERT_TRUE(vocabulary.ok());
  EXPECT_THAT(PiecesOf(*vocabulary), ElementsAre("##ug", "##un", "hug", "pun", "pug", "hugs", "bun"));
}

TEST(LearnVocabularyTest, HandlesPiecesThatFollowThemselves) {
  const auto vocabulary = LearnVocabulary({{"aaaaa", 3}, {"aaa", 2}}, {.size = 2000, .min_frequency = 2});
  ASSERT_TRUE(vocabulary.ok());
  const std::vector<std::string> pieces = PiecesOf(*vocabulary);
  EXPECT_THAT(pieces, Contains("aaaaa"));
  EXPECT_EQ(std::set<std::string>(pieces.begin(), pieces.end()).size(), pieces.size());
}

TEST(LearnVocabularyTest, KeepsWithinSizeAndFrequency) {
  const Counts words = {{"你", 9}, {"好", 1}, {"abc", 50}, {"xyz", 1}};
  const auto vocabulary = LearnVocabulary(words, {.size = 256, .min_frequency = 2});
  ASSERT_TRUE(vocabulary.ok());
  EXPECT_THAT(vocabulary->tokens, Contains("你"));
  EXPECT_THAT(vocabulary->tokens, Not(Contains("好")));
  EXPECT_THAT(vocabulary->tokens, Not(Contains("##你")));
  EXPECT_THAT(vocabulary->tokens, Contains("abc"));
  EXPECT_THAT(vocabulary->tokens, Not(Contains("xyz")));
  EXPECT_LE(vocabulary->tokens.size(), 256u);
  EXPECT_EQ(vocabulary->words, 61);
  EXPECT_EQ(vocabulary->unknown_words, 1);
}

TEST(LearnVocabularyTest, MoreCharactersThanRoomKeepsTheMostFrequent) {
  Counts words;
  for (int i = 0; i < 500; ++i) {
    const int c = 0x4E00 + i;
    const char bytes[] = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63)), 0};
    words[bytes] = 1000 - i;
  }
  const auto vocabulary = LearnVocabulary(words, {.size = 300});
  ASSERT_TRUE(vocabulary.ok());
  EXPECT_EQ(vocabulary->tokens.size(), 300u);
  EXPECT_THAT(vocabulary->tokens, Contains("一"));
  EXPECT_THAT(vocabulary->tokens, Not(Contains("卓")));
}

TEST(LearnVocabularyTest, RefusesNothingToLearnAndWrongOptions) {
  EXPECT_TRUE(absl::IsInvalidArgument(LearnVocabulary({}, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(LearnVocabulary({{"a", 1}}, {.size = 10}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(LearnVocabulary({{"a", 1}}, {.min_frequency = 0}).status()));
}

TEST(WriteVocabularyTest, OurTokenizerReadsBothFilesAlike) {
  const VocabularyOptions options = {.size = 400, .min_frequency = 1};
  const auto vocabulary = LearnVocabulary(CountWords({"今天天气 nice weather \"quoted\" back\\slash 2023", "today todays"}), options);
  ASSERT_TRUE(vocabulary.ok());
  const TempDir both, text_only;
  ASSERT_TRUE(WriteVocabulary(vocabulary->tokens, options, both.path()).ok());
  ASSERT_TRUE(WriteVocabulary(vocabulary->tokens, options, text_only.path()).ok());
  ASSERT_EQ(std::remove((text_only / "tokenizer.json").c_str()), 0);
  const auto json = Tokenizer::FromDirectory(both.path());
  const auto text = Tokenizer::FromDirectory(text_only.path());
  ASSERT_TRUE(json.ok()) << json.status();
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ((*json)->vocab_size(), static_cast<int32_t>(vocabulary->tokens.size()));
  for (const char* sample : {"今天 weather", "Todays \"nice\" \\ 20233", "[MASK] 未知", ""}) {
    const Encoding a = (*json)->EncodePair(sample, "nice", {}), b = (*text)->EncodePair(sample, "nice", {});
    EXPECT_EQ(a.ids, b.ids) << sample;
    EXPECT_EQ(a.type_ids, b.type_ids) << sample;
  }
  EXPECT_THAT((*json)->Encode("today", {}).ids, ElementsAre(2, (*json)->TokenToId("today"), 3));
}

}  // namespace
}  // namespace senvec
