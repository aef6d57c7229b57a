#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/usage_error.h"
#include "dataio/line_reader.h"
#include "dataio/standard_output.h"
#include "encoder/tokenizer/tokenizer.h"

namespace senvec {
namespace {

struct TokenizeFlags {
  std::string model;
  std::string input = "-";
  int64_t max_tokens = 0;
  bool tokens = false;
};

std::string JsonLine(const Tokenizer& tokenizer, const Encoding& encoding, bool tokens) {
  std::string line = absl::StrCat("{\"ids\":[", absl::StrJoin(encoding.ids, ","), "],\"truncated\":", encoding.num_truncated);
  if (tokens) {
    nlohmann::json texts = nlohmann::json::array();
    for (int32_t id : encoding.ids) texts.push_back(tokenizer.IdToToken(id));
    nlohmann::json spans = nlohmann::json::array();
    for (const ByteSpan& span : encoding.offsets) spans.push_back({span.begin, span.end});
    absl::StrAppend(&line, ",\"tokens\":", DumpJson(texts), ",\"offsets\":", DumpJson(spans));
  }
  return line + "}\n";
}

absl::Status Tokenize(const TokenizeFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const auto tokenizer, Tokenizer::FromDirectory(flags.model));
  if (flags.max_tokens != 0 && flags.max_tokens < tokenizer->num_special_tokens()) {
    return UsageError(absl::StrCat("--max-tokens: ", flags.max_tokens, " leaves no room for the ",
                                   tokenizer->num_special_tokens(), " special tokens"));
  }
  SENVEC_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(flags.input));
  const TokenizeOptions options = {.max_tokens = static_cast<int32_t>(flags.max_tokens), .want_offsets = flags.tokens};
  std::string line, out;
  constexpr size_t kFlushBytes = 1 << 16;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, reader->Next(line));
    if (!more) break;
    out += JsonLine(*tokenizer, tokenizer->Encode(line, options), flags.tokens);
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
      "tokenizer's files are read, not the weights.");
  flags.Add("--model", "DIR", &tokenize->model, "the model's directory").Required();
  flags.Add("--input", "FILE", &tokenize->input, "sentences, one a line; - is standard input");
  flags.Add("--max-tokens", "N", &tokenize->max_tokens, "cut to this many tokens, special ones included; 0 = do not cut")
      .Between(0, 1 << 30);
  flags.Add("--tokens", &tokenize->tokens, "print each id's text and its bytes in the sentence as well");
  flags.Example("echo 'How do I reset my password?' | senvec tokenize --model models/all-MiniLM-L6-v2 --tokens",
                "see how a sentence is cut");
  return [tokenize] { return Tokenize(*tokenize); };
}

}  // namespace senvec
