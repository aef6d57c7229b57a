#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "index/collection.h"

namespace senvec {
namespace {

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
}

}  // namespace

absl::Status CollectionOptions::Validate() const {
  bool good = !name.empty() && name.size() <= 128 && name[0] != '.';
  for (char c : name) good = good && IsNameCharacter(c);
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(
        "collection name \"", name, "\" is not allowed: it has 1 to 128 characters of A-Z a-z 0-9 _ . - and does not begin with '.'"));
  }
  if (hub_correction && index.metric != Metric::kCosine) {
    return absl::InvalidArgumentError(absl::StrCat("hub_correction needs metric cosine, and the metric is ", MetricName(index.metric),
                                                   "; leave one of them out"));
  }
  return index.Validate();
}

absl::Status SearchOptions::Validate() const {
  struct Field {
    const char* name;
    int32_t value, low, high;
  };
  for (const Field& field : {Field{"k", k, 1, 10000}, Field{"ef_search", ef_search, 0, 100000},
                             Field{"nprobe", nprobe, 0, 1048576}, Field{"hub_candidates", hub_candidates, 1, 10000}}) {
    if (field.value >= field.low && field.value <= field.high) continue;
    return absl::InvalidArgumentError(absl::StrCat(field.name, " is ", field.value, "; it must be in [", field.low,
                                                   ", ", field.high, "]"));
  }
  if (min_score.has_value() && !std::isfinite(*min_score)) {
    return absl::InvalidArgumentError(absl::StrCat("min_score is ", *min_score, "; it must be a finite number"));
  }
  return absl::OkStatus();
}

absl::Status ScanOptions::Validate() const {
  if (limit >= 1 && limit <= 1000000) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("limit is ", limit, "; it must be in [1, 1000000]"));
}

}  // namespace senvec
