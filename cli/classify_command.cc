#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/encode_all.h"
#include "cli/model_flags.h"
#include "cli/usage_error.h"
#include "dataio/grouped_text_reader.h"
#include "dataio/line_reader.h"
#include "dataio/standard_output.h"
#include "scoring/alternating_normalization.h"
#include "scoring/class_reachability.h"
#include "scoring/linear_classifier.h"

namespace senvec {
namespace {

struct FitFlags {
  ModelFlags model;
  std::string input;
  std::string output;
  std::string prompt;
  double shrinkage = ClassifierOptions().shrinkage;
  bool uniform_prior = false;
};

std::vector<std::string> TextsOf(const std::vector<GroupedText>& labelled) {
  std::vector<std::string> texts;
  for (const GroupedText& text : labelled) texts.push_back(text.text);
  return texts;
}

// Tells of labels that no text at all can get.
absl::Status WarnOfUnreachable(const LinearClassifier& classifier) {
  std::string names;
  for (size_t i = 0; i < classifier.labels().size(); ++i) {
    SENVEC_ASSIGN_OR_RETURN(const Reachability reach,
                            CheckReachable(classifier.weights(), classifier.biases(), classifier.dim(), i, {}));
    if (reach == Reachability::kUnreachable) absl::StrAppend(&names, names.empty() ? "" : ", ", classifier.labels()[i]);
  }
  if (!names.empty()) {
    std::fprintf(stderr, "note: no text can get the label %s, whose place others take; give it more texts, or try --uniform-prior\n",
                 names.c_str());
  }
  return absl::OkStatus();
}

absl::Status Fit(const FitFlags& flags) {
  const ClassifierOptions options = {.shrinkage = flags.shrinkage, .uniform_prior = flags.uniform_prior};
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate()));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<GroupedText> labelled, ReadGroupedTexts(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  const ModelInfo& info = model.encoder->info();
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptText(*model.encoder, flags.prompt));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> rows, EncodeAllTexts(*model.encoder, prompt, TextsOf(labelled)));
  ClassStatistics statistics(info.dim);
  const size_t dim = static_cast<size_t>(info.dim);
  for (size_t i = 0; i < labelled.size(); ++i) {
    if (absl::Status added = statistics.Add(labelled[i].group, absl::MakeConstSpan(rows).subspan(i * dim, dim)); !added.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(flags.input, ": line ", labelled[i].line, ": ", added.message()));
    }
  }
  absl::StatusOr<LinearClassifier> classifier =
      LinearClassifier::Fit(statistics, options, {info.fingerprint, info.whitening_fingerprint, prompt});
  if (!classifier.ok()) {
    return absl::Status(classifier.status().code(), absl::StrCat(flags.input, ": ", classifier.status().message()));
  }
  SENVEC_RETURN_IF_ERROR(classifier->Save(flags.output));
  std::fprintf(stderr, "%s: %d labels from %d texts, %d to %d each\n", flags.output.c_str(),
               static_cast<int>(classifier->labels().size()), static_cast<int>(labelled.size()),
               static_cast<int>(*std::min_element(classifier->counts().begin(), classifier->counts().end())),
               static_cast<int>(*std::max_element(classifier->counts().begin(), classifier->counts().end())));
  return WarnOfUnreachable(*classifier);
}

struct ApplyFlags {
  ModelFlags model;
  std::string classifier;
  std::string input;
  bool labelled = false;
  bool can = false;
  bool json = false;
  int64_t k = 1;
  double min_probability = 0;
};

absl::StatusOr<std::vector<GroupedText>> ReadInput(const ApplyFlags& flags) {
  if (flags.labelled) return ReadGroupedTexts(flags.input);
  SENVEC_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(flags.input));
  std::vector<GroupedText> texts;
  while (true) {
    GroupedText text;
    SENVEC_ASSIGN_OR_RETURN(const bool more, reader->Next(text.text));
    if (!more) break;
    text.line = reader->line_number();
    texts.push_back(std::move(text));
  }
  if (!texts.empty()) return texts;
  return absl::InvalidArgumentError(absl::StrCat(reader->name(), ": there is no text in it"));
}

absl::Status CheckModel(const ApplyFlags& flags, const LinearClassifier& classifier, const ModelInfo& info) {
  const ClassifierSource& source = classifier.source();
  if (info.fingerprint == source.model_fingerprint && info.whitening_fingerprint == source.whitening_fingerprint &&
      info.dim == classifier.dim()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      flags.classifier, " was fitted with model ", source.model_fingerprint, ", ", flags.model.model, " is ",
      info.fingerprint, "; take that model (and its whitening and pooling), or fit again"));
}

// p of every text and label, n × labels, and which texts CAN changed.
absl::StatusOr<CanResult> Probabilities(const ApplyFlags& flags, const LinearClassifier& classifier,
                                        absl::Span<const float> rows) {
  CanResult result;
  const size_t dim = static_cast<size_t>(classifier.dim());
  for (size_t i = 0; i < rows.size() / dim; ++i) {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<double> p, classifier.Classify(rows.subspan(i * dim, dim)));
    result.probabilities.insert(result.probabilities.end(), p.begin(), p.end());
    result.corrected.push_back(false);
  }
  if (!flags.can) return result;
  return AlternatingNormalization(result.probabilities, classifier.Prior(), {});
}

