#include <cstdlib>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  // gRPC's own log repeats in its terms what our errors say; whoever wants it sets the variable.
  ::setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return senvec::RunProgram(senvec::Commands(), arguments);
}
