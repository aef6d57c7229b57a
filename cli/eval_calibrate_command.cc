#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/encode_all.h"
#include "cli/eval_calibrate_documents.h"
#include "cli/eval_calibrate_report.h"
#include "cli/model_flags.h"
#include "cli/remote.h"
#include "cli/usage_error.h"
#include "dataio/grouped_text_reader.h"
#include "dataio/standard_output.h"
#include "index/collection.h"
#include "retrieval/collection_scoring.h"
#include "scoring/margin_calibration.h"
#include "scoring/scoring_file.h"

namespace senvec {
namespace {

constexpr char kNone[] = "none";  // the expected group of a query without an answer

struct CalibrateFlags {
  ModelFlags model;
  std::string input;
  std::string corpus;
  std::string index;
  std::string output;
  std::string write_to;
  std::string server;
  std::string collection;
  std::string prompt;
  std::string group_score = "max";
  double precision = 0.95;
  int64_t candidates = 100;
  bool no_background = false;
  bool json = false;
};

absl::Status Check(const CalibrateFlags& flags) {
  if (flags.corpus.empty() == flags.index.empty()) return UsageError("give either --corpus FILE or --index DIR");
  if (flags.server.empty() != flags.collection.empty()) return UsageError("--server HOST:PORT and --collection NAME go together");
  if (flags.output.empty() && flags.write_to.empty() && flags.server.empty()) {
    return UsageError("say where the scoring goes: --output FILE, --write-to DIR, or --server HOST:PORT and --collection NAME");
  }
  if (flags.group_score != "max" && !(flags.write_to.empty() && flags.server.empty())) {
    return UsageError("--group-score prototype goes with --output only: a collection scores groups by their nearest member");
  }
  return AsUsageError(CalibrationOptions{.precision = flags.precision}.Validate());
}

// An expected group that no document has is a slip, which would count as a query without an answer.
absl::Status CheckExpected(const CalibrateFlags& flags, const std::vector<GroupedText>& queries,
                           const GroupedDocuments& documents) {
  for (const GroupedText& query : queries) {
    if (query.group == kNone || documents.HasClass(query.group)) continue;
    return absl::InvalidArgumentError(absl::StrCat(flags.input, ": line ", query.line, ": no document has the group \"",
                                                   query.group, "\", nor that id without a group; write none for a "
                                                   "query that has no answer"));
  }
  return absl::OkStatus();
}

CalibrationQuery Labelled(const GroupedText& text, const GroupedDocuments::Result& found) {
  CalibrationQuery query;
  query.text = text.text;
  query.tail = found.tail;
  query.answerable = text.group != kNone;
  for (const GroupCandidate& candidate : found.candidates) {
    const std::string& name = candidate.group.empty() ? candidate.id : candidate.group;
    if (query.answerable && query.truth < 0 && name == text.group) query.truth = static_cast<int32_t>(query.cosines.size());
    query.cosines.push_back(candidate.cosine);
  }
  return query;
}

absl::StatusOr<std::vector<CalibrationQuery>> Search(const CalibrateFlags& flags, const std::vector<GroupedText>& texts,
                                                     const CalibrationDocuments& subject) {
  std::string prompt = subject.query_prompt;
  if (!flags.prompt.empty()) {
    SENVEC_ASSIGN_OR_RETURN(prompt, PromptText(*subject.model.encoder, flags.prompt));
  }
  std::vector<std::string> sentences;
  for (const GroupedText& text : texts) sentences.push_back(text.text);
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> rows, EncodeAllTexts(*subject.model.encoder, prompt, sentences));
  const size_t dim = rows.size() / texts.size();
  std::vector<CalibrationQuery> queries;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto found = subject.documents->Candidates(absl::MakeConstSpan(rows).subspan(i * dim, dim),
                                                     static_cast<int32_t>(flags.candidates));
    if (!found.ok()) {
      return absl::Status(found.status().code(),
                          absl::StrCat(flags.input, ": line ", texts[i].line, ": ", found.status().message()));
    }
    queries.push_back(Labelled(texts[i], *found));
  }
  return queries;
}

absl::Status WriteScoring(const CalibrateFlags& flags, const ScoringFile& file) {
  if (!flags.output.empty()) SENVEC_RETURN_IF_ERROR(SaveScoring(file, flags.output));
  if (!flags.write_to.empty()) {
    SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::Open(flags.write_to));
    SENVEC_RETURN_IF_ERROR(SetScoring(*collection, file));
    std::fprintf(stderr, "%s: searches by margin use this scoring from now on\n", flags.write_to.c_str());
  }
  if (flags.server.empty()) return absl::OkStatus();
  SENVEC_RETURN_IF_ERROR(RemoteServer::At(flags.server)->SetScoring(flags.collection, file));
  std::fprintf(stderr, "%s at %s: searches by margin use this scoring from now on\n", flags.collection.c_str(), flags.server.c_str());
  return absl::OkStatus();
}