// Positions of the labels, the most probable first.
std::vector<size_t> Ranked(absl::Span<const double> p, int64_t k) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(k)));
  return order;
}

std::string JsonLine(const std::string& text, const LinearClassifier& classifier, absl::Span<const double> p,
                     const std::vector<size_t>& ranked, bool corrected, bool known) {
  nlohmann::json labels = nlohmann::json::array();
  for (const size_t i : ranked) labels.push_back({{"label", classifier.labels()[i]}, {"probability", p[i]}});
  return DumpJson({{"text", text}, {"known", known}, {"corrected", corrected}, {"labels", std::move(labels)}}) + "\n";
}

std::string TextLine(const std::string& text, const LinearClassifier& classifier, absl::Span<const double> p,
                     const std::vector<size_t>& ranked, bool known) {
  std::string line;
  for (const size_t i : ranked) absl::StrAppendFormat(&line, "%s\t%.4f\t", known ? classifier.labels()[i] : "-", p[i]);
  return absl::StrCat(line, text, "\n");
}

absl::Status Apply(const ApplyFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const LinearClassifier classifier, LinearClassifier::Load(flags.classifier));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<GroupedText> texts, ReadInput(flags));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  SENVEC_RETURN_IF_ERROR(CheckModel(flags, classifier, model.encoder->info()));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<float> rows,
                          EncodeAllTexts(*model.encoder, classifier.source().prompt, TextsOf(texts)));
  SENVEC_ASSIGN_OR_RETURN(const CanResult result, Probabilities(flags, classifier, rows));
  const size_t labels = classifier.labels().size();
  std::string out;
  int64_t right = 0, answered = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto p = absl::MakeConstSpan(result.probabilities).subspan(i * labels, labels);
    const std::vector<size_t> ranked = Ranked(p, flags.k);
    const bool known = p[ranked[0]] >= flags.min_probability;
    out += flags.json ? JsonLine(texts[i].text, classifier, p, ranked, result.corrected[i], known)
                      : TextLine(texts[i].text, classifier, p, ranked, known);
    answered += known;
    right += known && classifier.labels()[ranked[0]] == texts[i].group;
  }
  SENVEC_RETURN_IF_ERROR(WriteStandardOutput(out));
  if (!flags.labelled) return absl::OkStatus();
  std::fprintf(stderr, "accuracy %.4f: %lld right of %lld; %lld answered\n",
               static_cast<double>(right) / static_cast<double>(texts.size()), static_cast<long long>(right),
               static_cast<long long>(texts.size()), static_cast<long long>(answered));
  return absl::OkStatus();
}

}  // namespace

CommandRunner DeclareClassifyFit(FlagSet& flags) {
  auto fit = std::make_shared<FitFlags>();
  flags.Describe(
      "Makes a classifier of a model's vectors from labelled texts, in closed form and one pass: no training loop. The input "
      "has lines of text, tab, label, or .jsonl objects with \"text\" and \"label\". Two labels at least; a label may have "
      "one text only.");
  flags.Add("--input", "FILE", &fit->input, "labelled texts").Required();
  flags.Add("--output", "FILE", &fit->output, "the classifier").Required();
  flags.Add("--shrinkage", "L", &fit->shrinkage, "how far the covariance is drawn to a sphere: more for fewer texts").Between(0, 1);
  flags.Add("--uniform-prior", &fit->uniform_prior, "all labels alike, not by how often they come");
  flags.Add("--prompt", "NAME", &fit->prompt, "query, passage or another prompt that the model defines, or none");
  DeclareModelFlags(flags, fit->model);
  DeclareWhiteningFlag(flags, fit->model);
  flags.Example("senvec classify fit --model models/all-MiniLM-L6-v2 --input intents.tsv --output intents.svc", "intents from examples");
  return [fit] { return Fit(*fit); };
}

CommandRunner DeclareClassifyApply(FlagSet& flags) {
  auto apply = std::make_shared<ApplyFlags>();
  flags.Describe(
      "Prints the most probable label of each text, its probability and the text, separated by tabs, or JSON lines. The "
      "prompt is the one that the classifier was fitted with.");
  flags.Add("--classifier", "FILE", &apply->classifier, "what `senvec classify fit` made").Required();
  flags.Add("--input", "FILE", &apply->input, "texts, one a line; - is standard input").Required();
  flags.Add("--labelled", &apply->labelled, "the input is as for `senvec classify fit`; prints the accuracy on standard error");
  flags.Add("--k", "N", &apply->k, "labels for each text").Between(1, 10000);
  flags.Add("--min-probability", "P", &apply->min_probability, "prints - for a text whose best label has less").Between(0, 1);
  flags.Add("--can", &apply->can, "corrects unsure predictions by the sure ones of the input and the labels' shares (CAN)");
  flags.Add("--json", &apply->json, "print one JSON object a text");
  DeclareModelFlags(flags, apply->model);
  DeclareWhiteningFlag(flags, apply->model);
  flags.Example("senvec classify apply --model models/all-MiniLM-L6-v2 --classifier intents.svc --input texts.txt", "label texts");
  return [apply] { return Apply(*apply); };
}

}  // namespace senvec
