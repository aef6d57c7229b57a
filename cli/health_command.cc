#include <memory>
#include <string>

#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/remote.h"
#include "dataio/standard_output.h"

namespace senvec {
namespace {

struct HealthFlags {
  std::string server = "127.0.0.1:7411";
  double timeout_s = 2;
};

absl::Status Health(const HealthFlags& flags) {
  SENVEC_RETURN_IF_ERROR(RemoteServer::At(flags.server)->CheckHealth(absl::Seconds(flags.timeout_s)));
  return WriteStandardOutput("SERVING\n");
}

}  // namespace

CommandRunner DeclareHealth(FlagSet& flags) {
  auto health = std::make_shared<HealthFlags>();
  flags.Describe("Asks a server's grpc.health.v1 service whether it serves: exit code 0 when it does, 1 when not. For "
                 "scripts and containers.");
  flags.Add("--server", "HOST:PORT", &health->server, "the server's address");
  flags.Add("--timeout", "SECONDS", &health->timeout_s, "how long to wait for a server that starts").Between(0.01, 3600);
  flags.Example("senvec health --timeout 60 && echo ready", "wait up to a minute for a server");
  return [health] { return Health(*health); };
}

}  // namespace senvec
