#include "service/run_server.h"

#include <signal.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/server.h"

namespace senvec {

absl::Status RunServer(const ServerConfig& config, EncoderLoader load) {
  SENVEC_RETURN_IF_ERROR(config.Validate());
  // Threads inherit the mask, so that only sigwait() below receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  spdlog::info("loading {}", config.model);
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Start(config, load));
  const ModelInfo& model = server->model();
  spdlog::info("model {} ({} values, at most {} tokens, {} on {})", model.fingerprint, model.dim, model.max_tokens, model.precision, model.isa);
  if (!model.precision_report.empty()) spdlog::info("self-test: {}", model.precision_report);
  const std::string host = config.listen.substr(0, config.listen.rfind(':'));
  spdlog::info("serving on {}:{}", host, server->port());
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  spdlog::info("{}: finishing calls, then closing collections", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
  server->Shutdown();
  spdlog::info("closed; good-bye");
  return absl::OkStatus();
}

}  // namespace senvec
