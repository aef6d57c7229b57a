#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <cmath>
#include <fstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/thread_pool.h"
#include "eval/run.h"

namespace senvec {
namespace {

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || !absl::StartsWith(line, "model name")) continue;
    return std::string(absl::StripAsciiWhitespace(absl::string_view(line).substr(colon + 1)));
  }
  return "";
}

}  // namespace

nlohmann::json DescribeMachine() {
  nlohmann::json out;
  const std::string cpu = CpuName();
  if (!cpu.empty()) out["cpu"] = cpu;
  out["cpus"] = ThreadPool::AvailableCpus();
  utsname name;
  if (uname(&name) == 0) out["kernel"] = absl::StrCat(name.sysname, " ", name.release, " ", name.machine);
  struct sysinfo info;
  if (sysinfo(&info) == 0) {
    const double bytes = static_cast<double>(info.totalram) * info.mem_unit;
    out["memory_gib"] = std::round(bytes / (1 << 30) * 10) / 10;
  }
  return out;
}

}  // namespace senvec
