#include "base/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/control_groups.h"
#include "base/file.h"

namespace senvec {
namespace {

constexpr int kMostCpus = 4096, kMostNodes = 1024;

// CPUs that quota and period, in microseconds, stand for; "max" and −1 are no limit.
double Share(const std::string& quota, const std::string& period) {
  double q = 0, p = 0;
  if (!absl::SimpleAtod(quota, &q) || !absl::SimpleAtod(period, &p) || q <= 0 || p <= 0) return kNoGroupLimit;
  return q / p;
}

double QuotaOfV2(const std::string& folder) {
  const std::vector<std::string> parts = absl::StrSplit(FirstLine(JoinPath(folder, "cpu.max")), ' ');
  return parts.size() == 2 ? Share(parts[0], parts[1]) : kNoGroupLimit;
}

double QuotaOfV1(const std::string& folder) {
  return Share(FirstLine(JoinPath(folder, "cpu.cfs_quota_us")), FirstLine(JoinPath(folder, "cpu.cfs_period_us")));
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
  const double quota =
      std::ceil(SmallestGroupLimit(sources.control_groups, sources.own_groups, "cpu", QuotaOfV2, QuotaOfV1));
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
