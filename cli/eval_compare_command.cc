#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/usage_error.h"
#include "dataio/standard_output.h"
#include "eval/compare.h"
#include "eval/report.h"

namespace senvec {

CommandRunner DeclareEvalCompare(FlagSet& flags) {
  struct CompareFlags {
    std::vector<std::string> runs;
    int64_t resamples = 2000;
    int64_t seed = 1;
    bool json = false;
  };
  auto compare = std::make_shared<CompareFlags>();
  flags.Describe(
      "Compares two runs on the test items that they share, and says how sure one can be of each difference: paired bootstrap with a "
      "95 % interval and a p value. The runs are folders that --report wrote.");
  flags.AddPositionals("RUN_A RUN_B", &compare->runs, "the two folders");
  flags.Add("--resamples", "N", &compare->resamples, "bootstrap samples").Between(1, 1000000);
  flags.Add("--seed", "N", &compare->seed, "start of everything random").Between(0, 1e15);
  flags.Add("--json", &compare->json, "print one JSON object");
  flags.Example("senvec eval compare out/minilm out/e5", "is the second better?");
  return [compare]() -> absl::Status {
    if (compare->runs.size() != 2) return UsageError("two runs are needed: senvec eval compare RUN_A RUN_B");
    SENVEC_ASSIGN_OR_RETURN(const RunReport a, ReadReport(compare->runs[0]));
    SENVEC_ASSIGN_OR_RETURN(const RunReport b, ReadReport(compare->runs[1]));
    SENVEC_ASSIGN_OR_RETURN(const nlohmann::json result,
                            CompareRuns(a, b, static_cast<int>(compare->resamples), static_cast<uint64_t>(compare->seed)));
    return WriteStandardOutput(compare->json ? DumpJson(result) + "\n" : ComparisonText(result));
  };
}

}  // namespace senvec