absl::Status EvalCalibrate(const CalibrateFlags& flags) {
  SENVEC_RETURN_IF_ERROR(Check(flags));
  ScoringFile file;
  SENVEC_ASSIGN_OR_RETURN(file.group_score, ParseGroupScore(flags.group_score));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<GroupedText> texts, ReadGroupedTexts(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const CalibrationDocuments subject,
                          flags.corpus.empty() ? DocumentsOfCollection(flags.model, flags.index)
                                               : DocumentsOfCorpus(flags.model, flags.corpus));
  SENVEC_RETURN_IF_ERROR(CheckExpected(flags, texts, *subject.documents));
  if (file.group_score == GroupScore::kPrototype) SENVEC_RETURN_IF_ERROR(subject.documents->MakePrototypes());
  SENVEC_ASSIGN_OR_RETURN(const std::vector<CalibrationQuery> queries, Search(flags, texts, subject));
  SENVEC_ASSIGN_OR_RETURN(const MarginCalibration calibration,
                          CalibrateMargin(queries, {.precision = flags.precision, .fit_background = !flags.no_background}));
  file.options = calibration.options;
  file.candidates = static_cast<int32_t>(flags.candidates);
  file.precision = flags.precision;
  file.model_fingerprint = subject.model.encoder->info().fingerprint;
  file.whitening_fingerprint = subject.model.encoder->info().whitening_fingerprint;
  file.measured = MeasuredFigures(calibration);
  SENVEC_RETURN_IF_ERROR(WriteScoring(flags, file));
  const CalibrationSubject counts = {subject.documents->size(), subject.documents->num_classes()};
  return WriteStandardOutput(flags.json ? CalibrationJson(calibration, counts, file)
                                        : CalibrationText(calibration, counts, flags.precision));
}

}  // namespace

CommandRunner DeclareEvalCalibrate(FlagSet& flags) {
  auto calibrate = std::make_shared<CalibrateFlags>();
  flags.Describe(
      "Fits margin scoring (scale s, margin m, background, the probability from which an answer is accepted, and how near "
      "a rival makes it ambiguous) to labelled queries, for a wanted precision of accepted answers, and writes it where "
      "`senvec search` and `senvec serve` find it: to a collection's folder, to a running server, or to a file. The queries have lines of text, tab, expected group (or id of a document without a group; none for a query "
      "that has no answer), or .jsonl objects with \"text\" and \"group\". Half of them is fitted on; the figures printed are "
      "of the other half, beside those of a plain threshold of the cosine.\n"
      "The corpus has lines of id, tab, text, and, if wanted, tab, group, or .jsonl objects with \"id\", \"text\" and "
      "\"group\". Prompts are used as `senvec index build` and `senvec search` do.");
  flags.Add("--input", "FILE", &calibrate->input, "labelled queries").Required();
  flags.Add("--corpus", "FILE", &calibrate->corpus, "documents to find, encoded with --model");
  flags.Add("--index", "DIR", &calibrate->index, "or a folder that `senvec index build` made");
  flags.Add("--write-to", "DIR", &calibrate->write_to, "the collection's folder that is to use it; no server may have it open");
  flags.Add("--server", "HOST:PORT", &calibrate->server, "or a running server, whose --collection is to use it");
  flags.Add("--collection", "NAME", &calibrate->collection, "the server's collection");
  flags.Add("--output", "FILE", &calibrate->output, "or a file, scoring.json");
  flags.Add("--target-precision", "P", &calibrate->precision, "share of accepted answers that must be right").Between(0, 1);
  flags.Add("--candidates", "N", &calibrate->candidates, "documents that are searched for each query").Between(1, 10000);
  flags.Add("--group-score", "NAME", &calibrate->group_score, "a group's cosine is that of its nearest member, or of its prototype, the mean")
      .OneOf({"max", "prototype"});
  flags.Add("--no-background", &calibrate->no_background, "keep to the published formula, without a class for the unknown");
  flags.Add("--prompt", "NAME", &calibrate->prompt, "prompt for queries instead of query: a name that the model defines, or none");
  flags.Add("--json", &calibrate->json, "print one JSON object");
  DeclareModelFlags(flags, calibrate->model);
  DeclareWhiteningFlag(flags, calibrate->model);
  flags.Example("senvec eval calibrate --model models/all-MiniLM-L6-v2 --corpus faq.tsv --input queries.tsv --output scoring.json",
                "accept answers with 95 % precision");
  flags.Example("senvec eval calibrate --index data/faq --input queries.tsv --write-to data/faq", "and have searches of the collection use it");
  return [calibrate] { return EvalCalibrate(*calibrate); };
}

}  // namespace senvec
