#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/server_config.h"

namespace senvec {

// Loads what config.model and config.load name; the pool outlives it.
using EncoderLoader = absl::StatusOr<std::unique_ptr<SentenceEncoder>> (*)(const ServerConfig& config, ThreadPool* pool);
absl::StatusOr<std::unique_ptr<SentenceEncoder>> LoadCpuEngine(const ServerConfig& config, ThreadPool* pool);

// A running Senvec server: model, collections, gRPC services, grpc.health.v1 and reflection.
class Server {
 public:
  // Opens the collections, loads the model and listens; serves when this returns, not before all are open. FailedPrecondition when the data
  // directory is locked by another process; Unavailable when the port is taken; errors of SentenceEncoder::Load().
  // `load` loads the encoder on the server's threads; by default it is our CPU engine, whatever config.device says.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerConfig& config, EncoderLoader load = LoadCpuEngine);
  // The same with an encoder that is there already; config.model and config.load are not looked at.
  static absl::StatusOr<std::unique_ptr<Server>> StartWith(const ServerConfig& config,
                                                           std::unique_ptr<SentenceEncoder> encoder);
  virtual ~Server() = default;

  virtual int port() const = 0;
  virtual const ModelInfo& model() const = 0;
  // Health says NOT_SERVING, calls at work finish (at most config.drain), collections are closed. There is nothing to
  // save: writes were on disk when they were answered. Thread-safe; later calls do nothing.
  virtual void Shutdown() = 0;
};

}  // namespace senvec
