#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/collection.h"
#include "scoring/scoring_file.h"

namespace senvec {

// The calibrated scoring of a collection: what a search by margin uses where it does not say. Kept in the collection's
// store, so that it is on disk when it is set, and in every snapshot.

// nullopt when none was set; DataLoss when what is stored cannot be read.
absl::StatusOr<std::optional<ScoringFile>> ScoringOf(const Collection& collection);

// FailedPrecondition names what does not fit: the metric is no cosine, model or whitening are others than those that
// made the collection's vectors, or groups are scored by prototypes, which only `senvec eval calibrate` knows.
absl::Status SetScoring(Collection& collection, const ScoringFile& scoring);

// OK also when there is none.
absl::Status RemoveScoring(Collection& collection);

// FailedPrecondition when cosines cannot be had of the collection.
absl::Status CheckCosineMetric(const CollectionOptions& options);

}  // namespace senvec
