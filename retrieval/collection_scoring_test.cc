#include "retrieval/collection_scoring.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

class CollectionScoringTest : public testing::Test {
 protected:
  CollectionOptions Options() const {
    CollectionOptions options;
    options.name = "c";
    options.index.dim = 2;
    options.model_fingerprint = "model";
    options.whitening_fingerprint = "white";
    return options;
  }
  std::unique_ptr<Collection> Make(const CollectionOptions& options) { return *Collection::Create(folder_ / "c", options); }
  static ScoringFile Scoring() {
    ScoringFile scoring;
    scoring.options = {.scale = 40, .margin = 0.1, .background = 0.7, .accept_probability = 0.6, .ambiguity = 0.02};
    scoring.candidates = 50;
    scoring.precision = 0.95;
    scoring.model_fingerprint = "model";
    scoring.whitening_fingerprint = "white";
    scoring.measured = {{"auroc", 0.9}};
    return scoring;
  }

  const TempDir folder_;
};

TEST_F(CollectionScoringTest, IsThereAfterARestartAndInASnapshot) {
  {
    const auto collection = Make(Options());
    EXPECT_FALSE(ScoringOf(*collection)->has_value());
    ASSERT_TRUE(SetScoring(*collection, Scoring()).ok());
    ASSERT_TRUE(collection->Snapshot(folder_ / "copy").ok());
  }
  for (const char* name : {"c", "copy"}) {
    const auto scoring = *ScoringOf(**Collection::OpenForReading(folder_ / name));
    ASSERT_TRUE(scoring.has_value()) << name;
    EXPECT_EQ(SerializeScoring(*scoring), SerializeScoring(Scoring()));
  }
}

TEST_F(CollectionScoringTest, TheLastOneCountsAndRemovingLeavesNone) {
  const auto collection = Make(Options());
  ScoringFile second = Scoring();
  second.options.background.reset();
  ASSERT_TRUE(SetScoring(*collection, Scoring()).ok());
  ASSERT_TRUE(SetScoring(*collection, second).ok());
  EXPECT_FALSE((*ScoringOf(*collection))->options.background.has_value());
  ASSERT_TRUE(RemoveScoring(*collection).ok());
  EXPECT_FALSE(ScoringOf(*collection)->has_value());
  ASSERT_TRUE(RemoveScoring(*collection).ok());
}

TEST_F(CollectionScoringTest, WhatDoesNotFitIsRefusedByName) {
  const auto collection = Make(Options());
  const auto refused = [&](auto change) {
    ScoringFile scoring = Scoring();
    change(scoring);
    const absl::Status status = SetScoring(*collection, scoring);
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  };
  EXPECT_THAT(refused([](ScoringFile& s) { s.model_fingerprint = "other"; }),
              HasSubstr("calibrated with model other, collection \"c\" was made with model; calibrate"));
  EXPECT_THAT(refused([](ScoringFile& s) { s.whitening_fingerprint = ""; }),
              HasSubstr("calibrated with whitening none, collection \"c\" was made with white; calibrate"));
  EXPECT_THAT(refused([](ScoringFile& s) { s.group_score = GroupScore::kPrototype; }), HasSubstr("--group-score max"));
  EXPECT_THAT(refused([](ScoringFile& s) { s.options.scale = std::numeric_limits<double>::quiet_NaN(); }),
              HasSubstr("\"scale\" must be in"));
  EXPECT_FALSE(ScoringOf(*collection)->has_value());
}

TEST_F(CollectionScoringTest, NeedsCosines) {
  CollectionOptions options = Options();
  options.index.metric = Metric::kL2;
  const auto collection = Make(options);
  EXPECT_THAT(std::string(SetScoring(*collection, Scoring()).message()), HasSubstr("collection \"c\" has metric l2"));
}

TEST_F(CollectionScoringTest, WhatIsStoredAndNoScoringIsNamed) {
  const auto collection = Make(Options());
  WriteOptions options;
  options.notes = {{"scoring", "{}"}};
  ASSERT_TRUE(collection->Upsert({}, options).ok());
  const auto scoring = ScoringOf(*collection);
  EXPECT_EQ(scoring.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(scoring.status().message()), HasSubstr("the scoring of collection \"c\""));
}

}  // namespace
}  // namespace senvec
