#include "cli/flag_set.h"

#include <gmock/gmock.h>

#include "cli/usage_error.h"

namespace senvec {
namespace {

using testing::HasSubstr;

class FlagSetTest : public testing::Test {
 protected:
  FlagSetTest() {
    flags_.Describe("Does a thing.");
    flags_.Add("--model", "DIR", &model_, "the model").Required();
    flags_.Add("--k", "N", &k_, "how many").Between(1, 10);
    flags_.Add("--beta", "B", &beta_, "share").Between(0, 1);
    flags_.Add("--kind", "NAME", &kind_, "kind").OneOf({"exact", "hnsw"});
    flags_.Add("--json", &json_, "as JSON");
    flags_.AddPositionals("QUERY...", &queries_, "queries");
    flags_.Example("senvec thing --model m q", "an example");
  }
  std::string Fault(const std::vector<std::string>& arguments) {
    bool help = false;
    const absl::Status status = flags_.Parse(arguments, help);
    EXPECT_TRUE(status.ok() || IsUsageError(status)) << status;
    return std::string(status.message());
  }

  std::string model_, kind_ = "exact";
  int64_t k_ = 5;
  double beta_ = 1;
  bool json_ = false;
  std::vector<std::string> queries_;
  FlagSet flags_{"thing"};
};

TEST_F(FlagSetTest, FillsTargetsAndKeepsDefaults) {
  EXPECT_EQ(Fault({"--model", "m", "--k=7", "--json", "a query", "[x,y]", "--", "--not-a-flag"}), "");
  EXPECT_EQ(model_, "m");
  EXPECT_EQ(k_, 7);
  EXPECT_EQ(beta_, 1);
  EXPECT_TRUE(json_);
  EXPECT_THAT(queries_, testing::ElementsAre("a query", "[x,y]", "--not-a-flag"));
}

TEST_F(FlagSetTest, NamesWhatIsWrong) {
  EXPECT_THAT(Fault({}), HasSubstr("--model DIR is missing"));
  EXPECT_THAT(Fault({"--model", "m", "--k", "11"}), testing::AllOf(HasSubstr("--k"), HasSubstr("from 1 to 10")));
  EXPECT_THAT(Fault({"--model", "m", "--k", "two"}), HasSubstr("\"two\""));
  EXPECT_THAT(Fault({"--model", "m", "--beta", "nan"}), HasSubstr("--beta"));
  EXPECT_THAT(Fault({"--model", "m", "--kind", "flat"}), HasSubstr("exact, hnsw"));
  EXPECT_THAT(Fault({"--modle", "m"}), HasSubstr("did you mean --model?"));
}

TEST_F(FlagSetTest, RefusesWhatWasGivenEvenAtItsDefault) {
  EXPECT_EQ(Fault({"--model", "m", "--k", "5"}), "");
  EXPECT_TRUE(flags_.RefuseGiven({"--beta", "--json"}, "not here").ok());
  EXPECT_EQ(flags_.RefuseGiven({"--beta", "--k"}, "not here").message(), "--k: not here");
  EXPECT_EQ(Fault({"--model", "m"}), "");
  EXPECT_TRUE(flags_.RefuseGiven({"--k"}, "not here").ok());
}

TEST_F(FlagSetTest, HelpShowsEveryFlagItsDefaultAndTheExample) {
  bool help = false;
  EXPECT_TRUE(flags_.Parse({"--help"}, help).ok());
  EXPECT_TRUE(help);
  const std::string page = flags_.Help();
  for (const char* part : {"Usage: senvec thing --model DIR", "(required)", "(default 5)", "exact, hnsw", "QUERY...", "senvec thing --model m q"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
}

}  // namespace
}  // namespace senvec
