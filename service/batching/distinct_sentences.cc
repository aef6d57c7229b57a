#include "service/batching/distinct_sentences.h"

#include <utility>

#include "absl/container/flat_hash_map.h"

namespace senvec {
namespace {

struct Key {
  const Encoding* sentence;

  template <typename H>
  friend H AbslHashValue(H state, const Key& key) {
    return H::combine(std::move(state), key.sentence->ids, key.sentence->type_ids);
  }
  friend bool operator==(const Key& a, const Key& b) {
    return a.sentence->ids == b.sentence->ids && a.sentence->type_ids == b.sentence->type_ids;
  }
};

}  // namespace

DistinctSentences DistinctSentences::Of(absl::Span<const Encoding* const> sentences) {
  DistinctSentences distinct;
  distinct.row_of.reserve(sentences.size());
  absl::flat_hash_map<Key, size_t> rows;
  for (const Encoding* sentence : sentences) {
    const auto [row, is_new] = rows.emplace(Key{sentence}, distinct.sentences.size());
    if (is_new) distinct.sentences.push_back(sentence);
    distinct.row_of.push_back(row->second);
  }
  return distinct;
}

}  // namespace senvec
