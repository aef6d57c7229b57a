#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "index/filter/filter.h"
#include "index/filter/posting.h"
#include "index/filter/posting_key.h"

namespace senvec {

// Inverted lists in memory. Rows are numbered from 0 as they are added.
class MemoryPostings final : public PostingReader {
 public:
  // The new row's id.
  absl::StatusOr<uint32_t> Add(absl::string_view metadata_json) {
    const absl::StatusOr<std::vector<std::string>> keys = PostingKeys(metadata_json);
    if (!keys.ok()) return keys.status();
    for (const std::string& key : *keys) Merge(key, AddOperand(rows_));
    return rows_++;
  }

  void Put(const std::string& key, std::string posting) { lists_[key] = std::move(posting); }
  Bitmap all() const { return Bitmap::Range(0, rows_); }
  int64_t keys_read() const { return keys_read_; }

  absl::StatusOr<bool> Get(absl::string_view key, std::string* posting) const override {
    ++keys_read_;
    const auto found = lists_.find(std::string(key));
    if (found != lists_.end()) *posting = found->second;
    return found != lists_.end();
  }

  absl::Status Visit(
      absl::string_view first, absl::string_view last,
      absl::FunctionRef<bool(absl::string_view, absl::string_view)> visit) const override {
    for (auto at = lists_.lower_bound(std::string(first)); at != lists_.end() && at->first < last;
         ++at) {
      ++keys_read_;
      if (!visit(at->first, at->second)) break;
    }
    return absl::OkStatus();
  }

 private:
  void Merge(const std::string& key, const std::string& operand) {
    const absl::string_view operands[] = {operand};
    std::string merged;
    const auto found = lists_.find(key);
    if (found == lists_.end()) {
      MergePostings(std::nullopt, operands, &merged);
    } else {
      MergePostings(found->second, operands, &merged);
    }
    lists_[key] = std::move(merged);
  }

  std::map<std::string, std::string> lists_;
  uint32_t rows_ = 0;
  mutable int64_t keys_read_ = 0;
};

}  // namespace senvec
