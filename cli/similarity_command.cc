#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/model_flags.h"
#include "cli/usage_error.h"
#include "dataio/pair_reader.h"
#include "dataio/standard_output.h"
#include "eval/sts.h"

namespace senvec {
namespace {

struct SimilarityFlags {
  ModelFlags model;
  std::string prompt;
  std::string input;
  std::vector<std::string> sentences;
};

absl::StatusOr<std::vector<ScoredPair>> Pairs(const SimilarityFlags& flags) {
  if (!flags.input.empty()) {
    if (!flags.sentences.empty()) return UsageError("give either --input or sentences, not both");
    return ReadPairs(flags.input, PairScore::kOptional);
  }
  if (flags.sentences.size() < 2) return UsageError("give at least two sentences, or --input FILE");
  std::vector<ScoredPair> pairs;
  for (size_t i = 1; i < flags.sentences.size(); ++i) pairs.push_back({flags.sentences[0], flags.sentences[i], 0});
  return pairs;
}

absl::Status Similarity(const SimilarityFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const std::vector<ScoredPair> pairs, Pairs(flags));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptText(*model.encoder, flags.prompt));
  const size_t dim = static_cast<size_t>(model.encoder->info().dim);
  constexpr size_t kPairsAtOnce = 128;
  for (size_t begin = 0; begin < pairs.size(); begin += kPairsAtOnce) {
    const auto some = absl::MakeConstSpan(pairs).subspan(begin, kPairsAtOnce);
    std::vector<std::string> texts;
    for (const ScoredPair& pair : some) {
      texts.push_back(pair.first);
      texts.push_back(pair.second);
    }
    SENVEC_ASSIGN_OR_RETURN(const auto result, model.encoder->EncodeTexts(texts, prompt, {}));
    std::string out;
    for (size_t i = 0; i < some.size(); ++i) {
      const auto rows = absl::MakeConstSpan(result.rows);
      const double cosine = Cosine(rows.subspan(2 * i * dim, dim), rows.subspan((2 * i + 1) * dim, dim));
      absl::StrAppendFormat(&out, "%.6f\t%s\t%s\n", cosine, some[i].first, some[i].second);
    }
    SENVEC_RETURN_IF_ERROR(WriteStandardOutput(out));
  }
  return absl::OkStatus();
}

}  // namespace

CommandRunner DeclareSimilarity(FlagSet& flags) {
  auto similarity = std::make_shared<SimilarityFlags>();
  flags.Describe(
      "Prints how alike sentences are: the cosine of their vectors, 1 = same direction, tab, and the two sentences. "
      "The first sentence is compared with each of the others; with --input, the two of each line.");
  flags.AddPositionals("SENTENCE...", &similarity->sentences, "two sentences or more");
  flags.Add("--input", "FILE", &similarity->input, "lines of sentence, tab, sentence instead; - is standard input");
  flags.Add("--prompt", "NAME", &similarity->prompt, "query, passage or another prompt that the model defines, or none");
  DeclareModelFlags(flags, similarity->model);
  DeclareWhiteningFlag(flags, similarity->model);
  flags.Example("senvec similarity '钱能退给我吗' '怎么退款' '怎么开发票'", "with the Chinese model that comes with Senvec");
  flags.Example("senvec similarity --model models/multilingual-e5-small --prompt query "
                "'How do I reset my password?' '怎么重置密码？' 'Where is my parcel?'",
                "a question, its translation and another question");
  return [similarity] { return Similarity(*similarity); };
}

}  // namespace senvec
