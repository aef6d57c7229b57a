#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/collection_model.h"
#include "cli/command.h"
#include "cli/model_flags.h"
#include "cli/notice.h"
#include "cli/remote.h"
#include "cli/usage_error.h"
#include "dataio/standard_output.h"
#include "index/collection.h"

namespace senvec {
namespace {

struct SearchFlags {
  ModelFlags model;
  std::string index;
  std::string server;
  std::string collection;
  std::string prompt;
  std::string filter;
  std::string min_score;
  int64_t k = 10, ef_search = 0, nprobe = 0;
  bool json = false;
  std::vector<std::string> queries;
};

using Results = std::vector<std::vector<Hit>>;

absl::StatusOr<SearchOptions> OptionsOf(const SearchFlags& flags) {
  SearchOptions options = {.k = static_cast<int32_t>(flags.k), .ef_search = static_cast<int32_t>(flags.ef_search),
                           .nprobe = static_cast<int32_t>(flags.nprobe), .filter = flags.filter};
  if (flags.min_score.empty()) return options;
  float score = 0;
  if (!absl::SimpleAtof(flags.min_score, &score)) return UsageError(absl::StrCat("--min-score: \"", flags.min_score, "\" is not a number"));
  options.min_score = score;
  return options;
}

absl::StatusOr<Results> SearchHere(const SearchFlags& flags, const SearchOptions& search) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::OpenForReading(flags.index, {.notice = TellNotice}));
  const CollectionOptions& options = collection->options();
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModelOf(flags.index, options, flags.model));
  std::string prompt = options.query_prompt;
  if (!flags.prompt.empty()) {
    SENVEC_ASSIGN_OR_RETURN(prompt, PromptText(*model.encoder, flags.prompt));
  }
  SENVEC_ASSIGN_OR_RETURN(const auto encoded, model.encoder->EncodeTexts(flags.queries, prompt, {}));
  return collection->Search(encoded.rows, search);
}

absl::Status Check(const FlagSet& given, const SearchFlags& flags) {
  if (flags.queries.empty()) return UsageError("no query is given");
  if (flags.index.empty() == flags.server.empty()) return UsageError("give either --index DIR or --server HOST:PORT");
  if (!flags.server.empty() && flags.collection.empty()) return UsageError("--server needs --collection NAME");
  if (flags.server.empty()) return given.RefuseGiven({"--collection"}, "it goes with --server; --index names a folder");
  SENVEC_RETURN_IF_ERROR(RefuseModelFlags(given));
  return given.RefuseGiven({"--prompt"}, "with --server queries get the collection's own prompt; leave it out, or search with --index");
}

std::string JsonLine(const std::string& query, const std::vector<Hit>& hits) {
  nlohmann::json list = nlohmann::json::array();
  for (const Hit& hit : hits) {
    nlohmann::json entry = {{"id", hit.id}, {"score", hit.score}, {"text", hit.text}};
    if (!hit.group.empty()) entry["group"] = hit.group;
    if (!hit.metadata_json.empty()) entry["metadata"] = nlohmann::json::parse(hit.metadata_json, nullptr, false);
    list.push_back(std::move(entry));
  }
  return DumpJson({{"query", query}, {"hits", std::move(list)}}) + "\n";
}

std::string Table(const std::string& query, const std::vector<Hit>& hits) {
  std::string text = absl::StrCat(query, "\n");
  for (size_t i = 0; i < hits.size(); ++i) {
    absl::StrAppendFormat(&text, "%4d  %.4f  %-8s  %s%s\n", i + 1, hits[i].score, hits[i].id, hits[i].text,
                          hits[i].group.empty() ? "" : absl::StrCat("  [", hits[i].group, "]"));
  }
  if (hits.empty()) text += "  nothing was found\n";
  return text;
}

absl::Status Search(const FlagSet& given, const SearchFlags& flags) {
  SENVEC_RETURN_IF_ERROR(Check(given, flags));
  SENVEC_ASSIGN_OR_RETURN(const SearchOptions options, OptionsOf(flags));
  SENVEC_ASSIGN_OR_RETURN(const Results results,
                          flags.server.empty() ? SearchHere(flags, options)
                                               : RemoteServer::At(flags.server)->Search(flags.collection, flags.queries, options));
  std::string out;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!flags.json && i > 0) out += "\n";
    out += flags.json ? JsonLine(flags.queries[i], results[i]) : Table(flags.queries[i], results[i]);
  }
  return WriteStandardOutput(out);
}

}  // namespace

CommandRunner DeclareSearch(FlagSet& flags) {
  auto search = std::make_shared<SearchFlags>();
  flags.Describe(
      "Finds the documents whose meaning is nearest to each query and prints rank, score, id, text and, where there is one, the group. The query is "
      "encoded with the model that the index was built with, found where it was then, or with --model.\n"
      "With --server a running `senvec serve` is asked instead.");
  flags.AddPositionals("QUERY...", &search->queries, "one query or more; quote each");
  flags.Add("--index", "DIR", &search->index, "a folder that `senvec index build` made");
  flags.Add("--server", "HOST:PORT", &search->server, "ask this server instead of opening a folder");
  flags.Add("--collection", "NAME", &search->collection, "the server's collection");
  flags.Add("--k", "N", &search->k, "documents for each query").Between(1, 10000);
  flags.Add("--filter", "EXPR", &search->filter,
            "only documents whose metadata match, e.g. 'lang = \"en\" and year >= 2020'; docs/filters.md has the language");
  flags.Add("--min-score", "X", &search->min_score, "leave out what scores less");
  flags.Add("--ef-search", "N", &search->ef_search,
            "hnsw: candidates; more find more of the true neighbours and take longer; 0 = the index's own")
      .Between(0, 100000);
  flags.Add("--nprobe", "N", &search->nprobe, "ivf: lists to look into; 0 = the index's own").Between(0, 1048576);
  flags.Add("--json", &search->json, "print one JSON object a query");
  flags.Add("--prompt", "NAME", &search->prompt, "prompt for queries instead of the collection's: a name that the model defines, or none");
  DeclareModelFlags(flags, search->model, /*required=*/false);
  DeclareWhiteningFlag(flags, search->model);
  flags.Example("senvec search --index data/helpdesk --k 3 '怎么重置密码？' 'Where is my parcel?'", "two queries, three hits each");
  flags.Example("senvec search --index data/helpdesk --filter 'lang = \"zh\"' --min-score 0.8 'Where is my parcel?'",
                "good hits among documents of one language");
  flags.Example("senvec search --server 127.0.0.1:7411 --collection helpdesk 'Where is my parcel?'", "over gRPC");
  return [search, &flags] { return Search(flags, *search); };
}

}  // namespace senvec
