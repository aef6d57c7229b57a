#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/model_flags.h"
#include "cli/usage_error.h"
#include "dataio/line_reader.h"
#include "dataio/scored_pair_reader.h"
#include "dataio/standard_output.h"
#include "eval/plot/chart.h"
#include "eval/report_html.h"
#include "eval/sentence_vectors.h"
#include "eval/whiten_report.h"

namespace senvec {
namespace {

struct TuneFlags {
  ModelFlags model;
  std::string dev, test, statistics, output, plot, cache, prompt;
  std::string k, beta, gamma;  // lists; empty = the coarse grid's
  std::string search = "coarse-to-fine";
  bool json = false;
};

template <typename T, typename Parse>
absl::Status ParseList(const std::string& text, const char* flag, Parse parse, std::vector<T>& values) {
  if (text.empty()) return absl::OkStatus();
  values.clear();
  for (const absl::string_view word : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    T value;
    if (!parse(word, &value)) return UsageError(absl::StrCat(flag, ": \"", word, "\" is not a number"));
    values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return absl::OkStatus();
}

absl::StatusOr<WhitenGrid> GridOf(const TuneFlags& flags, int32_t dim) {
  WhitenGrid grid = WhitenGrid::Coarse(dim);
  SENVEC_RETURN_IF_ERROR(ParseList(flags.k, "--k", [](absl::string_view w, int32_t* v) { return absl::SimpleAtoi(w, v); }, grid.k));
  const auto real = [](absl::string_view w, double* v) { return absl::SimpleAtod(w, v); };
  SENVEC_RETURN_IF_ERROR(ParseList(flags.beta, "--beta", real, grid.beta));
  SENVEC_RETURN_IF_ERROR(ParseList(flags.gamma, "--gamma", real, grid.gamma));
  SENVEC_RETURN_IF_ERROR(AsUsageError(grid.Validate(dim)));
  return grid;
}

// Pairs with their vectors.
struct Encoded {
  std::vector<float> rows;
  PairVectors pairs;
};

absl::StatusOr<Encoded> EncodePairs(const std::string& path, const std::string& prompt, SentenceVectors& vectors) {
  Encoded encoded;
  if (path.empty()) return encoded;
  SENVEC_ASSIGN_OR_RETURN(const std::vector<ScoredPair> pairs, ReadScoredPairs(path));
  std::vector<std::string> texts;
  for (const ScoredPair& pair : pairs) {
    encoded.pairs.pairs.emplace_back(texts.size(), texts.size() + 1);
    encoded.pairs.labels.push_back(pair.score);
    texts.push_back(pair.first);
    texts.push_back(pair.second);
  }
  SENVEC_ASSIGN_OR_RETURN(encoded.rows, vectors.Get(texts, prompt));
  return encoded;
}

// From the sentences of a file, some thousand at a time.
absl::Status AddSentences(const std::string& path, const std::string& prompt, SentenceVectors& vectors, WhiteningStatistics& statistics) {
  SENVEC_ASSIGN_OR_RETURN(const auto lines, LineReader::Open(path));
  constexpr size_t kBatch = 4096;
  std::vector<std::string> texts;
  std::string line;
  for (bool more = true; more;) {
    SENVEC_ASSIGN_OR_RETURN(more, lines->Next(line));
    if (more) texts.push_back(line);
    if (texts.size() < kBatch && more) continue;
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> rows, vectors.Get(texts, prompt));
    SENVEC_RETURN_IF_ERROR(statistics.Add(rows));
    texts.clear();
  }
  return absl::OkStatus();
}

std::string Line(const char* name, const nlohmann::json& point) {
  const auto number = [&](const char* key) { return point[key].is_number() ? absl::StrFormat("%.4f", point[key].get<double>()) : "–"; };
  return absl::StrFormat("%-14s k %4d  beta %6.3f  gamma %6.3f  dev %s  test %s\n", name, point["k"].get<int32_t>(), point["beta"].get<double>(),
                         point["gamma"].get<double>(), number("dev"), number("test"));
}

// The tuned point, the two that need no labels, and the best of each size.
std::string Text(const nlohmann::json& result) {
  std::string out = Line("tuned", result["tuned"]);
  for (const auto& [key, point] : result["presets"].items()) out += Line(key.c_str(), point);
  out += "\nbest on dev for each size:\n";
  for (const auto& point : result["by_k"]) out += Line("", point);
  return out;
}

nlohmann::json Result(const std::vector<WhitenPoint>& points, const WhitenPoint& best) {
  nlohmann::json result = {{"tuned", ToJson(best)}, {"presets", nlohmann::json::object()}, {"by_k", nlohmann::json::array()}};
  std::vector<WhitenPoint> by_k;
  for (const WhitenPoint& point : points) {
    result["points"].push_back(ToJson(point));
    const auto same = std::find_if(by_k.begin(), by_k.end(), [&](const WhitenPoint& p) { return p.k == point.k; });
    if (same == by_k.end()) by_k.push_back(point);
    else if (point.dev > same->dev || std::isnan(same->dev)) *same = point;
  }
  std::sort(by_k.begin(), by_k.end(), [](const WhitenPoint& a, const WhitenPoint& b) { return a.k < b.k; });
  for (const WhitenPoint& point : by_k) result["by_k"].push_back(ToJson(point));
  for (const WhitenPoint& point : points) {
    if (point.k != by_k.back().k || point.beta != point.gamma) continue;
    if (point.beta == 0) result["presets"]["off"] = ToJson(point);
    if (point.beta == 1) result["presets"]["beta=gamma=1"] = ToJson(point);
  }
  return result;
}

absl::Status Tune(const TuneFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptText(*model.encoder, flags.prompt));
  const ModelInfo& info = model.encoder->info();
  SENVEC_ASSIGN_OR_RETURN(const WhitenGrid grid, GridOf(flags, info.dim));
  std::unique_ptr<ProgressBar> bar;
  SentenceVectors vectors(*model.encoder, flags.cache, [&](int64_t done, int64_t total) {
    if (bar == nullptr) {
      bar = std::make_unique<ProgressBar>(ProgressBar::Options{.label = "encode", .unit = "sentences", .total = total,
                                                               .is_terminal = ProgressBar::IsTerminal(stderr)}, absl::Now());
    }
    bar->Update(done, absl::Now());
    if (done < total) return;
    bar->Finish(absl::Now());
    bar.reset();
  });
  SENVEC_ASSIGN_OR_RETURN(Encoded dev, EncodePairs(flags.dev, prompt, vectors));
  SENVEC_ASSIGN_OR_RETURN(Encoded test, EncodePairs(flags.test, prompt, vectors));
  dev.pairs.rows = dev.rows;
  test.pairs.rows = test.rows;
  WhiteningStatistics statistics(info.dim);
  SENVEC_RETURN_IF_ERROR(flags.statistics.empty() ? statistics.Add(dev.rows)
                                                  : AddSentences(flags.statistics, prompt, vectors, statistics));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<WhitenPoint> points,
                          flags.search == "grid" ? SearchWhitening(statistics, dev.pairs, test.pairs, grid, *model.pool)
                                                 : CoarseToFine(statistics, dev.pairs, test.pairs, grid, *model.pool));
  const WhitenPoint* best = BestPoint(points);
  if (best == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(flags.dev, ": Spearman's correlation has no value on it: it needs two pairs with different scores"));
  }
  SENVEC_ASSIGN_OR_RETURN(const Whitening whitening,
                          Whitening::Fit(statistics, {.k = best->k, .beta = best->beta, .gamma = best->gamma}, info.fingerprint));
  SENVEC_RETURN_IF_ERROR(whitening.Save(flags.output));
  const nlohmann::json result = Result(points, *best);
  if (!flags.plot.empty()) {
    SENVEC_RETURN_IF_ERROR(WriteFileAtomically(flags.plot, StandaloneSvg(SizeQualityChart(result, "Size against quality"))));
  }
  return WriteStandardOutput(flags.json ? DumpJson(result) + "\n" : Text(result));
}

}  // namespace

