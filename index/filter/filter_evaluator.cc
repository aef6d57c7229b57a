#include "index/filter/filter_evaluator.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/filter/posting.h"

namespace senvec {
namespace {

using Kind = FilterNode::Kind;

// Checking one row (fetch it, parse its metadata) costs about as much as reading this many lists.
constexpr uint64_t kKeysPerCheckedRow = 50;
// Ranges up to this many keys are read however few rows are left.
constexpr uint64_t kKeysReadInAnyCase = 1024;

absl::Status Damaged(absl::string_view key, const absl::Status& reason) {
  return absl::DataLossError(absl::StrCat("inverted list of key \"", absl::CHexEscape(key),
                                          "\" is damaged: ", reason.message()));
}

// Order in which the parts of an 'and' are evaluated: one list, several lists, ranges of lists.
int CostClass(const FilterNode& node) {
  const auto cheaper = [](const FilterNode& a, const FilterNode& b) {
    return CostClass(a) < CostClass(b);
  };
  switch (node.kind) {
    case Kind::kExists:
    case Kind::kEqual: return 0;
    case Kind::kIn: return 1;
    case Kind::kPrefix: return 3;
    case Kind::kNot: return CostClass(node.children[0]) + 1;  // seldom leaves few rows
    case Kind::kAnd:
      return CostClass(*std::min_element(node.children.begin(), node.children.end(), cheaper));
    case Kind::kOr:
      return CostClass(*std::max_element(node.children.begin(), node.children.end(), cheaper)) + 1;
    default: return 4;
  }
}

}  // namespace

absl::StatusOr<Evaluation> FilterEvaluator::Evaluate(const FilterNode& node) {
  SENVEC_ASSIGN_OR_RETURN(Bounds bounds, Node(node, kNoLimit));
  bounds.may.And(all_);
  bounds.must.And(all_);
  const bool exact = bounds.exact || bounds.may == bounds.must;
  return Evaluation{std::move(bounds.may), exact};
}

absl::StatusOr<FilterEvaluator::Bounds> FilterEvaluator::Node(const FilterNode& node,
                                                              KeyBudget budget) {
  switch (node.kind) {
    case Kind::kAnd: return And(node, budget);
    case Kind::kOr: return Or(node, budget);
    case Kind::kNot: return Not(node, budget);
    case Kind::kExists: return Exists(node);
    case Kind::kEqual:
    case Kind::kIn: return AnyOf(node);
    default: return Ranges(PlanFor(node), budget);
  }
}

absl::StatusOr<FilterEvaluator::Bounds> FilterEvaluator::And(const FilterNode& node,
                                                             KeyBudget budget) {
  std::vector<std::pair<int, const FilterNode*>> parts;
  for (const FilterNode& child : node.children) parts.emplace_back(CostClass(child), &child);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });

  SENVEC_ASSIGN_OR_RETURN(Bounds result, Node(*parts[0].second, budget));
  for (size_t i = 1; i < parts.size() && !result.may.empty(); ++i) {
    const uint64_t rows = result.may.cardinality();
    const KeyBudget worth = kKeysReadInAnyCase + kKeysPerCheckedRow * rows;
    SENVEC_ASSIGN_OR_RETURN(const Bounds part, Node(*parts[i].second, std::min(budget, worth)));
    if (!result.exact || !part.exact) {
      if (result.exact) result.must = result.may;
      result.must.And(part.certain());
      result.exact = false;
    }
    result.may.And(part.may);
  }
  if (result.may.empty()) return Bounds{};
  return result;
}

absl::StatusOr<FilterEvaluator::Bounds> FilterEvaluator::Or(const FilterNode& node,
                                                            KeyBudget budget) {
  BitmapUnion may;
  BitmapUnion must;
  bool exact = true;
  for (const FilterNode& child : node.children) {
    SENVEC_ASSIGN_OR_RETURN(const Bounds part, Node(child, budget));
    may.Add(part.may);
    must.Add(part.certain());
    exact = exact && part.exact;
  }
  Bounds result{may.Finish(), Bitmap(), exact};
  if (!exact) result.must = must.Finish();
  return result;
}

absl::StatusOr<FilterEvaluator::Bounds> FilterEvaluator::Not(const FilterNode& node,
                                                             KeyBudget budget) {
  SENVEC_ASSIGN_OR_RETURN(const Bounds inner, Node(node.children[0], budget));
  Bounds result{all_, Bitmap(), inner.exact};
  result.may.AndNot(inner.certain());
  if (!inner.exact) {
    result.must = all_;
    result.must.AndNot(inner.may);
  }
  return result;
}

