#include "base/cpu_budget.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CpuBudgetTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  // Two nodes of the given sizes.
  void WriteNodes(int first, int second) {
    Write("node/online", "0-1");
    Write("node/node0/cpulist", "0-" + std::to_string(first - 1));
    Write("node/node1/cpulist", std::to_string(first) + "-" + std::to_string(first + second - 1));
  }
  CpuBudget Budget(int cpus) const {
    std::vector<int> allowed(cpus);
    std::iota(allowed.begin(), allowed.end(), 0);
    return Budget(allowed);
  }
  CpuBudget Budget(const std::vector<int>& allowed) const {
    return MakeCpuBudget(allowed, {.control_groups = folder_ / "cgroup", .own_groups = folder_ / "own", .nodes = folder_ / "node"});
  }

  const TempDir folder_;
};

TEST_F(CpuBudgetTest, IsTheAffinityMaskWhereNothingElseIsKnown) {
  EXPECT_EQ(Budget(6).threads, 6);
  EXPECT_EQ(Budget(std::vector<int>{}).threads, 1);
  EXPECT_THAT(Budget(6).nodes, IsEmpty());
}

struct QuotaCase {
  const char* own;
  const char* file;
  const char* text;
  int threads;  // of 8
};

TEST_F(CpuBudgetTest, AQuotaIsRoundedUpAndNeverBelowOne) {
  const QuotaCase cases[] = {
      {"0::/", "cpu.max", "250000 100000", 3},
      {"0::/", "cpu.max", "1000 100000", 1},
      {"0::/", "cpu.max", "max 100000", 8},
      {"0::/", "cpu.max", "1600000 100000", 8},
      {"0::/", "cpu.max", "nonsense", 8},
      {"0::/", "cpu.max", "-5 0", 8},
      {"0::/kube/pod", "kube/cpu.max", "200000 100000", 2},           // the group around this one's
      {"0::/kube/pod", "kube/pod/cpu.max", "150000 100000", 2},
      {"0::/kube/pod", "cpu.max", "400000 100000", 4},                // a container sees its group as the root
      {"0::/../up", "cpu.max", "400000 100000", 4},
      {"0::/a", "unified/a/cpu.max", "300000 100000", 3},             // both versions mounted
      {"", "cpu.max", "200000 100000", 2},
  };
  for (const QuotaCase& c : cases) {
    std::filesystem::remove_all(folder_ / "cgroup");
    Write("own", c.own);
    Write(std::string("cgroup/") + c.file, c.text);
    EXPECT_EQ(Budget(8).threads, c.threads) << c.own << " " << c.file << " " << c.text;
  }
}

TEST_F(CpuBudgetTest, VersionOneKeepsQuotaAndPeriodInTwoFiles) {
  const std::pair<const char*, const char*> cases[] = {{"2:cpuset:/x\n4:cpu,cpuacct:/x", "cpu,cpuacct/x"},
                                                       {"4:cpuacct,cpu:/x/y", "cpu/x"},
                                                       {"1:cpu:/outside/docker/id", "cpu"}};
  for (const auto& [own, folder] : cases) {
    for (const auto& [quota, threads] : std::vector<std::pair<const char*, int>>{{"150000", 2}, {"-1", 8}, {"50000", 1}}) {
      std::filesystem::remove_all(folder_ / "cgroup");
      Write("own", own);
      Write(std::string("cgroup/") + folder + "/cpu.cfs_quota_us", quota);
      Write(std::string("cgroup/") + folder + "/cpu.cfs_period_us", "100000");
      EXPECT_EQ(Budget(8).threads, threads) << own << " " << quota;
    }
  }
}

TEST_F(CpuBudgetTest, TheSmallestQuotaCounts) {
  Write("own", "0::/a/b");
  Write("cgroup/cpu.max", "700000 100000");
  Write("cgroup/a/cpu.max", "300000 100000");
  Write("cgroup/a/b/cpu.max", "500000 100000");
  EXPECT_EQ(Budget(8).threads, 3);
}

TEST_F(CpuBudgetTest, OneNodeNeedsNoPlaces) {
  Write("node/online", "0");
  Write("node/node0/cpulist", "0-7");
  EXPECT_THAT(Budget(8).nodes, IsEmpty());
}

TEST_F(CpuBudgetTest, ThreadsThatFitANodeStayOnTheLargest) {
  WriteNodes(2, 4);
  Write("own", "0::/");
  Write("cgroup/cpu.max", "400000 100000");
  EXPECT_EQ(Budget(6).threads, 4);
  EXPECT_THAT(Budget(6).nodes, ElementsAre(ElementsAre(2, 3, 4, 5)));
}

TEST_F(CpuBudgetTest, MoreThreadsThanANodeHasUseAllNodes) {
  WriteNodes(4, 4);
  EXPECT_EQ(Budget(8).threads, 8);
  EXPECT_THAT(Budget(8).nodes, ElementsAre(ElementsAre(0, 1, 2, 3), ElementsAre(4, 5, 6, 7)));
}

TEST_F(CpuBudgetTest, OnlyAllowedCpusOfANodeCount) {
  WriteNodes(4, 4);
  EXPECT_THAT(Budget({0, 5, 6}).nodes, ElementsAre(ElementsAre(5, 6), ElementsAre(0)));
  EXPECT_THAT(Budget({5, 6}).nodes, IsEmpty());
}

TEST(ParseCpuListTest, ReadsRangesAndRefusesTheRest) {
  EXPECT_THAT(ParseCpuList("0-2,8"), ElementsAre(0, 1, 2, 8));
  EXPECT_THAT(ParseCpuList("7"), ElementsAre(7));
  for (const char* bad : {"", "a", "3-1", "-1", "0-", "0-1-2", "0-999999", "99999999999"}) {
    EXPECT_THAT(ParseCpuList(bad), IsEmpty()) << bad;
  }
}

TEST(ReadCpuBudgetTest, ThisProcessHasAThread) { EXPECT_GE(ReadCpuBudget().threads, 1); }

}  // namespace
}  // namespace senvec
