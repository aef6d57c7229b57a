#include "scoring/scoring_file.h"

#include <gmock/gmock.h>

#include <cmath>

#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

ScoringFile Example() {
  ScoringFile file;
  file.options = {.scale = 41.7, .margin = 0.1 + 0.2, .background = 0.81, .accept_probability = 0.9, .ambiguity = 0.015};
  file.group_score = GroupScore::kPrototype;
  file.candidates = 50;
  file.precision = 0.95;
  file.model_fingerprint = "0123456789abcdef0123456789abcdef";
  file.measured = {{"auroc", 0.875}, {"coverage", 0.5}};
  return file;
}

TEST(ScoringFileTest, ComesBackToTheBit) {
  const TempDir folder;
  const std::string path = folder / "scoring.json";
  for (const bool background : {true, false}) {
    ScoringFile file = Example();
    if (!background) file.options.background.reset();
    ASSERT_TRUE(SaveScoring(file, path).ok());
    const auto read = LoadScoring(path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(SerializeScoring(*read), SerializeScoring(file));
    EXPECT_EQ(read->options.margin, file.options.margin);
    EXPECT_EQ(read->options.background, file.options.background);
    EXPECT_EQ(read->group_score, GroupScore::kPrototype);
    EXPECT_EQ(read->measured, file.measured);
  }
}

TEST(ScoringFileTest, RefusesToWriteWhatCouldNotBeRead) {
  const TempDir folder;
  ScoringFile file = Example();
  file.options.scale = NAN;
  EXPECT_THAT(std::string(SaveScoring(file, folder / "scoring.json").message()), HasSubstr("scale"));
  file = Example();
  file.candidates = 0;
  EXPECT_THAT(std::string(SaveScoring(file, folder / "scoring.json").message()), HasSubstr("candidates"));
  file = Example();
  file.measured["auroc"] = NAN;
  EXPECT_THAT(std::string(SaveScoring(file, folder / "scoring.json").message()), HasSubstr("measured \"auroc\" is nan"));
  EXPECT_FALSE(FileExists(folder / "scoring.json"));
}

struct Damage {
  const char* name;
  const char* from;
  const char* to;
  absl::StatusCode code;
  const char* message;
};

class DamageTest : public testing::TestWithParam<Damage> {};

TEST_P(DamageTest, IsAnErrorThatNamesFileAndKey) {
  const Damage& damage = GetParam();
  const std::string text = absl::StrReplaceAll(SerializeScoring(Example()), {{damage.from, damage.to}});
  const absl::Status status = ParseScoring(text, "dir/scoring.json").status();
  EXPECT_EQ(status.code(), damage.code) << status;
  EXPECT_THAT(std::string(status.message()), testing::StartsWith("dir/scoring.json"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(damage.message));
}

INSTANTIATE_TEST_SUITE_P(
    All, DamageTest,
    testing::Values(Damage{"Edited", "41.7", "41.8", absl::StatusCode::kDataLoss, "\"checksum\" does not fit"},
                    Damage{"Cut", "}\n", "", absl::StatusCode::kInvalidArgument, "not valid JSON"},
                    Damage{"Unknown", "\"ambiguity\"", "\"ambiguous\"", absl::StatusCode::kInvalidArgument, "unknown key \"ambiguous\""},
                    Damage{"NoFormat", "\"format\"", "\"fromat\"", absl::StatusCode::kInvalidArgument, "\"format\" is missing"},
                    Damage{"Newer", "\"format\": 1", "\"format\": 2", absl::StatusCode::kFailedPrecondition, "\"format\" is 2, this program reads 1"},
                    Damage{"NoChecksum", "\"checksum\": \"", "\"checksum\": null, \"measured\": \"", absl::StatusCode::kInvalidArgument, "\"checksum\" is missing"}),
    [](const auto& test) { return test.param.name; });

TEST(ScoringFileTest, NoObjectIsAnError) {
  for (const char* text : {"", "[]", "7", "null", "{}", "{\"format\":1}"}) {
    EXPECT_THAT(std::string(ParseScoring(text, "f").status().message()), testing::StartsWith("f: ")) << text;
  }
}

TEST(ScoringFileTest, AMissingFileIsNamed) {
  EXPECT_EQ(LoadScoring("/nonexistent/scoring.json").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
