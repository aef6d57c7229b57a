#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cli/search_ask.h"
#include "encoder/sentence_encoder.h"
#include "scoring/scoring_file.h"

namespace senvec {

// What the command line asks of a running server. Errors are the server's own; Unavailable says that none answers at
// the address.
class RemoteServer {
 public:
  // `address`: HOST:PORT. Connects at the first call.
  static std::unique_ptr<RemoteServer> At(const std::string& address);
  virtual ~RemoteServer() = default;

  virtual absl::StatusOr<SearchAnswer> Search(const std::string& collection, const std::vector<std::string>& queries,
                                              const SearchAsk& ask) = 0;
  // What the collection's searches by margin are to use.
  virtual absl::Status SetScoring(const std::string& collection, const ScoringFile& scoring) = 0;
  // `prompt_name` empty = the model's default; `normalize` false leaves vectors at their own length.
  virtual absl::StatusOr<SentenceEncoder::TextsResult> Embed(absl::Span<const std::string> texts,
                                                             const std::string& prompt_name, bool normalize) = 0;
  struct Model {
    int32_t dim = 0;
    int32_t max_tokens = 0;
  };
  virtual absl::StatusOr<Model> GetModel() = 0;
  // OK when grpc.health.v1 says SERVING.
  virtual absl::Status CheckHealth(absl::Duration timeout) = 0;
};

}  // namespace senvec
