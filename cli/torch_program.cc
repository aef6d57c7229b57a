#include "cli/torch_program.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace senvec {

absl::Status ExecTorchProgram(const std::string& name, const std::vector<std::string>& arguments) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return absl::InternalError(absl::StrCat("/proc/self/exe: ", error.message()));
  const std::string program = (own.parent_path() / name).string();
  if (!FileExists(program)) {
    return absl::UnimplementedError(
        absl::StrCat("there is no ", program,
                     ": this senvec was built without libtorch. Install libtorch-dev, or name another libtorch in "
                     "CMAKE_PREFIX_PATH, and build again with -DSENVEC_TORCH=ON"));
  }
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  // A thread that waits for the others' part of a step spins for some microseconds before it sleeps: 6 % faster than going
  // to sleep at once, and than spinning for milliseconds on cores that others use too. OpenMP reads it as it starts.
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "20000", /*overwrite=*/0);
  ::execv(program.c_str(), argv.data());
  return ErrnoToStatus(errno, program);
}

}  // namespace senvec
