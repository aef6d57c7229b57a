#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "encoder/sentence_encoder.h"
#include "service/batching/encode_scheduler.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Everything a server can be told. A configuration file is a JSON object with the names in quotes; flags override it.
struct ServerConfig {
  std::string model;                       // "model": the model's directory
  std::string data;                        // "data": the folder of collections; made when absent
  std::string listen = "127.0.0.1:7411";   // "listen": HOST:PORT; port 0 picks a free one
  LoadOptions load;                        // "pooling", "max_tokens", "whitening", "precision", "isa"
  // "device": what encodes. Empty = our CPU engine; "cpu", "cuda", "cuda:N" = libtorch there.
  std::string device;
  int32_t threads = 0;                     // "threads": that encode; 0 = as many as this process may use CPUs
  int32_t work_threads = 2;                // "work_threads": that read and write collections, [1, 256]
  RpcLimits limits;                        // "max_texts", "max_text_bytes", "max_k", "max_hits", "max_answer_bytes",
                                           // "max_evaluation_texts", "max_evaluation_bytes"
  EncodeSchedulerOptions scheduler;        // "max_batch_tokens", "max_queued_tokens", "sentences_per_turn"
  int64_t max_message_bytes = int64_t{64} << 20;  // "max_message_bytes", [4096, 2^31 − 1]
  int64_t memory_quota_bytes = int64_t{1} << 30;  // "memory_quota_bytes": gRPC's buffers
  int64_t cache_bytes = int64_t{256} << 20;  // "cache_bytes": documents that each collection keeps in memory, [0, 2^40]
  std::string snapshots;                     // "snapshots": the folder of snapshots; empty = clients cannot make any
  absl::Duration drain = absl::Seconds(15);          // "drain_s": how long calls may take after a SIGTERM

  // Reads a configuration file over `base`. InvalidArgument names file, key, value and range; unknown keys are refused.
  static absl::StatusOr<ServerConfig> FromJson(absl::string_view json, absl::string_view where, ServerConfig base);
  // A configuration file that says the same.
  std::string ToJson() const;
  static absl::StatusOr<ServerConfig> FromFile(const std::string& path, ServerConfig base);
  absl::Status Validate() const;
};

}  // namespace senvec
