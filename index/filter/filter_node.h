// Private to filter*.cc: an expression as a tree.
#pragma once

#include <vector>

#include "index/filter/field_path.h"
#include "index/filter/filter_value.h"

namespace senvec {

// In canonical form: no kAnd directly in a kAnd nor kOr in a kOr, no kNot in a kNot, the values of
// kIn ascending, different and at least two. "!=" and "not in" are kNot of kEqual and kIn, "= null"
// is kNot of kExists.
struct FilterNode {
  enum class Kind {
    kAnd,
    kOr,
    kNot,
    kExists,
    kEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIn,
    kPrefix
  };

  Kind kind;
  std::vector<FilterNode> children;  // at least two for kAnd and kOr, one for kNot
  FieldPath field;                   // of the others
  std::vector<FilterValue> values;   // one for comparisons and kPrefix, several for kIn

  bool operator==(const FilterNode& other) const {
    return kind == other.kind && children == other.children && field == other.field &&
           values == other.values;
  }
};

// `node` without what a double negation adds.
FilterNode Negated(FilterNode node);

std::string FilterToString(const FilterNode& node);

}  // namespace senvec
