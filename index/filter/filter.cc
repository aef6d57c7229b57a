#include "index/filter/filter.h"

#include <utility>

#include "base/status_macros.h"
#include "index/filter/filter_evaluator.h"
#include "index/filter/filter_match.h"
#include "index/filter/filter_node.h"
#include "index/filter/filter_parser.h"
#include "index/filter/metadata.h"

namespace senvec {

absl::StatusOr<Filter> Filter::Parse(absl::string_view expression) {
  SENVEC_ASSIGN_OR_RETURN(FilterNode root, ParseFilter(expression));
  return Filter(std::make_shared<const FilterNode>(std::move(root)));
}

std::string Filter::ToString() const { return FilterToString(*root_); }

bool Filter::operator==(const Filter& other) const { return *root_ == *other.root_; }

absl::StatusOr<bool> Filter::Matches(absl::string_view metadata_json) const {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json metadata, ParseMetadata(metadata_json));
  return NodeMatches(*root_, metadata);
}

absl::StatusOr<Evaluation> Filter::Evaluate(const PostingReader& reader, const Bitmap& all) const {
  return FilterEvaluator(reader, all).Evaluate(*root_);
}

}  // namespace senvec
