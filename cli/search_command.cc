#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "cli/collection_model.h"
#include "cli/command.h"
#include "cli/model_flags.h"
#include "cli/notice.h"
#include "cli/remote.h"
#include "cli/search_ask.h"
#include "cli/search_flags.h"
#include "cli/search_output.h"
#include "cli/usage_error.h"
#include "dataio/standard_output.h"
#include "index/collection.h"
#include "retrieval/collection_scoring.h"
#include "retrieval/meaning_search.h"

namespace senvec {
namespace {

struct SearchFlags {
  ModelFlags model;
  AskFlags ask;
  std::string index;
  std::string server;
  std::string collection;
  std::string prompt;
  bool json = false;
  std::vector<std::string> queries;
};

absl::StatusOr<SearchAnswer> Meanings(const Collection& collection, absl::Span<const float> rows, const SearchAsk& ask) {
  constexpr int32_t kDefaultCandidates = 100;
  SearchAnswer answer;
  MeaningSearchOptions options = {.search = ask.search, .k = ask.search.k, .candidates = ask.candidates,
                                  .members = ask.members, .margin = {}};
  std::optional<ScoringFile> calibrated;
  if (ask.by_margin) {
    SENVEC_ASSIGN_OR_RETURN(calibrated, ScoringOf(collection));
    SENVEC_ASSIGN_OR_RETURN(options.margin, ask.margin.On(calibrated.has_value() ? calibrated->options : MarginOptions()));
  }
  if (options.candidates == 0) {
    options.candidates = std::max(options.k, calibrated.has_value() ? calibrated->candidates : kDefaultCandidates);
  }
  SENVEC_ASSIGN_OR_RETURN(answer.results, SearchMeanings(collection, rows, options));
  answer.margin = options.margin;
  answer.is_calibrated = calibrated.has_value();
  return answer;
}

absl::StatusOr<SearchAnswer> Documents(const Collection& collection, absl::Span<const float> rows, const SearchAsk& ask) {
  SENVEC_ASSIGN_OR_RETURN(auto found, collection.Search(rows, ask.search));
  SearchAnswer answer;
  for (std::vector<Hit>& hits : found) {
    MeaningResult& result = answer.results.emplace_back();
    for (Hit& hit : hits) result.meanings.emplace_back().members.push_back(std::move(hit));
  }
  return answer;
}

absl::StatusOr<SearchAnswer> SearchHere(const SearchFlags& flags, const SearchAsk& ask) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::OpenForReading(flags.index, {.notice = TellNotice}));
  const CollectionOptions& options = collection->options();
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModelOf(flags.index, options, flags.model));
  std::string prompt = options.query_prompt;
  if (!flags.prompt.empty()) {
    SENVEC_ASSIGN_OR_RETURN(prompt, PromptText(*model.encoder, flags.prompt));
  }
  SENVEC_ASSIGN_OR_RETURN(const auto encoded, model.encoder->EncodeTexts(flags.queries, prompt, {}));
  return ask.is_for_meanings() ? Meanings(*collection, encoded.rows, ask) : Documents(*collection, encoded.rows, ask);
}

absl::Status Check(const FlagSet& given, const SearchFlags& flags) {
  if (flags.queries.empty()) return UsageError("no query is given");
  if (flags.index.empty() == flags.server.empty()) return UsageError("give either --index DIR or --server HOST:PORT");
  if (!flags.server.empty() && flags.collection.empty()) return UsageError("--server needs --collection NAME");
  if (flags.server.empty()) return given.RefuseGiven({"--collection"}, "it goes with --server; --index names a folder");
  SENVEC_RETURN_IF_ERROR(RefuseModelFlags(given));
  return given.RefuseGiven({"--prompt"}, "with --server queries get the collection's own prompt; leave it out, or search with --index");
}

absl::Status Search(const FlagSet& given, const SearchFlags& flags) {
  SENVEC_RETURN_IF_ERROR(Check(given, flags));
  SENVEC_ASSIGN_OR_RETURN(const SearchAsk ask, AskOf(given, flags.ask));
  SENVEC_ASSIGN_OR_RETURN(const SearchAnswer answer,
                          flags.server.empty() ? SearchHere(flags, ask)
                                               : RemoteServer::At(flags.server)->Search(flags.collection, flags.queries, ask));
  std::string out;
  for (size_t i = 0; i < answer.results.size(); ++i) {
    if (!flags.json && i > 0) out += "\n";
    out += flags.json ? SearchJsonLine(flags.queries[i], ask, answer, answer.results[i])
                      : SearchTable(flags.queries[i], ask, answer.results[i]);
  }
  if (ask.by_margin && !answer.is_calibrated && !flags.json) {
    std::fprintf(stderr, "note: the collection is not calibrated, s and m are the published ones; `senvec eval calibrate` fits them to your queries\n");
  }
  return WriteStandardOutput(out);
}

}  // namespace

CommandRunner DeclareSearch(FlagSet& flags) {
  auto search = std::make_shared<SearchFlags>();
  flags.Describe(
      "Finds the documents whose meaning is nearest to each query and prints rank, score, id, text and, where there is one, the group. The query is "
      "encoded with the model that the index was built with, found where it was then, or with --model.\n"
      "With --scoring margin hits are meanings, each with the probability that it is the answer, and each query gets a verdict: accepted, "
      "ambiguous (with the meanings that rival the best one) or unknown. `senvec eval calibrate --write-to DIR` fits that to a collection.\n"
      "With --server a running `senvec serve` is asked instead.");
  flags.AddPositionals("QUERY...", &search->queries, "one query or more; quote each");
  flags.Add("--index", "DIR", &search->index, "a folder that `senvec index build` made");
  flags.Add("--server", "HOST:PORT", &search->server, "ask this server instead of opening a folder");
  flags.Add("--collection", "NAME", &search->collection, "the server's collection");
  DeclareAskFlags(flags, search->ask);
  flags.Add("--json", &search->json, "print one JSON object a query");
  flags.Add("--prompt", "NAME", &search->prompt, "prompt for queries instead of the collection's: a name that the model defines, or none");
  DeclareModelFlags(flags, search->model);
  DeclareWhiteningFlag(flags, search->model);
  flags.Example("senvec search --index data/helpdesk --k 3 '怎么重置密码？' 'Where is my parcel?'", "two queries, three hits each");
  flags.Example("senvec search --index data/helpdesk --filter 'lang = \"zh\"' --min-score 0.8 'Where is my parcel?'",
                "good hits among documents of one language");
  flags.Example("senvec search --index data/helpdesk --scoring margin --k 3 'Where is my parcel?'", "the answer, or that there is none");
  flags.Example("senvec search --server 127.0.0.1:7411 --collection helpdesk 'Where is my parcel?'", "over gRPC");
  return [search, &flags] { return Search(flags, *search); };
}

}  // namespace senvec
