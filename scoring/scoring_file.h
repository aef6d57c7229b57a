#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scoring/margin.h"

namespace senvec {

enum class GroupScore {
  kMax,        // a group's cosine is that of its nearest member
  kPrototype,  // …with the normalised mean of its members
};

absl::string_view GroupScoreName(GroupScore score);  // "max", "prototype"
absl::StatusOr<GroupScore> ParseGroupScore(absl::string_view name);

// What `senvec eval calibrate` found and `serve` and `search` use: scoring.json (docs/formats.md).
struct ScoringFile {
  MarginOptions options;
  GroupScore group_score = GroupScore::kMax;
  int32_t candidates = 100;           // documents searched for a query, in [1, 10000]
  double precision = 0;               // that was asked for, in [0, 1]
  std::string model_fingerprint;      // of the vectors that the cosines came from
  std::string whitening_fingerprint;  // empty = none
  std::map<std::string, double> measured;  // figures for people, by name; finite

  absl::Status Validate() const;
};

// Pretty JSON with a checksum. The same content gives the same bytes.
std::string SerializeScoring(const ScoringFile& file);

// The way back. InvalidArgument names `where` and the key: no JSON, a key that is missing, unknown, of another type or
// out of its range; DataLoss for a wrong checksum; FailedPrecondition for a format this version does not read.
absl::StatusOr<ScoringFile> ParseScoring(absl::string_view text, absl::string_view where);

absl::Status SaveScoring(const ScoringFile& file, const std::string& path);
absl::StatusOr<ScoringFile> LoadScoring(const std::string& path);

}  // namespace senvec
