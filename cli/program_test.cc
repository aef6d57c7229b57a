#include "cli/program.h"

#include <gmock/gmock.h>

#include "cli/command.h"

namespace senvec {
namespace {

int RunWith(const std::vector<std::string>& arguments) { return RunProgram(Commands(), arguments); }

TEST(ProgramTest, ExitCodesTellSuccessFailureAndWrongUsage) {
  EXPECT_EQ(RunWith({"--help"}), 0);
  EXPECT_EQ(RunWith({"--version"}), 0);
  EXPECT_EQ(RunWith({"whiten", "--help"}), 0);
  EXPECT_EQ(RunWith({}), 2);
  EXPECT_EQ(RunWith({"embde"}), 2);
  EXPECT_EQ(RunWith({"whiten"}), 2);
  EXPECT_EQ(RunWith({"embed", "--output"}), 2);
  EXPECT_EQ(RunWith({"search", "--k", "0", "q"}), 2);
  EXPECT_EQ(RunWith({"model", "info", "--model", "/nonexistent/model"}), 1);
}

TEST(ProgramTest, EveryCommandExplainsItself) {
  for (const Command& command : Commands()) {
    FlagSet flags(command.name);
    command.declare(flags);
    const std::string page = flags.Help();
    EXPECT_THAT(page, testing::HasSubstr(std::string("Usage: senvec ") + command.name));
    EXPECT_THAT(page, testing::HasSubstr("Example"));
  }
}

}  // namespace
}  // namespace senvec
