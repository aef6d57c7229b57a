#pragma once

#include "absl/status/status.h"
#include "service/server.h"
#include "service/server_config.h"

namespace senvec {

// Serves until SIGTERM or SIGINT, then drains and closes. Logs to standard error. To be called from the main thread
// before any other thread is started: it blocks those signals for the whole process.
absl::Status RunServer(const ServerConfig& config, EncoderLoader load = LoadCpuEngine);

}  // namespace senvec
