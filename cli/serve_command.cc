#include <memory>
#include <string>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/environment.h"
#include "cli/model_flags.h"
#include "cli/torch_program.h"
#include "cli/usage_error.h"
#include "service/run_server.h"
#include "service/server_config.h"

namespace senvec {
namespace {

struct ServeFlags {
  ModelFlags model;
  std::string data;
  std::string listen;
  std::string snapshots;
  std::string config;
  std::string device;
};

// Flags that were given win over the file, the file over the defaults.
absl::StatusOr<ServerConfig> ConfigOf(const ServeFlags& flags) {
  ServerConfig config;
  config.load.precision.clear();
  if (!flags.config.empty()) {
    SENVEC_ASSIGN_OR_RETURN(config, ServerConfig::FromFile(flags.config, config));
  }
  const auto override_with = [](const std::string& flag, std::string& target) {
    if (!flag.empty()) target = flag;
  };
  override_with(flags.model.model, config.model);
  if (config.model.empty()) {
    SENVEC_ASSIGN_OR_RETURN(config.model, DefaultModel());
  }
  override_with(flags.data, config.data);
  override_with(flags.listen, config.listen);
  override_with(flags.snapshots, config.snapshots);
  override_with(flags.device, config.device);
  override_with(flags.model.whitening, config.load.whitening_path);
  override_with(flags.model.precision, config.load.precision);
  // A GPU is fastest in bf16, and checks itself.
  if (config.load.precision.empty()) config.load.precision = config.device.empty() ? "fp32" : "auto";
  if (!flags.model.pooling.empty()) {
    SENVEC_ASSIGN_OR_RETURN(config.load.pooling, ParsePooling(flags.model.pooling));
  }
  if (flags.model.max_tokens > 0) config.load.max_tokens = static_cast<int32_t>(flags.model.max_tokens);
  if (flags.model.threads > 0) config.threads = static_cast<int32_t>(flags.model.threads);
  const std::string isa = EnvironmentOr(kIsaVariable, "auto");
  if (isa != "auto") config.load.isa = isa;
  return config;
}

absl::Status Serve(const ServeFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const ServerConfig config, ConfigOf(flags));
  SENVEC_RETURN_IF_ERROR(AsUsageError(config.Validate()));
  if (!config.device.empty()) {
    return ExecTorchProgram("senvec-serve", {config.ToJson(), EnvironmentOr(kLogVariable, "info")});
  }
  spdlog::set_default_logger(spdlog::stderr_color_mt("senvec"));
  spdlog::set_level(spdlog::level::from_str(EnvironmentOr(kLogVariable, "info")));
  return RunServer(config);
}

}  // namespace

CommandRunner DeclareServe(FlagSet& flags) {
  auto serve = std::make_shared<ServeFlags>();
  flags.Describe(
      "Serves embeddings and collections over gRPC (senvec.v1, with grpc.health.v1 and reflection) until SIGTERM or "
      "Ctrl-C; then health turns to NOT_SERVING, calls at work finish, collections are closed, and the exit code is 0.\n"
      "Every folder below --data that `senvec index build` made is served as a collection of that name. A write "
      "that was answered is on disk. The configuration file is a JSON object; docs/operations.md lists its keys.");
  flags.Add("--data", "DIR", &serve->data, "the folder of collections; made when it is not there (required here or in the file)");
  flags.Add("--listen", "HOST:PORT", &serve->listen, "address, 127.0.0.1:7411 unless the file says otherwise; port 0 picks a free one");
  flags.Add("--snapshots", "DIR", &serve->snapshots, "the folder where clients may keep snapshots; without it they cannot make any");
  flags.Add("--device", "NAME", &serve->device,
            "encodes with libtorch on cuda, cuda:N, or cpu, instead of our CPU engine; needs a build with libtorch. Checks "
            "itself against that engine when it starts. --precision fp32, bf16, or auto: bf16 on a GPU where it is near enough");
  flags.Add("--config", "FILE", &serve->config, "settings as JSON; flags win over them");
  DeclareModelFlags(flags, serve->model);
  DeclareWhiteningFlag(flags, serve->model);
  flags.Example("senvec serve --data data", "serve what was indexed below data/");
  return [serve] { return Serve(*serve); };
}

}  // namespace senvec
