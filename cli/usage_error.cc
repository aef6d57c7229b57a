#include "cli/usage_error.h"

#include "absl/strings/cord.h"

namespace senvec {
namespace {

constexpr char kPayload[] = "senvec/usage";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  return AsUsageError(absl::InvalidArgumentError(message));
}

absl::Status AsUsageError(const absl::Status& status) {
  absl::Status marked = status;
  if (!marked.ok()) marked.SetPayload(kPayload, absl::Cord("1"));
  return marked;
}

bool IsUsageError(const absl::Status& status) { return status.GetPayload(kPayload).has_value(); }

}  // namespace senvec
