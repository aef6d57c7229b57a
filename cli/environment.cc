#include "cli/environment.h"

#include <cstdlib>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "base/status_macros.h"
#include "cli/help_page.h"
#include "cli/usage_error.h"

namespace senvec {
namespace {

// The first word is the default.
constexpr const char* kIsaWords[] = {"auto", "baseline", "avx2", "avx512"};
constexpr const char* kLogWords[] = {"info", "trace", "debug", "warn", "error", "off"};

absl::Status CheckVariable(const char* variable, absl::Span<const char* const> words) {
  const std::string value = EnvironmentOr(variable, words[0]);
  if (absl::c_linear_search(words, value)) return absl::OkStatus();
  return UsageError(absl::StrCat("environment variable ", variable, " is \"", value,
                                 "\", which is not one of ", absl::StrJoin(words, ", ")));
}

}  // namespace

std::string EnvironmentOr(const char* variable, absl::string_view fallback) {
  const char* value = std::getenv(variable);
  return value == nullptr || *value == '\0' ? std::string(fallback) : value;
}

absl::Status CheckEnvironment() {
  SENVEC_RETURN_IF_ERROR(CheckVariable(kIsaVariable, kIsaWords));
  return CheckVariable(kLogVariable, kLogWords);
}

std::string EnvironmentHelp() {
  return absl::StrCat(
      HelpEntry(kIsaVariable, absl::StrCat("instruction set of the kernels: ",
                                           absl::StrJoin(kIsaWords, ", "),
                                           " (default auto, the best this CPU has)")),
      HelpEntry(kLogVariable, absl::StrCat("lowest level that is logged: ",
                                           absl::StrJoin(kLogWords, ", "), " (default info)")),
      HelpEntry(kModelVariable, "directory of the model that is taken where --model is left out (default the one that comes "
                                "with Senvec)"));
}

}  // namespace senvec
