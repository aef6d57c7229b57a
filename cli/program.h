#pragma once

#include <string>

#include "absl/types/span.h"
#include "cli/command.h"

namespace senvec {

// Finds the command, parses its flags, runs it and prints its error. `arguments` are those after the program's name.
// Returns the exit code: 0 done, 1 failed, 2 wrong usage.
int RunProgram(absl::Span<const Command> commands, absl::Span<const std::string> arguments);

}  // namespace senvec
