#include "index/filter/filter_node.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace senvec {
namespace {

using Kind = FilterNode::Kind;

std::string Joined(const FilterNode& node, absl::string_view separator) {
  return absl::StrJoin(node.children, separator, [&](std::string* out, const FilterNode& child) {
    const bool in_parentheses = node.kind == Kind::kAnd && child.kind == Kind::kOr;
    const std::string text = FilterToString(child);
    absl::StrAppend(out, in_parentheses ? "(" : "", text, in_parentheses ? ")" : "");
  });
}

std::string Condition(const FilterNode& node, absl::string_view operation) {
  return absl::StrCat(FieldPathToString(node.field), " ", operation, " ",
                      node.values[0].ToString());
}

std::string InList(const FilterNode& node, absl::string_view operation) {
  return absl::StrCat(FieldPathToString(node.field), " ", operation, " (",
                      absl::StrJoin(node.values, ", ",
                                    [](std::string* out, const FilterValue& value) {
                                      absl::StrAppend(out, value.ToString());
                                    }),
                      ")");
}

std::string NotToString(const FilterNode& child) {
  switch (child.kind) {
    case Kind::kEqual: return Condition(child, "!=");
    case Kind::kPrefix: return Condition(child, "not prefix");
    case Kind::kIn: return InList(child, "not in");
    case Kind::kAnd:
    case Kind::kOr: return absl::StrCat("not (", FilterToString(child), ")");
    default: return absl::StrCat("not ", FilterToString(child));
  }
}

}  // namespace

FilterNode Negated(FilterNode node) {
  if (node.kind == Kind::kNot) return std::move(node.children[0]);
  FilterNode negated{Kind::kNot};
  negated.children.push_back(std::move(node));
  return negated;
}

std::string FilterToString(const FilterNode& node) {
  switch (node.kind) {
    case Kind::kAnd: return Joined(node, " and ");
    case Kind::kOr: return Joined(node, " or ");
    case Kind::kNot: return NotToString(node.children[0]);
    case Kind::kExists: return absl::StrCat("exists(", FieldPathToString(node.field), ")");
    case Kind::kEqual: return Condition(node, "=");
    case Kind::kLess: return Condition(node, "<");
    case Kind::kLessEqual: return Condition(node, "<=");
    case Kind::kGreater: return Condition(node, ">");
    case Kind::kGreaterEqual: return Condition(node, ">=");
    case Kind::kPrefix: return Condition(node, "prefix");
    case Kind::kIn: break;
  }
  return InList(node, "in");
}

}  // namespace senvec
