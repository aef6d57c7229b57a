#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/usage_error.h"
#include "dataio/line_reader.h"
#include "dataio/standard_output.h"
#include "encoder/model_directory.h"
#include "encoder/tokenizer/tokenizer.h"
#include "encoder/weights/model_config.h"

namespace senvec {
namespace {

struct TokenizeFlags {
  std::string model;
  std::string input = "-";
  int64_t max_tokens = 0;
  bool no_truncation = false;
  bool tokens = false;
  bool pairs = false;
};

std::string JsonLine(const Tokenizer& tokenizer, const Encoding& encoding, bool tokens) {
  std::string line = absl::StrCat("{\"ids\":[", absl::StrJoin(encoding.ids, ","), "],\"truncated\":", encoding.num_truncated);
  if (tokens) {
    nlohmann::json texts = nlohmann::json::array();
    for (int32_t id : encoding.ids) texts.push_back(tokenizer.IdToToken(id));
    nlohmann::json spans = nlohmann::json::array();
    for (const ByteSpan& span : encoding.offsets) spans.push_back({span.begin, span.end});
    absl::StrAppend(&line, ",\"type_ids\":[", absl::StrJoin(encoding.type_ids, ","), "],\"tokens\":", DumpJson(texts),
                    ",\"offsets\":", DumpJson(spans));
  }
  return line + "}\n";
}

// What `senvec embed` and a server cut at: the directory's own limit, and never more than there are positions.
absl::StatusOr<int32_t> ModelLimit(const ModelDirectory& directory) {
  int32_t limit = directory.max_tokens;
  if (!FileExists(JoinPath(directory.transformer_folder, "config.json"))) return limit;
  SENVEC_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::FromDirectory(directory.transformer_folder));
  const int32_t positions = config.max_position_embeddings - config.position_offset;
  return limit > 0 ? std::min(limit, positions) : positions;
}

absl::StatusOr<int32_t> Limit(const TokenizeFlags& flags, const ModelDirectory& directory, const Tokenizer& tokenizer) {
  if (flags.no_truncation) return 0;
  // A pair without any text shows how many special tokens it has.
  const int32_t lowest = flags.pairs ? static_cast<int32_t>(tokenizer.EncodePair("", "", {}).ids.size()) : tokenizer.num_special_tokens();
  if (flags.max_tokens == 0) {
    SENVEC_ASSIGN_OR_RETURN(const int32_t limit, ModelLimit(directory));
    return limit == 0 ? 0 : std::max(limit, lowest);
  }
  if (flags.max_tokens >= lowest) return static_cast<int32_t>(flags.max_tokens);
  return UsageError(absl::StrCat("--max-tokens: ", flags.max_tokens, " leaves no room for the ", lowest, " special tokens"));
}

absl::StatusOr<Encoding> EncodeLine(const Tokenizer& tokenizer, absl::string_view line, absl::string_view where,
                                    const TokenizeFlags& flags, const TokenizeOptions& options) {
  if (!flags.pairs) return tokenizer.Encode(line, options);
  const size_t tab = line.find('\t');
  if (tab == absl::string_view::npos || line.find('\t', tab + 1) != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": expected text TAB text with exactly one tab"));
  }
  return tokenizer.EncodePair(line.substr(0, tab), line.substr(tab + 1), options);
}

absl::Status Tokenize(const TokenizeFlags& flags) {
  if (flags.no_truncation && flags.max_tokens != 0) return UsageError("give either --max-tokens N or --no-truncation");
  SENVEC_ASSIGN_OR_RETURN(const ModelDirectory directory, ModelDirectory::Read(flags.model));
  SENVEC_ASSIGN_OR_RETURN(const auto tokenizer, Tokenizer::FromDirectory(directory.transformer_folder));
  SENVEC_ASSIGN_OR_RETURN(const int32_t limit, Limit(flags, directory, *tokenizer));
  SENVEC_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(flags.input));
  const TokenizeOptions options = {.max_tokens = limit, .want_offsets = flags.tokens};
  std::string line, out;
  constexpr size_t kFlushBytes = 1 << 16;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, reader->Next(line));
    if (!more) break;
    const std::string where = absl::StrCat(reader->name(), ": line ", reader->line_number());
    SENVEC_ASSIGN_OR_RETURN(const Encoding encoding, EncodeLine(*tokenizer, line, where, flags, options));
    out += JsonLine(*tokenizer, encoding, flags.tokens);
    if (out.size() < kFlushBytes) continue;
    SENVEC_RETURN_IF_ERROR(WriteStandardOutput(out));
    out.clear();
  }
  return WriteStandardOutput(out);
}

}  // namespace

CommandRunner DeclareTokenize(FlagSet& flags) {
  auto tokenize = std::make_shared<TokenizeFlags>();
  flags.Describe(
      "Shows what a model makes of text: reads sentences, one a line, and prints one JSON object for each: "
      "{\"ids\":[...],\"truncated\":0}. The ids are those of the Hugging Face tokenizer of the same model; only the "
      "tokenizer's files and the model's settings are read, not the weights.\n"
      "A text is cut where `senvec embed` and a server cut it, at the model's limit, and \"truncated\" counts the tokens "
      "that went; --no-truncation shows all of them.");
  flags.Add("--model", "DIR", &tokenize->model, "the model's directory").Required();
  flags.Add("--input", "FILE", &tokenize->input, "sentences, one a line; - is standard input");
  flags.Add("--max-tokens", "N", &tokenize->max_tokens, "cut to this many tokens, special ones included; 0 = the model's own limit")
      .Between(0, 1 << 30);
  flags.Add("--no-truncation", &tokenize->no_truncation, "do not cut, however long a text is");
  flags.Add("--tokens", &tokenize->tokens, "print each id's type, its text and its bytes in the sentence as well");
  flags.Add("--pairs", &tokenize->pairs, "each line is a pair, text TAB text, that the model reads as one; offsets are within each text");
  flags.Example("echo 'How do I reset my password?' | senvec tokenize --model models/all-MiniLM-L6-v2 --tokens",
                "see how a sentence is cut");
  return [tokenize] { return Tokenize(*tokenize); };
}

}  // namespace senvec
