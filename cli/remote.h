#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "index/collection.h"

namespace senvec {

// What the command line asks of a running server. Errors are the server's own; Unavailable says that none answers at
// the address.
class RemoteServer {
 public:
  // `address`: HOST:PORT. Connects at the first call.
  static std::unique_ptr<RemoteServer> At(const std::string& address);
  virtual ~RemoteServer() = default;

  // For each query its hits.
  virtual absl::StatusOr<std::vector<std::vector<Hit>>> Search(const std::string& collection,
                                                               const std::vector<std::string>& queries, int32_t k) = 0;
  // texts × dim values and the tokens of each text.
  struct Embedded {
    std::vector<std::vector<float>> rows;
    std::vector<int32_t> num_tokens, num_truncated;
  };
  // `prompt_name` empty = the model's default.
  virtual absl::StatusOr<Embedded> Embed(const std::vector<std::string>& texts, const std::string& prompt_name) = 0;
  // OK when grpc.health.v1 says SERVING.
  virtual absl::Status CheckHealth(absl::Duration timeout) = 0;
};

}  // namespace senvec
