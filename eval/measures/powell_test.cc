// The sweep over cut points against Powell's search, which bojone/CoSENT chooses thresholds with.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "eval/measures/threshold.h"

namespace senvec {
namespace {

TEST(PowellTest, TheSweepIsNeverWorseOnAThousandTuningSets) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/powell.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ((*file)["cases"].size(), 1000u);
  int better = 0;
  for (const auto& c : (*file)["cases"]) {
    std::vector<double> scores;
    for (const int thousandths : c["scores"]) scores.push_back(thousandths / 1000.0);
    std::vector<uint8_t> labels;
    for (const char label : c["labels"].get<std::string>()) labels.push_back(label == '1');
    const auto tuned = TuneThreshold(scores, labels, {});
    ASSERT_TRUE(tuned.ok()) << tuned.status();
    const int64_t right = tuned->confusion.true_positives + tuned->confusion.true_negatives;
    ASSERT_GE(right, c["right"].get<int64_t>()) << c["name"];
    better += right > c["right"].get<int64_t>();
  }
  // Powell's search sees a step function, so it often stops short.
  EXPECT_GT(better, 100);
}

}  // namespace
}  // namespace senvec