absl::StatusOr<FilterEvaluator::Bounds> FilterEvaluator::Exists(const FilterNode& node) {
  BitmapUnion rows;
  SENVEC_RETURN_IF_ERROR(AddKey(ExistsKey(node.field), rows));
  return Bounds{rows.Finish()};
}

absl::StatusOr<FilterEvaluator::Bounds> FilterEvaluator::AnyOf(const FilterNode& node) {
  BitmapUnion certain;
  BitmapUnion possible;
  for (const FilterValue& value : node.values) {
    const std::string key = ValueKey(node.field, value);
    SENVEC_RETURN_IF_ERROR(AddKey(key, IsTooLongToList(value) ? possible : certain));
  }
  Bounds result{certain.Finish()};
  const Bitmap more = possible.Finish();
  if (!more.empty()) {
    result.must = result.may;
    result.may.Or(more);
    result.exact = false;
  }
  return result;
}

FilterEvaluator::Plan FilterEvaluator::PlanFor(const FilterNode& node) {
  const FilterValue& value = node.values[0];
  const bool cut = IsTooLongToList(value);
  if (node.kind == Kind::kPrefix) {
    if (cut) return {{}, {CutStringKeys(node.field, value.bytes())}};
    return {{PrefixKeys(node.field, value.bytes())}, {}};
  }
  const KeyRange all = TypeKeys(node.field, value.type());
  const bool below = node.kind == Kind::kLess || node.kind == Kind::kLessEqual;
  if (cut) {
    // Strings that start alike are listed without an order; all others are before or after them.
    const KeyRange same_start = CutStringKeys(node.field, value.bytes());
    if (below) return {{{all.first, same_start.first}}, {same_start}};
    return {{{same_start.last, all.last}}, {same_start}};
  }
  const std::string key = ValueKey(node.field, value);
  const std::string after = absl::StrCat(key, absl::string_view("\0", 1));
  switch (node.kind) {
    case Kind::kLess: return {{{all.first, key}}, {}};
    case Kind::kLessEqual: return {{{all.first, after}}, {}};
    case Kind::kGreater: return {{{after, all.last}}, {}};
    default: return {{{key, all.last}}, {}};  // kGreaterEqual
  }
}

absl::StatusOr<FilterEvaluator::Bounds> FilterEvaluator::Ranges(const Plan& plan,
                                                                KeyBudget budget) {
  BitmapUnion certain;
  bool complete = true;
  for (const KeyRange& range : plan.certain) {
    SENVEC_ASSIGN_OR_RETURN(const bool read, AddRange(range, budget, certain));
    complete = complete && read;
  }
  BitmapUnion possible;
  for (const KeyRange& range : plan.possible) {
    if (!complete) break;
    SENVEC_ASSIGN_OR_RETURN(complete, AddRange(range, budget, possible));
  }
  if (!complete) return Bounds{all_, certain.Finish(), false};
  Bounds result{certain.Finish()};
  const Bitmap more = possible.Finish();
  if (!more.empty()) {
    result.must = result.may;
    result.may.Or(more);
    result.exact = false;
  }
  return result;
}

absl::Status FilterEvaluator::AddKey(const std::string& key, BitmapUnion& rows) {
  std::string posting;
  SENVEC_ASSIGN_OR_RETURN(const bool found, reader_.Get(key, &posting));
  if (!found) return absl::OkStatus();
  const absl::Status added = AddPosting(posting, rows);
  return added.ok() ? added : Damaged(key, added);
}

absl::StatusOr<bool> FilterEvaluator::AddRange(const KeyRange& range, KeyBudget& budget,
                                               BitmapUnion& rows) {
  absl::Status fault;
  bool complete = true;
  SENVEC_RETURN_IF_ERROR(
      reader_.Visit(range.first, range.last, [&](absl::string_view key, absl::string_view posting) {
        if (budget == 0) {
          complete = false;
          return false;
        }
        --budget;
        if (const absl::Status added = AddPosting(posting, rows); !added.ok())
          fault = Damaged(key, added);
        return fault.ok();
      }));
  SENVEC_RETURN_IF_ERROR(fault);
  return complete;
}

}  // namespace senvec
