#include "index/filter/filter_parser.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/filter/filter.h"
#include "index/filter/filter_lexer.h"
#include "index/filter/utf8.h"

namespace senvec {
namespace {

using Kind = FilterNode::Kind;
using Token = FilterToken::Kind;

constexpr size_t kBytesInErrors = 40;

std::string Describe(const FilterToken& token) {
  if (token.kind == Token::kEnd) return "the end";
  return Shortened(token.text, kBytesInErrors);
}

// A combination of two or more, or the only one as such; parts of the same kind are taken apart.
FilterNode Combined(Kind kind, std::vector<FilterNode> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  FilterNode node{kind};
  for (FilterNode& part : parts) {
    if (part.kind == kind) {
      std::move(part.children.begin(), part.children.end(), std::back_inserter(node.children));
    } else {
      node.children.push_back(std::move(part));
    }
  }
  return node;
}

// Recursive descent, one token ahead:
//   or        and { "or" and }
//   and       not { "and" not }
//   not       "not" not | "(" or ")" | "exists" "(" field ")" | condition
//   condition field ( comparison value | ["not"] "in" list | ["not"] "prefix" string )
class FilterParser {
 public:
  explicit FilterParser(absl::string_view text) : lexer_(text) {}

  absl::StatusOr<FilterNode> Parse() {
    SENVEC_RETURN_IF_ERROR(Advance());
    if (token_.kind == Token::kEnd) return FilterError(1, "the filter is empty");
    SENVEC_ASSIGN_OR_RETURN(FilterNode node, ParseOr());
    if (token_.kind != Token::kEnd) return Expected("'and', 'or' or the end");
    return node;
  }

 private:
  absl::Status Advance() {
    SENVEC_ASSIGN_OR_RETURN(token_, lexer_.Next());
    return absl::OkStatus();
  }

  absl::Status Expected(absl::string_view what, absl::string_view hint = "") const {
    return FilterError(token_.column,
                       absl::StrCat("expected ", what, ", got ", Describe(token_), hint));
  }

  absl::Status Take(Token kind, absl::string_view what) {
    return token_.kind == kind ? Advance() : Expected(what);
  }

  absl::StatusOr<FilterNode> ParseOr() {
    std::vector<FilterNode> parts;
    while (true) {
      SENVEC_ASSIGN_OR_RETURN(FilterNode part, ParseAnd());
      parts.push_back(std::move(part));
      if (token_.kind != Token::kOr) return Combined(Kind::kOr, std::move(parts));
      SENVEC_RETURN_IF_ERROR(Advance());
    }
  }

  absl::StatusOr<FilterNode> ParseAnd() {
    std::vector<FilterNode> parts;
    while (true) {
      SENVEC_ASSIGN_OR_RETURN(FilterNode part, ParseNot());
      parts.push_back(std::move(part));
      if (token_.kind != Token::kAnd) return Combined(Kind::kAnd, std::move(parts));
      SENVEC_RETURN_IF_ERROR(Advance());
    }
  }

  absl::StatusOr<FilterNode> ParseNot() {
    if (token_.kind != Token::kNot && token_.kind != Token::kOpen) return ParseCondition();
    if (++depth_ > Filter::kMaxDepth) {
      return FilterError(token_.column, absl::StrCat("parentheses and 'not' nest deeper than ",
                                                     Filter::kMaxDepth));
    }
    const auto leave = absl::MakeCleanup([this] { --depth_; });
    if (token_.kind == Token::kNot) {
      SENVEC_RETURN_IF_ERROR(Advance());
      SENVEC_ASSIGN_OR_RETURN(FilterNode node, ParseNot());
      return Negated(std::move(node));
    }
    SENVEC_RETURN_IF_ERROR(Advance());
    SENVEC_ASSIGN_OR_RETURN(FilterNode node, ParseOr());
    SENVEC_RETURN_IF_ERROR(Take(Token::kClose, "'and', 'or' or ')'"));
    return node;
  }

  absl::StatusOr<FilterNode> ParseCondition() {
    if (++conditions_ > Filter::kMaxConditions) {
      return FilterError(token_.column, absl::StrCat("more than ", Filter::kMaxConditions,
                                                     " conditions; 'in' takes many values as one"));
    }
    if (token_.kind == Token::kExists) return ParseExists();
    SENVEC_ASSIGN_OR_RETURN(FieldPath field, ParseField("a condition"));
    switch (token_.kind) {
      case Token::kEqual: return ParseEqual(std::move(field), false);
      case Token::kNotEqual: return ParseEqual(std::move(field), true);
      case Token::kLess: return ParseOrdered(Kind::kLess, std::move(field));
      case Token::kLessEqual: return ParseOrdered(Kind::kLessEqual, std::move(field));
      case Token::kGreater: return ParseOrdered(Kind::kGreater, std::move(field));
      case Token::kGreaterEqual: return ParseOrdered(Kind::kGreaterEqual, std::move(field));
      case Token::kIn: return ParseIn(std::move(field));
      case Token::kPrefix: return ParsePrefix(std::move(field));
      case Token::kNot: break;
      default: return Expected("a comparison (= != < <= > >=), 'in', 'not in' or 'prefix'");
    }
    SENVEC_RETURN_IF_ERROR(Advance());
    if (token_.kind != Token::kIn && token_.kind != Token::kPrefix)
      return Expected("'in' or 'prefix' after 'not'");
    SENVEC_ASSIGN_OR_RETURN(FilterNode node, token_.kind == Token::kIn
                                                 ? ParseIn(std::move(field))
                                                 : ParsePrefix(std::move(field)));
    return Negated(std::move(node));
  }

