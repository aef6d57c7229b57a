// Private to filter*.cc.
#pragma once

#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"
#include "index/filter/filter.h"
#include "index/filter/filter_node.h"
#include "index/filter/posting_key.h"

namespace senvec {

// Answers an expression from inverted lists. For one use, by one thread.
class FilterEvaluator {
 public:
  FilterEvaluator(const PostingReader& reader, const Bitmap& all) : reader_(reader), all_(all) {}
  absl::StatusOr<Evaluation> Evaluate(const FilterNode& node);

 private:
  // Rows that certainly match and rows that may, so that a negation of what is not exact is right
  // as well. Where the answer is exact the two are the same, and only `may` is filled.
  struct Bounds {
    Bitmap may;
    Bitmap must;
    bool exact = true;

    const Bitmap& certain() const { return exact ? may : must; }
  };
  // Keys whose rows match, and keys whose rows may match.
  struct Plan {
    std::vector<KeyRange> certain;
    std::vector<KeyRange> possible;
  };
  // How many keys a node may read before it had better give up and leave rows to be checked.
  using KeyBudget = uint64_t;
  static constexpr KeyBudget kNoLimit = std::numeric_limits<KeyBudget>::max();

  absl::StatusOr<Bounds> Node(const FilterNode& node, KeyBudget budget);
  absl::StatusOr<Bounds> And(const FilterNode& node, KeyBudget budget);
  absl::StatusOr<Bounds> Or(const FilterNode& node, KeyBudget budget);
  absl::StatusOr<Bounds> Not(const FilterNode& node, KeyBudget budget);
  absl::StatusOr<Bounds> Exists(const FilterNode& node);
  absl::StatusOr<Bounds> AnyOf(const FilterNode& node);
  absl::StatusOr<Bounds> Ranges(const Plan& plan, KeyBudget budget);
  static Plan PlanFor(const FilterNode& node);

  absl::Status AddKey(const std::string& key, BitmapUnion& rows);
  // False when the budget is used up; it is reduced by the keys read.
  absl::StatusOr<bool> AddRange(const KeyRange& range, KeyBudget& budget, BitmapUnion& rows);

  const PostingReader& reader_;
  const Bitmap& all_;
};

}  // namespace senvec
