#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// Scores that do not favour hubs (METHODS 5.3; names and values of facebookresearch/MUSE and scikit-hubness). Each takes
// one number a document that is known before the query; all leave the order alone where that number is the same for all.

// CSLS(x, y) = 2 cos(x, y) − r(x) − r(y), r = mean cosine with the k nearest. r(x) is the query's; it changes no order.
double Csls(double cosine, double query_mean, double document_mean);

// Local scaling, −d² / (σ_x σ_y) with d² = 2 − 2 cos and σ the distance to the k-th nearest: larger is nearer. σ below
// 1e-6 counts as that (documents that come more than k times).
double LocalScaling(double cosine, double query_farthest_cosine, double document_farthest_cosine);

// ln of the inverted softmax e^{β cos(x,y)} / Σ_{x'} e^{β cos(x',y)} over sample queries x'. β = 30 in MUSE.
double InvertedSoftmax(double cosine, double beta, double document_log_sum);
// ln Σ e^{β cosine}; −infinity for no cosines.
double LogSumExp(absl::Span<const float> cosines, double beta);

// Mean of the k largest; of all when there are fewer, 0 of none. k ≥ 1.
double MeanOfLargest(absl::Span<const float> cosines, int32_t k);

// What documents are corrected with where a sample of queries is at hand instead of the corpus itself: for each document
// r against the k nearest of the queries. A document that comes or goes changes nobody else's.
// documents: n × dim, queries: q × dim, all of length 1. InvalidArgument: sizes that do not fit, no queries, k < 1, or a
// cosine that is not finite (the document's position is named). O(n q dim) on the calling thread.
absl::StatusOr<std::vector<float>> MeanCosinesWithQueries(absl::Span<const float> documents,
                                                          absl::Span<const float> queries, int32_t dim, int32_t k);

// Positions of the hits, best first by cosine − r/2 (CSLS with what changes no order left out), ties in the old order.
// Equal sizes. r of NaN counts as 0: nothing is known of that document.
std::vector<size_t> OrderByCsls(absl::Span<const double> cosines, absl::Span<const double> document_means);

}  // namespace senvec
