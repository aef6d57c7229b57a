#include "retrieval/collection_scoring.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr char kNoteKey[] = "scoring";

absl::Status CheckFingerprint(const CollectionOptions& options, absl::string_view what, const std::string& scoring,
                              const std::string& collection) {
  if (scoring == collection) return absl::OkStatus();
  const auto name = [](const std::string& fingerprint) { return fingerprint.empty() ? "none" : fingerprint; };
  return absl::FailedPreconditionError(
      absl::StrCat("the scoring was calibrated with ", what, " ", name(scoring), ", collection \"", options.name,
                   "\" was made with ", name(collection), "; calibrate on this collection with `senvec eval calibrate`"));
}

absl::Status Write(Collection& collection, std::string note) {
  WriteOptions options;
  options.notes.emplace_back(kNoteKey, std::move(note));
  return collection.Upsert({}, options).status();
}

}  // namespace

absl::Status CheckCosineMetric(const CollectionOptions& options) {
  if (options.index.metric == Metric::kCosine) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("collection \"", options.name, "\" has metric ",
                                                    MetricName(options.index.metric),
                                                    "; this scoring needs one with metric cosine"));
}

absl::StatusOr<std::optional<ScoringFile>> ScoringOf(const Collection& collection) {
  absl::StatusOr<std::string> note = collection.Note(kNoteKey);
  if (absl::IsNotFound(note.status())) return std::nullopt;
  SENVEC_RETURN_IF_ERROR(note.status());
  // An empty note stands for a scoring that was taken away.
  if (note->empty()) return std::nullopt;
  absl::StatusOr<ScoringFile> scoring =
      ParseScoring(*note, absl::StrCat("the scoring of collection \"", collection.options().name, "\""));
  if (scoring.ok()) return *std::move(scoring);
  return absl::DataLossError(absl::StrCat(scoring.status().message(), "; set it again, or remove it"));
}

absl::Status SetScoring(Collection& collection, const ScoringFile& scoring) {
  SENVEC_RETURN_IF_ERROR(scoring.Validate());
  const CollectionOptions& options = collection.options();
  SENVEC_RETURN_IF_ERROR(CheckCosineMetric(options));
  SENVEC_RETURN_IF_ERROR(
      CheckFingerprint(options, "model", scoring.model_fingerprint, options.model_fingerprint));
  SENVEC_RETURN_IF_ERROR(
      CheckFingerprint(options, "whitening", scoring.whitening_fingerprint, options.whitening_fingerprint));
  if (scoring.group_score != GroupScore::kMax) {
    return absl::FailedPreconditionError(
        "the scoring was calibrated with group score \"prototype\"; a collection scores groups by their nearest member: "
        "calibrate with --group-score max");
  }
  return Write(collection, SerializeScoring(scoring));
}

absl::Status RemoveScoring(Collection& collection) { return Write(collection, ""); }

}  // namespace senvec
