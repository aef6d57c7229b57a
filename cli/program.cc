#include "cli/program.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/suggest.h"
#include "cli/environment.h"
#include "cli/help_page.h"
#include "cli/usage_error.h"
#include "dataio/standard_output.h"

namespace senvec {
namespace {

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2 };

int Fail(absl::string_view who, const absl::Status& status) {
  std::fprintf(stderr, "%s: error: %s\n", std::string(who).c_str(),
               std::string(status.message()).c_str());
  if (!IsUsageError(status)) return kFailed;
  std::fprintf(stderr, "Try: %s --help\n", std::string(who).c_str());
  return kWrongUsage;
}

int Print(absl::string_view text) {
  const absl::Status status = WriteStandardOutput(text);
  return status.ok() ? kDone : Fail("senvec", status);
}

std::string CommandList(absl::Span<const Command> commands, absl::string_view group) {
  std::string list;
  for (const Command& command : commands) {
    if (absl::StartsWith(command.name, group)) {
      absl::StrAppend(&list, HelpEntry(command.name, command.summary));
    }
  }
  return list;
}

std::string TopLevelHelp(absl::Span<const Command> commands) {
  return absl::StrCat(
      "Usage: senvec COMMAND [flags]\n\n",
      Wrap("Senvec turns sentences into vectors and finds the nearest meanings: it tokenises, encodes, "
           "whitens, indexes, searches, serves over gRPC and measures how good all of that is.",
           0, kHelpWidth),
      "\nCommands:\n", CommandList(commands, ""), HelpEntry("--version", "print the version"),
      HelpEntry("--help", "print this page; senvec COMMAND --help explains one command"),
      "\nExample:\n"
      "  # embed two sentences; each line of the output holds one vector\n"
      "  printf '密码忘了怎么办？\\n怎么重置密码？\\n' | senvec embed\n"
      "\nEnvironment:\n", EnvironmentHelp());
}

std::string GroupHelp(absl::Span<const Command> commands, const std::string& group) {
  return absl::StrCat("Usage: senvec ", group, " COMMAND [flags]\n\nCommands:\n",
                      CommandList(commands, group + " "), "\nsenvec ", group,
                      " COMMAND --help explains one command.\n");
}

// Of the command that has the group's name, where there is one.
std::string OwnHelp(absl::Span<const Command> commands, const std::string& group) {
  for (const Command& command : commands) {
    if (group != command.name) continue;
    FlagSet flags(command.name);
    const CommandRunner run = command.declare(flags);
    return flags.Help() + "\n";
  }
  return "";
}

bool IsGroup(absl::Span<const Command> commands, const std::string& word) {
  return std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
    return absl::StartsWith(command.name, word + " ");
  });
}

bool IsHelp(const std::string& word) { return word == "--help" || word == "-h" || word == "help"; }

absl::Status UnknownCommand(absl::Span<const Command> commands, const std::string& typed) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    names.push_back(command.name);
    // Also the group alone, so that "indx build" is understood.
    names.push_back(std::vector<std::string>(absl::StrSplit(command.name, ' '))[0]);
  }
  const std::string near = Suggest(typed, names);
  return UsageError(absl::StrCat("unknown command \"", typed, "\"",
                                 near.empty() ? "" : absl::StrCat("; did you mean ", near, "?")));
}

int RunCommand(const Command& command, absl::Span<const std::string> arguments) {
  const std::string who = absl::StrCat("senvec ", command.name);
  FlagSet flags(command.name);
  const CommandRunner run = command.declare(flags);
  bool wants_help = false;
  absl::Status status = flags.Parse(arguments, wants_help);
  if (status.ok() && wants_help) return Print(flags.Help());
  if (status.ok()) status = CheckEnvironment();
  if (status.ok()) status = run();
  return status.ok() ? kDone : Fail(who, status);
}

}  // namespace

int RunProgram(absl::Span<const Command> commands, absl::Span<const std::string> arguments) {
  if (arguments.empty()) return Fail("senvec", UsageError("no command is given"));
  const std::string& first = arguments[0];
  if (IsHelp(first)) return Print(TopLevelHelp(commands));
  if (first == "--version") return Print(absl::StrCat("senvec ", SENVEC_VERSION, "\n"));
  std::string name = first;
  size_t words = 1;
  // "train" is a command and a group as well: a flag after it is the command's.
  const bool is_command = std::any_of(commands.begin(), commands.end(),
                                      [&](const Command& command) { return first == command.name; });
  const bool flag_follows = arguments.size() > 1 && absl::StartsWith(arguments[1], "-") && !IsHelp(arguments[1]);
  if (IsGroup(commands, first) && !(is_command && (arguments.size() == 1 || flag_follows))) {
    const std::string who = absl::StrCat("senvec ", first);
    if (arguments.size() == 1) return Fail(who, UsageError("no command is given after the group"));
    if (IsHelp(arguments[1])) return Print(absl::StrCat(OwnHelp(commands, first), GroupHelp(commands, first)));
    absl::StrAppend(&name, " ", arguments[1]);
    words = 2;
  }
  for (const Command& command : commands) {
    if (name == command.name) return RunCommand(command, arguments.subspan(words));
  }
  return Fail("senvec", UnknownCommand(commands, name));
}

}  // namespace senvec
