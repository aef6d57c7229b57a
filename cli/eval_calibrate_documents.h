#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/model_flags.h"
#include "scoring/grouped_documents.h"

namespace senvec {

// What calibration searches, and the model that its vectors come from.
struct CalibrationDocuments {
  LoadedModel model;
  std::string query_prompt;
  std::unique_ptr<GroupedDocuments> documents;
};

// Encodes a corpus (see ReadGroupedDocuments). A model's passage and query prompts are used where it defines them.
absl::StatusOr<CalibrationDocuments> DocumentsOfCorpus(const ModelFlags& flags, const std::string& path);

// Reads a collection's documents, groups and vectors, and loads the model it was built with (or the one of `flags`).
// FailedPrecondition when that is another model, or when the metric is not cosine.
absl::StatusOr<CalibrationDocuments> DocumentsOfCollection(const ModelFlags& flags, const std::string& directory);

}  // namespace senvec