  absl::StatusOr<FilterNode> ParseExists() {
    SENVEC_RETURN_IF_ERROR(Advance());
    SENVEC_RETURN_IF_ERROR(Take(Token::kOpen, "'(' after 'exists'"));
    SENVEC_ASSIGN_OR_RETURN(FieldPath field, ParseField("a field name"));
    SENVEC_RETURN_IF_ERROR(Take(Token::kClose, "')'"));
    return FilterNode{Kind::kExists, {}, std::move(field)};
  }

  absl::StatusOr<FieldPath> ParseField(absl::string_view what) {
    FieldPath path;
    while (true) {
      if (token_.kind != Token::kName && token_.kind != Token::kString) {
        const absl::string_view hint =
            token_.IsKeyword()              ? "; a field of that name is written in quotes"
            : token_.kind == Token::kNumber ? "; the field is written on the left"
                                            : "";
        return Expected(path.empty() ? what : "a field name after '.'", hint);
      }
      path.push_back(std::move(token_.string));
      SENVEC_RETURN_IF_ERROR(Advance());
      if (token_.kind != Token::kDot) return path;
      SENVEC_RETURN_IF_ERROR(Advance());
    }
  }

  absl::StatusOr<FilterValue> ParseValue(absl::string_view what) {
    if (token_.kind == Token::kName) return Expected(what, "; strings are written in quotes");
    if (token_.kind == Token::kNull)
      return Expected(what, "; what has no value is found with not exists(…)");
    if (!token_.value.has_value()) return Expected(what);
    FilterValue value = *std::move(token_.value);
    SENVEC_RETURN_IF_ERROR(Advance());
    return value;
  }

  absl::StatusOr<FilterNode> ParseEqual(FieldPath field, bool negated) {
    SENVEC_RETURN_IF_ERROR(Advance());
    if (token_.kind == Token::kNull) {
      SENVEC_RETURN_IF_ERROR(Advance());
      FilterNode exists{Kind::kExists, {}, std::move(field)};
      return negated ? exists : Negated(std::move(exists));
    }
    SENVEC_ASSIGN_OR_RETURN(FilterValue value,
                            ParseValue("a string, a number, true, false or null"));
    FilterNode equal{Kind::kEqual, {}, std::move(field), {std::move(value)}};
    return negated ? Negated(std::move(equal)) : equal;
  }

  absl::StatusOr<FilterNode> ParseOrdered(Kind kind, FieldPath field) {
    SENVEC_RETURN_IF_ERROR(Advance());
    if (token_.kind == Token::kTrue || token_.kind == Token::kFalse) {
      return Expected("a string or a number", "; true and false have no order");
    }
    SENVEC_ASSIGN_OR_RETURN(FilterValue value, ParseValue("a string or a number"));
    return FilterNode{kind, {}, std::move(field), {std::move(value)}};
  }

  absl::StatusOr<FilterNode> ParsePrefix(FieldPath field) {
    SENVEC_RETURN_IF_ERROR(Advance());
    if (token_.value.has_value() && token_.kind != Token::kString)
      return Expected("a string after 'prefix'");
    SENVEC_ASSIGN_OR_RETURN(FilterValue value, ParseValue("a string after 'prefix'"));
    return FilterNode{Kind::kPrefix, {}, std::move(field), {std::move(value)}};
  }

  absl::StatusOr<FilterNode> ParseIn(FieldPath field) {
    SENVEC_RETURN_IF_ERROR(Advance());
    SENVEC_RETURN_IF_ERROR(Take(Token::kOpen, "'(' after 'in'"));
    FilterNode node{Kind::kIn, {}, std::move(field)};
    while (true) {
      SENVEC_ASSIGN_OR_RETURN(FilterValue value, ParseValue("a string, a number, true or false"));
      node.values.push_back(std::move(value));
      if (token_.kind != Token::kComma) break;
      SENVEC_RETURN_IF_ERROR(Advance());
    }
    SENVEC_RETURN_IF_ERROR(Take(Token::kClose, "',' or ')'"));
    std::sort(node.values.begin(), node.values.end());
    node.values.erase(std::unique(node.values.begin(), node.values.end()), node.values.end());
    if (node.values.size() == 1) node.kind = Kind::kEqual;
    return node;
  }

  FilterLexer lexer_;
  FilterToken token_;
  int depth_ = 0;
  int conditions_ = 0;
};

}  // namespace

absl::StatusOr<FilterNode> ParseFilter(absl::string_view expression) {
  if (expression.size() > Filter::kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "filter: ", expression.size(), " bytes, more than the limit of ", Filter::kMaxBytes));
  }
  return FilterParser(expression).Parse();
}

}  // namespace senvec
