#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "cli/flag_set.h"

namespace senvec {

// Does a command's work once its flags are parsed.
using CommandRunner = std::function<absl::Status()>;

// One row of the table of commands.
struct Command {
  const char* name;     // as typed after "senvec": "embed", "whiten fit"
  const char* summary;  // one line for the list
  // Declares flags and help; what it returns owns the flags' targets and may use `flags`, which outlives it.
  CommandRunner (*declare)(FlagSet& flags);
};

// All commands, in the order of the list that `senvec --help` prints.
absl::Span<const Command> Commands();

CommandRunner DeclareClassifyApply(FlagSet& flags);
CommandRunner DeclareClassifyFit(FlagSet& flags);
CommandRunner DeclareDoctor(FlagSet& flags);
CommandRunner DeclareEmbed(FlagSet& flags);
CommandRunner DeclareEvalAll(FlagSet& flags);
CommandRunner DeclareEvalCompare(FlagSet& flags);
CommandRunner DeclareEvalIntents(FlagSet& flags);
CommandRunner DeclareEvalPairs(FlagSet& flags);
CommandRunner DeclareEvalRetrieval(FlagSet& flags);
CommandRunner DeclareEvalCalibrate(FlagSet& flags);
CommandRunner DeclareEvalSts(FlagSet& flags);
CommandRunner DeclareHealth(FlagSet& flags);
CommandRunner DeclareIndexBuild(FlagSet& flags);
CommandRunner DeclareIndexCount(FlagSet& flags);
CommandRunner DeclareIndexDelete(FlagSet& flags);
CommandRunner DeclareIndexExport(FlagSet& flags);
CommandRunner DeclareIndexGet(FlagSet& flags);
CommandRunner DeclareIndexImport(FlagSet& flags);
CommandRunner DeclareIndexInfo(FlagSet& flags);
CommandRunner DeclareIndexOptimize(FlagSet& flags);
CommandRunner DeclareIndexRestore(FlagSet& flags);
CommandRunner DeclareIndexSnapshot(FlagSet& flags);
CommandRunner DeclareModelInfo(FlagSet& flags);
CommandRunner DeclareSearch(FlagSet& flags);
CommandRunner DeclareServe(FlagSet& flags);
CommandRunner DeclareSimilarity(FlagSet& flags);
CommandRunner DeclareTokenize(FlagSet& flags);
CommandRunner DeclareTrainVocab(FlagSet& flags);
CommandRunner DeclareTrain(FlagSet& flags);
CommandRunner DeclareTrainDistill(FlagSet& flags);
CommandRunner DeclareWhitenApply(FlagSet& flags);
CommandRunner DeclareWhitenFit(FlagSet& flags);
CommandRunner DeclareWhitenTune(FlagSet& flags);

}  // namespace senvec
