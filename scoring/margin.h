#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scoring/group_hits.h"

namespace senvec {

// How a query's cosines become a probability and a verdict. The defaults are those of kexue.fm 5743.
struct MarginOptions {
  double scale = 30;     // s, in [0.001, 1000]: an inverse temperature
  double margin = 0.35;  // m, in [-2, 2]: by how much the best must lead
  // Cosine of a class that stands for everything unknown and is added to the denominator, in [-2, 2]; unset = none, as
  // the formula is published. A lead over weak candidates is then worth less than one over strong ones. OURS: the post
  // gives no rule for an answer at query time.
  std::optional<double> background;
  double accept_probability = 0.5;  // in [0, 1]
  // Classes whose cosine is less than this below the best one's are its rivals, in [0, 2]; the second best always is.
  double ambiguity = 0;

  // InvalidArgument names the option, its value and what it takes.
  absl::Status Validate() const;
};

// What is to differ from options that come from elsewhere: unset = as there.
struct MarginOverrides {
  std::optional<double> scale, margin, background, accept_probability, ambiguity;
  bool no_background = false;  // there is none

  // `base` with these. InvalidArgument as of MarginOptions::Validate(), and for a background that is set and not wanted.
  absl::StatusOr<MarginOptions> On(const MarginOptions& base) const;
};

enum class Verdict {
  kAccepted,   // the best class is the answer
  kAmbiguous,  // it would be, were it not for its rivals: ask back
  kUnknown,    // nothing stored is the answer
};

absl::string_view VerdictName(Verdict verdict);  // "accepted", "ambiguous", "unknown"

// ln(p / (1 − p)) and p of one class, each as an interval: classes beyond the candidates only lower p, by how much
// is known up to a bound. Without such classes both ends are the same.
struct MarginScore {
  double log_odds_low = 0;   // +infinity when there is nothing else at all
  double log_odds_high = 0;
  double probability_low = 0;
  double probability_high = 0;
};

// What is known of the classes that are not among the candidates.
struct MarginTail {
  int64_t num_classes = 0;
  // No such class has a larger cosine: the lowest hit's, when the hits are the k nearest of an exact search. With an
  // approximate index the bound holds as far as that index found the nearest.
  double largest_cosine = -1;
};

// p_t = e^{s(cosθ_t − m)} / ( e^{s(cosθ_t − m)} + Σ_{i≠t} e^{s cosθ_i} )   (kexue.fm 5743; METHODS 4.1)
// for every candidate t, computed as log-odds s(cosθ_t − m) − ln Σ_{i≠t} e^{s cosθ_i} without overflow, underflow or
// subtraction of nearly equal sums. The tail lies between num_classes · e^{−s} and num_classes · e^{s·largest_cosine}.
//
// cosines: finite, descending (InvalidArgument with the position). Error of the log-odds, and relative error of p, below
// (n + 8 + 8s + 2 ln(1 + num_classes)) · 2⁻⁵² for n candidates. O(n).
absl::StatusOr<std::vector<MarginScore>> ScoreMargins(absl::Span<const double> cosines, const MarginTail& tail,
                                                      const MarginOptions& options);

// The best class's p at the low end when the classes at positions [1, first_kept) were not there. As ScoreMargins(),
// which is first_kept = 1. cosines: finite, descending, not empty.
MarginScore ScoreBest(absl::Span<const double> cosines, size_t first_kept, const MarginTail& tail,
                      const MarginOptions& options);

struct Judgement {
  Verdict verdict = Verdict::kUnknown;
  // Positions of the classes that made it ambiguous, [1, end_rivals); empty (1) for another verdict.
  size_t end_rivals = 1;
  MarginScore best;  // of candidate 0
};

// accepted: p_low ≥ accept_probability. ambiguous: it would be without the rivals, which are named. unknown otherwise,
// and without candidates. cosines as for ScoreMargins(). OURS, see MarginOptions.
absl::StatusOr<Judgement> Judge(absl::Span<const double> cosines, const MarginTail& tail, const MarginOptions& options);

}  // namespace senvec
