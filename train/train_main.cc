// senvec-train: what `senvec train` starts. A program of its own, since libtorch brings some hundred shared libraries
// whose loading every `senvec embed` would pay for, among them another protobuf than gRPC's.
#include <malloc.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "train/data/train_config.h"
#include "train/trainer.h"

extern char** environ;

namespace senvec {
namespace {

std::atomic<bool> stop_requested = false;

void RequestStop(int) {
  stop_requested = true;
  // A second signal ends the program at once.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

std::map<std::string, std::string> Environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    variables.insert(pair);
  }
  return variables;
}

// Arguments come from `senvec train`, which has checked them: pairs of a name and a value.
int Main(int argc, char** argv) {
  // Every step asks for the same large blocks again; what was freed stays mapped, so that their pages need not be
  // cleared by the kernel each time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  std::signal(SIGINT, RequestStop);
  std::signal(SIGTERM, RequestStop);
  const absl::StatusOr<TrainConfig> config = TrainConfig::FromFile(flags["--config"], Environment());
  absl::Status status = config.status();
  if (status.ok()) {
    TrainerOptions options{.teacher_cache = flags["--teacher-cache"],
                           .command = flags["--command"],
                           .quiet = flags["--quiet"] == "yes",
                           .stop = &stop_requested};
    if (!flags["--teacher-precision"].empty()) options.teacher_precision = flags["--teacher-precision"];
    status = Train(*config, options);
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "\nsenvec train: error: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) { return senvec::Main(argc, argv); }
