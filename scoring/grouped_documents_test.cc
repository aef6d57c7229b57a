#include "scoring/grouped_documents.h"

#include <gmock/gmock.h>

#include <cmath>

namespace senvec {
namespace {

using testing::HasSubstr;

std::vector<float> At(double degrees) {
  const double angle = degrees * M_PI / 180;
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

GroupedDocuments Example() {
  GroupedDocuments documents(2);
  EXPECT_TRUE(documents.Add("1", "a", At(0)).ok());
  EXPECT_TRUE(documents.Add("2", "a", At(40)).ok());
  EXPECT_TRUE(documents.Add("3", "", At(30)).ok());
  EXPECT_TRUE(documents.Add("4", "b", At(90)).ok());
  return documents;
}

TEST(GroupedDocumentsTest, GivesTheClassesOfTheNearestAndBoundsTheRest) {
  const GroupedDocuments documents = Example();
  EXPECT_EQ(documents.num_classes(), 3);
  const auto two = *documents.Candidates(At(5), 2);
  ASSERT_EQ(two.candidates.size(), 2u);
  EXPECT_EQ(two.candidates[0].id, "1");
  EXPECT_EQ(two.candidates[1].id, "3");
  EXPECT_EQ(two.tail.num_classes, 2);
  EXPECT_NEAR(two.tail.largest_cosine, std::cos(25 * M_PI / 180), 1e-6);
  const auto all = *documents.Candidates(At(5), 100);
  EXPECT_EQ(all.candidates.size(), 3u);
  EXPECT_EQ(all.tail.num_classes, 0);
}

TEST(GroupedDocumentsTest, PrototypesStandForTheirGroup) {
  GroupedDocuments documents = Example();
  ASSERT_TRUE(documents.MakePrototypes().ok());
  const auto result = *documents.Candidates(At(0), 4);
  EXPECT_EQ(result.candidates[0].group, "a");
  EXPECT_NEAR(result.candidates[0].cosine, std::cos(20 * M_PI / 180), 1e-6);
}

TEST(GroupedDocumentsTest, KnowsItsClasses) {
  const GroupedDocuments documents = Example();
  EXPECT_TRUE(documents.HasClass("a"));
  EXPECT_TRUE(documents.HasClass("3"));
  EXPECT_FALSE(documents.HasClass("1"));  // a member of a group
}

TEST(GroupedDocumentsTest, NoDocumentsGiveNoCandidates) {
  const auto result = *GroupedDocuments(2).Candidates(At(0), 5);
  EXPECT_TRUE(result.candidates.empty());
  EXPECT_EQ(result.tail.num_classes, 0);
}

TEST(GroupedDocumentsTest, RefusesVectorsThatAreNotOfLengthOne) {
  GroupedDocuments documents(2);
  EXPECT_THAT(std::string(documents.Add("7", "", {{3, 4}}).message()), HasSubstr("document \"7\" has 2 values of length 5"));
  EXPECT_FALSE(documents.Add("7", "", {{NAN, 0}}).ok());
  EXPECT_FALSE(documents.Add("7", "", {{1}}).ok());
  EXPECT_EQ(documents.size(), 0);
  EXPECT_FALSE(Example().Candidates({{0, 0}}, 3).ok());
}

}  // namespace
}  // namespace senvec
