#include "base/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"

namespace senvec {
namespace {

constexpr int kMostCpus = 4096, kMostNodes = 1024;
constexpr double kNoLimit = std::numeric_limits<double>::infinity();

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// CPUs that quota and period, in microseconds, stand for; "max" and −1 are no limit.
double Share(const std::string& quota, const std::string& period) {
  double q = 0, p = 0;
  if (!absl::SimpleAtod(quota, &q) || !absl::SimpleAtod(period, &p) || q <= 0 || p <= 0) return kNoLimit;
  return q / p;
}

double QuotaOfV2(const std::string& folder) {
  const std::vector<std::string> parts = absl::StrSplit(FirstLine(JoinPath(folder, "cpu.max")), ' ');
  return parts.size() == 2 ? Share(parts[0], parts[1]) : kNoLimit;
}

double QuotaOfV1(const std::string& folder) {
  return Share(FirstLine(JoinPath(folder, "cpu.cfs_quota_us")), FirstLine(JoinPath(folder, "cpu.cfs_period_us")));
}

// The smallest quota of `group` below `root` and of the groups around it. A container often sees only its own group, at the
// root, under the path that it has outside: folders that are not there set no limit.
double SmallestQuota(const std::string& root, absl::string_view group, double (*quota)(const std::string& folder)) {
  double smallest = quota(root);
  std::string folder = root;
  for (absl::string_view part : absl::StrSplit(group, '/', absl::SkipEmpty())) {
    if (part == "..") break;  // outside of what this process may see
    folder = JoinPath(folder, part);
    smallest = std::min(smallest, quota(folder));
  }
  return smallest;
}

double Quota(const CpuSources& sources) {
  const std::string& root = sources.control_groups;
  double quota = kNoLimit;
  std::ifstream file(sources.own_groups);
  for (std::string line; std::getline(file, line);) {
    // "0::/group" is version 2's; "4:cpu,cpuacct:/group" is one of version 1's, mounted under the controllers' names.
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    if (fields[0] == "0" && fields[1].empty()) {
      quota = std::min(quota, SmallestQuota(root, fields[2], QuotaOfV2));
      quota = std::min(quota, SmallestQuota(JoinPath(root, "unified"), fields[2], QuotaOfV2));
      continue;
    }
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (std::find(controllers.begin(), controllers.end(), "cpu") == controllers.end()) continue;
    quota = std::min(quota, SmallestQuota(JoinPath(root, fields[1]), fields[2], QuotaOfV1));
    quota = std::min(quota, SmallestQuota(JoinPath(root, "cpu"), fields[2], QuotaOfV1));
  }
  // Without a list of groups there is still the root.
  return std::min(quota, std::min(QuotaOfV2(root), QuotaOfV1(JoinPath(root, "cpu"))));
}

// The allowed CPUs of each node that has any, the largest node first.
std::vector<std::vector<int>> AllowedByNode(absl::Span<const int> allowed, const std::string& folder) {
  std::vector<std::vector<int>> nodes;
  for (int node : ParseCpuList(FirstLine(JoinPath(folder, "online")))) {
    if (node >= kMostNodes) continue;
    std::vector<int> cpus;
    for (int cpu : ParseCpuList(FirstLine(absl::StrCat(folder, "/node", node, "/cpulist")))) {
      if (std::find(allowed.begin(), allowed.end(), cpu) != allowed.end()) cpus.push_back(cpu);
    }
    if (!cpus.empty()) nodes.push_back(std::move(cpus));
  }
  std::stable_sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return nodes;
}

}  // namespace

std::vector<int> ParseCpuList(const std::string& list) {
  std::vector<int> cpus;
  for (absl::string_view range : absl::StrSplit(list, ',')) {
    const std::vector<std::string> ends = absl::StrSplit(range, '-');
    int first = 0, last = 0;
    if (ends.size() > 2 || !absl::SimpleAtoi(ends[0], &first) || !absl::SimpleAtoi(ends.back(), &last)) return {};
    if (first < 0 || last < first || last >= kMostCpus) return {};
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

CpuBudget MakeCpuBudget(absl::Span<const int> allowed, const CpuSources& sources) {
  CpuBudget budget;
  const int cpus = std::max(1, static_cast<int>(allowed.size()));
  const double quota = std::ceil(Quota(sources));
  budget.threads = quota < cpus ? std::max(1, static_cast<int>(quota)) : cpus;
  std::vector<std::vector<int>> nodes = AllowedByNode(allowed, sources.nodes);
  if (nodes.size() < 2) return budget;
  if (static_cast<size_t>(budget.threads) <= nodes[0].size()) nodes.resize(1);
  budget.nodes = std::move(nodes);
  return budget;
}

CpuBudget ReadCpuBudget() {
  std::vector<int> allowed;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) allowed.push_back(cpu);
    }
  }
  return MakeCpuBudget(allowed);
}

}  // namespace senvec
