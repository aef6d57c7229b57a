#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/usage_error.h"
#include "dataio/line_reader.h"
#include "train/data/vocabulary.h"

namespace senvec {
namespace {

constexpr size_t kBlock = 8192;  // texts that are counted at once

struct VocabFlags {
  std::vector<std::string> inputs;
  std::string output;
  int64_t size = VocabularyOptions().size;
  int64_t min_frequency = VocabularyOptions().min_frequency;
  int64_t threads = 0;
  bool cased = false;
};

absl::Status CountFile(const std::string& path, WordCounter& counter, ThreadPool& pool) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(path));
  ProgressBar progress({.label = "count", .unit = "lines", .is_terminal = ProgressBar::IsTerminal(stderr)}, absl::Now());
  std::vector<std::string> block;
  std::string line;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines->Next(line));
    if (more) block.push_back(line);
    if (block.size() < kBlock && more) continue;
    counter.Add(block, pool);
    block.clear();
    progress.Update(lines->line_number(), absl::Now());
    if (!more) break;
  }
  progress.Finish(absl::Now());
  return absl::OkStatus();
}

absl::Status Run(const VocabFlags& flags) {
  if (flags.inputs.empty()) return UsageError("no file is given");
  const VocabularyOptions options = {.size = static_cast<int32_t>(flags.size),
                                     .min_frequency = flags.min_frequency,
                                     .lowercase = !flags.cased};
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate()));
  const std::unique_ptr<ThreadPool> pool = ThreadPool::ForThisProcess(static_cast<int>(flags.threads));
  WordCounter counter(options);
  for (const std::string& input : flags.inputs) SENVEC_RETURN_IF_ERROR(CountFile(input, counter, *pool));
  SENVEC_ASSIGN_OR_RETURN(const LearnedVocabulary vocabulary, LearnVocabulary(counter.words(), options));
  SENVEC_RETURN_IF_ERROR(WriteVocabulary(vocabulary.tokens, options, flags.output));
  const auto entries = static_cast<int64_t>(vocabulary.tokens.size());
  std::fprintf(stderr, "%s: %lld entries, %lld of one character; of %lld words %.4f %% have a character that is not in it\n",
               flags.output.c_str(), static_cast<long long>(entries), static_cast<long long>(vocabulary.characters),
               static_cast<long long>(vocabulary.words),
               100.0 * static_cast<double>(vocabulary.unknown_words) / static_cast<double>(vocabulary.words));
  return absl::OkStatus();
}

}  // namespace

CommandRunner DeclareTrainVocab(FlagSet& flags) {
  auto vocab = std::make_shared<VocabFlags>();
  flags.Describe(
      "Learns a WordPiece vocabulary from texts: each Chinese character and punctuation mark for itself, for other writing the "
      "pieces that stand together most often, as many as --size leaves room for. The folder has vocab.txt, tokenizer.json and "
      "tokenizer_config.json, which Senvec and Hugging Face's library read alike.");
  flags.AddPositionals("FILE...", &vocab->inputs, "texts, one a line, gzip too; - is standard input");
  flags.Add("--output", "DIR", &vocab->output, "the folder that is written").Required();
  flags.Add("--size", "N", &vocab->size, "entries in all, at most").Between(256, 1 << 20);
  flags.Add("--min-frequency", "N", &vocab->min_frequency, "how often a character or a piece must be seen").Between(1, 1e9);
  flags.Add("--cased", &vocab->cased, "keep capitals and accents");
  flags.Add("--threads", "N", &vocab->threads, "0 = as many as this process may use").Between(0, 1024);
  flags.Example("senvec train vocab --output vocab --size 10000 sentences.txt", "ten thousand entries");
  return [vocab] { return Run(*vocab); };
}

}  // namespace senvec
