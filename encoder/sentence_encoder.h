#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/thread_pool.h"
#include "encoder/pooling/pooling.h"
#include "encoder/tokenizer/tokenizer.h"
#include "encoder/whitening/whitening.h"

namespace senvec {

struct LoadOptions {
  // Overrides what modules.json says.
  std::optional<Pooling> pooling;
  // Longest input in tokens; 0 = the model's own (sentence_bert_config.json max_seq_length, else
  // tokenizer_config.json model_max_length, else config.json max_position_embeddings).
  int32_t max_tokens = 0;
  // Path of a transform made by `senvec whiten fit`; empty = none.
  std::string whitening_path;
  // "fp32", "bf16", "int8", or "auto": the fastest whose vectors stay near enough to fp32's in a self-test at load
  // (see precision_gate.h).
  std::string precision = "fp32";
  // Instruction set: "baseline", "avx2", "avx512", "avx512_vnni", "avx512_bf16"; empty = the best this CPU has.
  std::string isa;

  absl::Status Validate() const;
};

// What a caller may want to know of a loaded model.
struct ModelInfo {
  std::string directory;
  std::string family;       // "bert", "roformer"
  std::string fingerprint;  // 32 hex digits over weights, config, tokenizer and modules
  std::string tokenizer;    // "wordpiece", "unigram"
  std::string precision;         // "fp32", "bf16", "int8"
  std::string precision_report;  // how near to fp32 it was in the self-test, and how "auto" chose; may be empty
  std::string isa;          // see LoadOptions::isa; "libtorch cpu", "libtorch cuda:0" where libtorch computes
  std::string pooling;
  bool normalize = true;
  int32_t dim = 0;          // of the vectors that come out (after Dense and whitening)
  int32_t hidden_size = 0;
  int32_t num_layers = 0;
  int32_t num_heads = 0;
  int32_t vocab_size = 0;
  int32_t max_tokens = 0;
  int64_t num_parameters = 0;
  std::map<std::string, std::string> prompts;  // name → text put before the sentence
  std::string default_prompt_name;
  std::string whitening_fingerprint;  // empty = no whitening
};

// Settings of one call.
struct EncodeOptions {
  // L2-normalise; unset = what the model's modules.json says, and always with whitening.
  std::optional<bool> normalize;
};

// Text → vector: tokenizer, transformer, pooling, Dense and Normalize modules, whitening.
//
// Immutable after Load(), safe for concurrent use. The same text gives the same bits whatever else is in its batch
// and however many threads the pool has.
class SentenceEncoder {
 public:
  // Reads a sentence-transformers or transformers directory. `pool` must outlive the encoder. NotFound names the
  // missing file; InvalidArgument the damaged one; FailedPrecondition a whitening made for another model.
  static absl::StatusOr<std::unique_ptr<SentenceEncoder>> Load(const std::string& directory,
                                                               const LoadOptions& options,
                                                               ThreadPool* pool);
  virtual ~SentenceEncoder() = default;

  // Values of LoadOptions::isa that this CPU has, the best last.
  static std::vector<std::string> SupportedIsaNames();

  virtual const ModelInfo& info() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;

  // The text that prompt `name` puts before a sentence. "" or "none" = no prompt; NotFound lists the names the
  // model defines.
  virtual absl::StatusOr<std::string> Prompt(absl::string_view name) const = 0;

  // Tokenises prompt + text with special tokens, cut to `max_tokens` (0 = info().max_tokens; InvalidArgument
  // above it or below the number of special tokens).
  virtual absl::StatusOr<Encoding> Tokenize(absl::string_view prompt, absl::string_view text,
                                            int32_t max_tokens) const = 0;

  // Encodes tokenised sentences. out: n × info().dim, row-major. InvalidArgument for an id out of range or an
  // empty or too long encoding, naming its index; nothing else fails.
  virtual absl::Status Encode(absl::Span<const Encoding* const> sentences, const EncodeOptions& options,
                              absl::Span<float> out) const = 0;

  // Tokenises (on the pool) and encodes. A convenience for command line and evaluation.
  struct TextsResult {
    std::vector<float> rows;  // n × dim
    std::vector<int32_t> num_tokens;
    std::vector<int32_t> num_truncated;
  };
  virtual absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts,
                                                  absl::string_view prompt,
                                                  const EncodeOptions& options) const = 0;
};

}  // namespace senvec
