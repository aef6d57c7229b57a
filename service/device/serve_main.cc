// senvec-serve: what `senvec serve --device` becomes. A program of its own, since libtorch brings some hundred shared libraries
// whose loading every other command would pay for (docs/dependencies.md).
#include <cstdio>
#include <memory>
#include <string>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/status_macros.h"
#include "encoder/torch/torch_encoder.h"
#include "service/run_server.h"

namespace senvec {
namespace {

absl::StatusOr<std::unique_ptr<SentenceEncoder>> LoadOnDevice(const ServerConfig& config, ThreadPool* pool) {
  return LoadTorchEncoder(config.model, config.device, config.load, pool);
}

// Arguments come from `senvec serve`, which has checked them: the configuration as JSON, and the log's level.
absl::Status Serve(const std::string& json, const std::string& log_level) {
  SENVEC_ASSIGN_OR_RETURN(const ServerConfig config, ServerConfig::FromJson(json, "senvec-serve's configuration", {}));
  spdlog::set_default_logger(spdlog::stderr_color_mt("senvec"));
  spdlog::set_level(spdlog::level::from_str(log_level));
  return RunServer(config, LoadOnDevice);
}

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "senvec-serve is started by `senvec serve --device NAME`; see `senvec serve --help`\n");
    return 2;
  }
  const absl::Status status = senvec::Serve(argv[1], argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "senvec serve: error: %s\n", std::string(status.message()).c_str());
  return 1;
}