CommandRunner DeclareWhitenTune(FlagSet& flags) {
  auto tune = std::make_shared<TuneFlags>();
  flags.Describe(
      "Searches for the whitening (k, beta, gamma) whose cosines agree best with the scores of --dev (Spearman's correlation), "
      "writes it, and says what it is worth on --test, which takes no part in the choice. Every point of the grid comes from one pass of "
      "statistics and one decomposition for each beta.\n"
      "Statistics are of --dev's own sentences unless --statistics names others; more are better, and labels are not needed for them.");
  flags.Add("--dev", "FILE", &tune->dev, "scored pairs to choose by: sentence, tab, sentence, tab, score, or JSON lines").Required();
  flags.Add("--test", "FILE", &tune->test, "scored pairs to report on");
  flags.Add("--statistics", "FILE", &tune->statistics, "sentences, one a line, whose mean and covariance are taken");
  flags.Add("--output", "FILE", &tune->output, "the chosen transform, FILE.safetensors").Required();
  flags.Add("--plot", "FILE", &tune->plot, "size against quality, FILE.svg");
  flags.Add("--search", "HOW", &tune->search, "the grid as it is, or twice finer around its best point").OneOf({"grid", "coarse-to-fine"});
  flags.Add("--k", "LIST", &tune->k, "sizes to try, separated by commas; eight up to the model's own unless given");
  flags.Add("--beta", "LIST", &tune->beta, "shares of the mean to try; quarters from 0 to 1 unless given");
  flags.Add("--gamma", "LIST", &tune->gamma, "strengths to try; quarters from 0 to 1 unless given");
  flags.Add("--prompt", "NAME", &tune->prompt, "prompt put before each sentence, as for `senvec embed`");
  flags.Add("--cache", "DIR", &tune->cache, "folder where sentences' vectors are kept, as for `senvec eval all`");
  flags.Add("--json", &tune->json, "print every point as one JSON object");
  DeclareModelFlags(flags, tune->model);
  flags.Example("senvec whiten tune --model models/all-MiniLM-L6-v2 --dev dev.tsv --test test.tsv --output white.safetensors --plot white.svg",
                "choose on dev, report on test");
  return [tune] { return Tune(*tune); };
}

}  // namespace senvec
