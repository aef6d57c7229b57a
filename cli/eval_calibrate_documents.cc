#include "cli/eval_calibrate_documents.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/collection_model.h"
#include "cli/encode_all.h"
#include "cli/notice.h"
#include "dataio/grouped_text_reader.h"
#include "index/collection.h"

namespace senvec {
namespace {

constexpr int32_t kScanStep = 10000;

// A prompt the model defines, or nothing.
std::string OptionalPrompt(const SentenceEncoder& encoder, const char* name) {
  const absl::StatusOr<std::string> text = encoder.Prompt(name);
  return text.ok() ? *text : std::string();
}

absl::Status AddAll(const Collection& collection, GroupedDocuments& documents) {
  std::string after;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(std::vector<Document> step, collection.Scan({.after_id = after, .limit = kScanStep}));
    if (step.empty()) return absl::OkStatus();
    after = step.back().id;
    for (Document& document : step) {
      SENVEC_RETURN_IF_ERROR(documents.Add(std::move(document.id), std::move(document.group), document.vector));
    }
  }
}

}  // namespace

absl::StatusOr<CalibrationDocuments> DocumentsOfCorpus(const ModelFlags& flags, const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(std::vector<GroupedText> texts, ReadGroupedDocuments(path));
  CalibrationDocuments result;
  SENVEC_ASSIGN_OR_RETURN(result.model, LoadModel(flags));
  const SentenceEncoder& encoder = *result.model.encoder;
  result.query_prompt = OptionalPrompt(encoder, "query");
  std::vector<std::string> sentences;
  for (const GroupedText& text : texts) sentences.push_back(text.text);
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> rows,
                          EncodeAllTexts(encoder, OptionalPrompt(encoder, "passage"), sentences));
  result.documents = std::make_unique<GroupedDocuments>(encoder.info().dim);
  const size_t dim = static_cast<size_t>(encoder.info().dim);
  for (size_t i = 0; i < texts.size(); ++i) {
    absl::Status added = result.documents->Add(std::move(texts[i].id), std::move(texts[i].group),
                                               absl::MakeConstSpan(rows).subspan(i * dim, dim));
    if (!added.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": line ", texts[i].line, ": ", added.message()));
    }
  }
  return result;
}

absl::StatusOr<CalibrationDocuments> DocumentsOfCollection(const ModelFlags& flags, const std::string& directory) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::OpenForReading(directory, {.notice = TellNotice}));
  const CollectionOptions& options = collection->options();
  if (options.index.metric != Metric::kCosine) {
    return absl::FailedPreconditionError(absl::StrCat(directory, " has metric ", MetricName(options.index.metric),
                                                      "; margin scoring needs cosine"));
  }
  CalibrationDocuments result;
  SENVEC_ASSIGN_OR_RETURN(result.model, LoadModelOf(directory, options, flags));
  result.query_prompt = options.query_prompt;
  result.documents = std::make_unique<GroupedDocuments>(options.index.dim);
  SENVEC_RETURN_IF_ERROR(AddAll(*collection, *result.documents));
  return result;
}

}  // namespace senvec
