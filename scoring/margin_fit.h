#pragma once

#include <vector>

#include "absl/types/span.h"
#include "scoring/margin_calibration.h"
#include "scoring/margin.h"

namespace senvec {

// Scale, margin and, if wanted, background with the least logarithmic loss of "the best class is the expected one" on
// `queries`, each with at least one candidate. Nelder-Mead's simplex from several starts, deterministic; the values
// stay in the ranges of MarginOptions. accept_probability and ambiguity are left at their defaults.
MarginOptions FitMargin(absl::Span<const CalibrationQuery* const> queries, bool with_background);

// That loss in nats a query, with Platt's (1999) targets (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2) instead of 1 and 0, which
// keep s finite on queries that a threshold separates wholly.
double MarginLoss(absl::Span<const CalibrationQuery* const> queries, const MarginOptions& options);

}  // namespace senvec
