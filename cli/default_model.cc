#include "cli/default_model.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "cli/environment.h"
#include "cli/usage_error.h"

namespace senvec {
namespace {

constexpr char kName[] = "senvec-zh-small";

bool IsModel(const std::filesystem::path& folder) {
  return FileExists((folder / "config.json").string()) || FileExists((folder / "modules.json").string());
}

}  // namespace

absl::StatusOr<std::string> DefaultModel() {
  const std::string named = EnvironmentOr(kModelVariable, "");
  if (!named.empty()) {
    if (IsModel(named)) return named;
    return UsageError(absl::StrCat("environment variable ", kModelVariable, " names ", named, ", which is no model's directory"));
  }
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path bin = error ? std::filesystem::path(".") : program.parent_path();
  // bin/ of an installation, and build/PRESET/bin/ of a source tree.
  for (const std::filesystem::path& folder : {bin / ".." / "share/senvec/models" / kName,
                                              bin / "../../.." / "share/models" / kName}) {
    if (IsModel(folder)) return folder.lexically_normal().string();
  }
  return UsageError(absl::StrCat("give --model DIR, or name a directory in ", kModelVariable, ": ", kName,
                                 " is not there; scripts/get-model.sh fetches one"));
}

}  // namespace senvec
