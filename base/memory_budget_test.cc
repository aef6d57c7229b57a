#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

class MemoryBudgetTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) {
    const std::string path = folder_ / name;
    ASSERT_TRUE(MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }
  int64_t Usable() const {
    return UsableMemory(
        {.control_groups = folder_ / "cgroup", .own_groups = folder_ / "self", .machine = folder_ / "meminfo"});
  }

  const TempDir folder_;
};

TEST_F(MemoryBudgetTest, TheMachinesMemoryWithoutLimits) {
  Write("meminfo", "MemTotal:       24684088 kB\nMemFree: 1 kB\n");
  EXPECT_EQ(Usable(), int64_t{24684088} * 1024);
  Write("cgroup/memory.max", "max\n");
  EXPECT_EQ(Usable(), int64_t{24684088} * 1024);
}

TEST_F(MemoryBudgetTest, TheSmallestLimitOfTheGroupsAroundIt) {
  Write("meminfo", "MemTotal: 8000000 kB\n");
  Write("self", "0::/outer/inner\n");
  Write("cgroup/outer/memory.max", "1000000\n");
  Write("cgroup/outer/inner/memory.max", "2000000\n");
  EXPECT_EQ(Usable(), 1000000);
}

TEST_F(MemoryBudgetTest, VersionOneHasItsOwnFolderAndWordForNone) {
  Write("meminfo", "MemTotal: 8000000 kB\n");
  Write("self", "5:memory:/a\n");
  Write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Usable(), int64_t{8000000} * 1024);
  Write("cgroup/memory/a/memory.limit_in_bytes", "3000000\n");
  EXPECT_EQ(Usable(), 3000000);
}

TEST_F(MemoryBudgetTest, SomethingModestWhereNothingCanBeRead) { EXPECT_EQ(Usable(), int64_t{1} << 30); }

}  // namespace
}  // namespace senvec
