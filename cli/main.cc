#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return senvec::RunProgram(senvec::Commands(), arguments);
}
