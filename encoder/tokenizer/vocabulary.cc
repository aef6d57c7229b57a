#include "encoder/tokenizer/vocabulary.h"

#include <utility>

#include "absl/container/flat_hash_map.h"

namespace senvec {

Vocabulary::Vocabulary(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {
  absl::flat_hash_map<absl::string_view, int32_t> ids;
  ids.reserve(tokens_.size());
  for (size_t id = 0; id < tokens_.size(); ++id) {
    if (!tokens_[id].empty()) ids[tokens_[id]] = static_cast<int32_t>(id);
  }
  trie_ = DoubleArray::Build({ids.begin(), ids.end()});
}

}  // namespace senvec
