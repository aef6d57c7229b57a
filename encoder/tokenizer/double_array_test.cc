#include "encoder/tokenizer/double_array.h"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <string>

namespace senvec {
namespace {

TEST(DoubleArrayTest, FindsEveryKeyAndNothingElse) {
  std::mt19937 engine(1);
  std::map<std::string, int32_t> keys;
  while (keys.size() < 5000) {
    std::string key;
    const int length = 1 + static_cast<int>(engine() % 6);
    for (int i = 0; i < length; ++i) key.push_back(static_cast<char>(engine() % 11 * 23));
    keys.emplace(key, static_cast<int32_t>(keys.size()));
  }
  std::vector<DoubleArray::Key> list(keys.begin(), keys.end());
  const DoubleArray trie = DoubleArray::Build(list);
  for (const auto& [key, value] : keys) ASSERT_EQ(trie.Find(key), value);
  for (int i = 0; i < 20000; ++i) {
    std::string key;
    const int length = 1 + static_cast<int>(engine() % 7);
    for (int j = 0; j < length; ++j) key.push_back(static_cast<char>(engine()));
    const auto found = keys.find(key);
    ASSERT_EQ(trie.Find(key), found == keys.end() ? DoubleArray::kNoValue : found->second);
  }
}

TEST(DoubleArrayTest, AnEmptyTrieFindsNothing) {
  const DoubleArray trie = DoubleArray::Build({});
  EXPECT_EQ(trie.Find("a"), DoubleArray::kNoValue);
  EXPECT_EQ(trie.Find("\xff"), DoubleArray::kNoValue);
}

TEST(DoubleArrayTest, PrefixesAreKeysOfTheirOwn) {
  const DoubleArray trie = DoubleArray::Build({{"ab", 1}, {"a", 2}, {"abc\xff", 3}});
  EXPECT_EQ(trie.Find("a"), 2);
  EXPECT_EQ(trie.Find("ab"), 1);
  EXPECT_EQ(trie.Find("abc"), DoubleArray::kNoValue);
  EXPECT_EQ(trie.Find("abc\xff"), 3);
}

}  // namespace
}  // namespace senvec
