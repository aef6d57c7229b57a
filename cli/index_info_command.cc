#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/byte_size.h"
#include "cli/command.h"
#include "cli/help_page.h"
#include "cli/index_flags.h"
#include "cli/notice.h"
#include "dataio/standard_output.h"
#include "index/collection.h"
#include "retrieval/collection_scoring.h"

namespace senvec {
namespace {

struct InfoFlags {
  std::string index;
  bool json = false;
};

std::string OrNone(const std::string& text) { return text.empty() ? "none" : text; }

std::string ShowScoring(const std::optional<ScoringFile>& scoring) {
  if (!scoring.has_value()) return "none; `senvec eval calibrate --write-to` fits one";
  const MarginOptions& margin = scoring->options;
  return absl::StrFormat("margin, s %.4g, m %.4g, background %s, accept from p = %.4g, %d candidates", margin.scale, margin.margin,
                         margin.background.has_value() ? absl::StrFormat("%.4g", *margin.background) : "none",
                         margin.accept_probability, scoring->candidates);
}

std::string Json(const CollectionOptions& options, const CollectionStats& stats, const std::optional<ScoringFile>& scoring) {
  const VectorIndexOptions& index = options.index;
  return DumpJson({{"name", options.name},
                   {"documents", stats.num_documents},
                   {"dim", index.dim},
                   {"kind", std::string(IndexKindName(index.kind))},
                   {"metric", std::string(MetricName(index.metric))},
                   {"codes", std::string(VectorStorageName(index.codes))},
                   {"rescoring", std::string(VectorStorageName(index.rescoring))},
                   {"m", index.m},
                   {"ef_construction", index.ef_construction},
                   {"ef_search", index.ef_search},
                   {"nlist", index.nlist},
                   {"nprobe", index.nprobe},
                   {"model_fingerprint", options.model_fingerprint},
                   {"model_directory", options.model_directory},
                   {"whitening_fingerprint", options.whitening_fingerprint},
                   {"query_prompt", options.query_prompt},
                   {"passage_prompt", options.passage_prompt},
                   {"scoring", scoring.has_value() ? nlohmann::json::parse(SerializeScoring(*scoring), nullptr, false) : nlohmann::json()},
                   {"hub_correction", options.hub_correction},
                   {"uncorrected", stats.num_uncorrected},
                   {"segments", stats.num_segments},
                   {"unindexed", stats.num_unindexed},
                   {"removed_rows", stats.num_removed_rows},
                   {"resident_bytes", stats.resident_bytes},
                   {"mapped_bytes", stats.mapped_bytes},
                   {"disk_bytes", stats.disk_bytes}}) +
         "\n";
}

std::string Table(const CollectionOptions& options, const CollectionStats& stats, const std::optional<ScoringFile>& scoring) {
  const VectorIndexOptions& index = options.index;
  std::string kind = absl::StrCat(IndexKindName(index.kind), ", ", VectorStorageName(index.codes), " codes, ",
                                  VectorStorageName(index.rescoring), " rescoring");
  if (index.kind == IndexKind::kHnsw) absl::StrAppend(&kind, ", m ", index.m, ", ef_construction ", index.ef_construction, ", ef_search ", index.ef_search);
  if (index.kind == IndexKind::kIvf) absl::StrAppend(&kind, ", nlist ", index.nlist, ", nprobe ", index.nprobe);
  const std::vector<std::pair<const char*, std::string>> rows = {
      {"name", options.name},
      {"documents", absl::StrCat(stats.num_documents)},
      {"vectors", absl::StrCat(index.dim, " values, ", MetricName(index.metric))},
      {"index", kind},
      {"model", absl::StrCat(OrNone(options.model_fingerprint), options.model_directory.empty() ? "" : absl::StrCat(" from ", options.model_directory))},
      {"whitening", OrNone(options.whitening_fingerprint)},
      {"prompts", absl::StrCat("query ", DumpJson(options.query_prompt), ", passage ", DumpJson(options.passage_prompt))},
      {"scoring", ShowScoring(scoring)},
      {"hubs", !options.hub_correction ? "not corrected"
               : stats.num_uncorrected == 0 ? "corrections of all documents (--scoring csls)"
                                            : absl::StrCat("corrections of all but ", stats.num_uncorrected, " documents (--scoring csls)")},
      {"segments", absl::StrCat(stats.num_segments, stats.num_segments > 1 ? " (`senvec index optimize` makes one)" : "")},
      {"unindexed", absl::StrCat(stats.num_unindexed, " documents, compared one by one")},
      {"removed", absl::StrCat(stats.num_removed_rows, " rows, freed by `senvec index optimize`")},
      {"memory", absl::StrCat(ShowBytes(stats.resident_bytes), " resident, ", ShowBytes(stats.mapped_bytes), " mapped")},
      {"disk", ShowBytes(stats.disk_bytes)}};
  std::string text;
  for (const auto& [name, value] : rows) absl::StrAppend(&text, name, std::string(12 - std::string(name).size(), ' '), value, "\n");
  return text;
}

absl::Status Info(const InfoFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::OpenForReading(flags.index, {.notice = TellNotice}));
  SENVEC_ASSIGN_OR_RETURN(const CollectionStats stats, collection->Stats());
  SENVEC_ASSIGN_OR_RETURN(const std::optional<ScoringFile> scoring, ScoringOf(*collection));
  return WriteStandardOutput((flags.json ? Json : Table)(collection->options(), stats, scoring));
}

}  // namespace

CommandRunner DeclareIndexInfo(FlagSet& flags) {
  auto info = std::make_shared<InfoFlags>();
  flags.Describe("Tells what a collection is: documents, vectors, kind of index, whose model made it, and what it takes of memory and disk. "
                 "Nothing is changed, and searches may go on beside it.");
  DeclareIndexFolder(flags, info->index);
  flags.Add("--json", &info->json, "print one JSON object");
  flags.Example("senvec index info --index data/helpdesk", "see what was built");
  return [info] { return Info(*info); };
}

}  // namespace senvec
