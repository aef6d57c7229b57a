#include "bulk/build_state.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

BuildState Example() {
  BuildState state;
  state.settings = {{"--kind", "hnsw"}, {"--m", "16"}, {"--format", ""}};
  state.position = {12, 3456, "0123"};
  state.num_rejects = 2;
  state.reject_bytes = 70;
  state.num_tokens = 99;
  state.num_truncated = 1;
  return state;
}

TEST(BuildStateTest, ComesBackFromJson) {
  const BuildState state = Example();
  const BuildState again = BuildState::FromJson(state.ToJson()).value();
  EXPECT_EQ(again.settings, state.settings);
  EXPECT_EQ(again.position, state.position);
  EXPECT_EQ(again.num_rejects, 2);
  EXPECT_EQ(again.reject_bytes, 70);
  EXPECT_EQ(again.num_tokens, 99);
  EXPECT_EQ(again.num_truncated, 1);
}

TEST(BuildStateTest, RefusesWhatIsNoState) {
  std::string newer = Example().ToJson();
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":2");
  for (const std::string& json : {std::string("{"), std::string("[]"), std::string("{}"), newer,
                                  std::string(R"({"version":1,"records":-1})"), std::string(R"({"version":"1"})")}) {
    EXPECT_EQ(BuildState::FromJson(json).status().code(), absl::StatusCode::kDataLoss) << json;
  }
}

TEST(BuildStateTest, NamesEachSettingThatDiffers) {
  const BuildState state = Example();
  EXPECT_TRUE(state.CheckSettings(state.settings, "x").ok());
  EXPECT_TRUE(state.CheckSettings({{"--kind", "hnsw"}, {"--m", "16"}}, "x").ok());  // empty is not given
  const absl::Status status = state.CheckSettings({{"--kind", "ivf"}, {"--m", "16"}, {"--ids", "given"}}, "data/.x.partial");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("--kind was hnsw and is ivf"), HasSubstr("--ids was not given and is given"),
                                                   HasSubstr("data/.x.partial"), HasSubstr("--restart"), Not(HasSubstr("--m was"))));
}

}  // namespace
}  // namespace senvec
