#include "index/filter/filter_match.h"

#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "index/filter/metadata.h"

namespace senvec {
namespace {

using Kind = FilterNode::Kind;
using Accept = absl::FunctionRef<bool(const FilterValue&)>;

// Whether `accept` takes one of the values at `path`, from its name number `step` on: elements of
// arrays count as values of the array's field.
bool AnyValueAt(const nlohmann::json& json, const FieldPath& path, size_t step, Accept accept) {
  if (json.is_array()) {
    return std::any_of(json.begin(), json.end(), [&](const nlohmann::json& element) {
      return AnyValueAt(element, path, step, accept);
    });
  }
  if (step < path.size()) {
    if (!json.is_object()) return false;
    const auto member = json.find(path[step]);
    return member != json.end() && AnyValueAt(*member, path, step + 1, accept);
  }
  const std::optional<FilterValue> value = ToFilterValue(json);
  return value.has_value() && accept(*value);
}

bool HoldsAnyValue(const nlohmann::json& json) {
  if (!json.is_structured()) return !json.is_null();
  return std::any_of(json.begin(), json.end(), HoldsAnyValue);
}

// Whether there is a value at `path` or under it.
bool ExistsAt(const nlohmann::json& json, const FieldPath& path, size_t step) {
  if (step == path.size()) return HoldsAnyValue(json);
  if (json.is_array()) {
    return std::any_of(json.begin(), json.end(), [&](const nlohmann::json& element) {
      return ExistsAt(element, path, step);
    });
  }
  if (!json.is_object()) return false;
  const auto member = json.find(path[step]);
  return member != json.end() && ExistsAt(*member, path, step + 1);
}

bool ConditionHolds(const FilterNode& node, const FilterValue& value) {
  const FilterValue& operand = node.values[0];
  if (node.kind == Kind::kIn)
    return std::binary_search(node.values.begin(), node.values.end(), value);
  if (value.type() != operand.type()) return false;
  switch (node.kind) {
    case Kind::kEqual: return value == operand;
    case Kind::kLess: return value < operand;
    case Kind::kLessEqual: return !(operand < value);
    case Kind::kGreater: return operand < value;
    case Kind::kGreaterEqual: return !(value < operand);
    default: return absl::StartsWith(value.bytes(), operand.bytes());  // kPrefix
  }
}

}  // namespace

bool NodeMatches(const FilterNode& node, const nlohmann::json& metadata) {
  const auto matches = [&](const FilterNode& child) { return NodeMatches(child, metadata); };
  switch (node.kind) {
    case Kind::kAnd: return std::all_of(node.children.begin(), node.children.end(), matches);
    case Kind::kOr: return std::any_of(node.children.begin(), node.children.end(), matches);
    case Kind::kNot: return !matches(node.children[0]);
    case Kind::kExists: return ExistsAt(metadata, node.field, 0);
    default:
      return AnyValueAt(metadata, node.field, 0,
                        [&](const FilterValue& value) { return ConditionHolds(node, value); });
  }
}

}  // namespace senvec
