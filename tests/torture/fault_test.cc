// The N-th call to the disk fails, for every N: each operation succeeds or returns an error, nothing acknowledged is lost,
// nothing failed is seen. tests/support/fault_shim.cc makes calls fail; this program loads itself with it.
// SENVEC_FAULT_STEP = 1 tries every N (scripts/torture.sh), more only every so many.
#include <dlfcn.h>
#include <errno.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/fault_shim.h"
#include "tests/support/temp_dir.h"
#include "tests/torture/fault_workload.h"
#include "tests/torture/torture_environment.h"

namespace senvec {
namespace {

struct FaultKind {
  const char* name;
  int error;
  bool for_ever;
};
constexpr FaultKind kKinds[] = {{"EIO once", EIO, false},
                                {"EIO from then on", EIO, true},
                                {"ENOSPC once", ENOSPC, false},
                                {"ENOSPC from then on", ENOSPC, true},
                                {"a short write", 0, false}};

// A run in a process of its own, since it leaves threads and locks behind when it goes wrong.
FaultReport RunApart(const std::string& folder, const FaultKind& kind, int64_t at) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  std::filesystem::create_directories(folder);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(60);
    const FaultReport report = RunFaultWorkload(folder, at, kind.error, kind.for_ever);
    const std::string text = absl::StrCat(report.calls, " ", report.faults, " ", report.failed, " ", report.read_only,
                                          " ", report.works_on ? 1 : 0, "\n", report.wrong.substr(0, 4000));
    const bool told = ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    std::_Exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<size_t>(n));
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  FaultReport report;
  int works_on = 0, used = 0;
  if (status != 0 || std::sscanf(text.c_str(), "%ld %ld %ld %ld %d%n", &report.calls, &report.faults, &report.failed,
                                 &report.read_only, &works_on, &used) != 5) {
    report.wrong = absl::StrCat("the process ended with ", WIFSIGNALED(status) ? "signal " : "status ",
                                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return report;
  }
  report.works_on = works_on != 0;
  report.wrong = text.substr(static_cast<size_t>(used) + 1);
  return report;
}

class FaultTest : public testing::TestWithParam<FaultKind> {};

TEST_P(FaultTest, EveryCallToTheDiskMayFail) {
  if (kTortureSanitized) GTEST_SKIP() << "a sanitizer's own library must be the first that is loaded";
  ASSERT_NE(::dlsym(RTLD_DEFAULT, "senvec_fault_arm"), nullptr) << "the library that makes calls fail is not loaded";
  const int64_t step = TortureNumber("SENVEC_FAULT_STEP", 37);
  const TempDir folder;
  const FaultReport whole = RunApart(folder / "whole", GetParam(), 0);
  ASSERT_EQ(whole.wrong, "");
  ASSERT_GT(whole.calls, 100);
  int64_t tried = 0, hit = 0, failed = 0, silent = 0, read_only = 0, works_on = 0;
  // Threads of the store make the number of calls vary a little.
  for (int64_t at = TortureNumber("SENVEC_FAULT_FIRST", 1); at <= whole.calls + 5; at += step) {
    const std::string path = folder / absl::StrCat(at);
    const FaultReport report = RunApart(path, GetParam(), at);
    EXPECT_EQ(report.wrong, "") << GetParam().name << ", call " << at << " of " << whole.calls;
    ++tried;
    hit += report.faults > 0 ? 1 : 0;
    failed += report.failed > 0 ? 1 : 0;
    silent += report.faults > 0 && report.failed == 0 ? 1 : 0;
    read_only += report.read_only > 0 ? 1 : 0;
    works_on += report.works_on ? 1 : 0;
    std::filesystem::remove_all(path);
    if (::testing::Test::HasFailure() && TortureNumber("SENVEC_FAULT_GO_ON", 0) == 0) break;
  }
  std::printf("%s: %ld of %ld calls made to fail, %ld hit; an operation returned an error in %ld, none needed to in %ld; "
              "read-only for a while in %ld; writes went on without opening anew in %ld\n",
              GetParam().name, tried, whole.calls, hit, failed, silent, read_only, works_on);
}

std::ostream& operator<<(std::ostream& out, const FaultKind& kind) { return out << kind.name; }

INSTANTIATE_TEST_SUITE_P(Kinds, FaultTest, testing::ValuesIn(kKinds), [](const auto& kind) {
  std::string name = kind.param.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) {
  // First, since GoogleTest takes its flags out of argv.
  if (!senvec::kTortureSanitized && std::getenv("LD_PRELOAD") == nullptr) {
    ::setenv("LD_PRELOAD", SENVEC_FAULT_SHIM, 1);
    ::execv("/proc/self/exe", argv);
    return 127;
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
