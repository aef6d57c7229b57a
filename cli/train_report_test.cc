#include "cli/train_report.h"

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace senvec {
namespace {

using testing::HasSubstr;
using testing::Not;

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TrainLogLine Losses(int64_t step, std::map<std::string, double> loss) {
  return {.step = step, .loss = std::move(loss), .learning_rate = 1e-4, .gradient_norm = 2, .sentences_per_s = 400, .seconds = 60};
}

TEST(TrainReportTest, HasAChartForEachTaskAndForTheDevSetsAndNamesTheBest) {
  const std::string html = TrainReportHtml(
      "Training of x", {Losses(50, {{"a", 2.0}}), Losses(100, {{"a", 1.0}, {"b", 3.0}}),
                        {.step = 100, .seconds = 60, .dev = {{"stsb", 0.7}, {"bq", 0.4}}, .mean = 0.55, .best = true},
                        {.step = 200, .seconds = 120, .dev = {{"stsb", 0.6}, {"bq", 0.4}}, .mean = 0.5, .best = false}});
  EXPECT_EQ(Count(html, "<svg"), 6);  // dev, two tasks, learning rate, gradients, speed
  for (const char* part : {"Loss of a", "Loss of b", "Dev sets", "Spearman at step 100", "0.7000", "0.5500", "200 steps in 2.0 minutes"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST(TrainReportTest, ManyDevSetsShareChartsOfAFewEach) {
  TrainLogLine line{.step = 10, .mean = 0.5, .best = true};
  for (int i = 0; i < 11; ++i) line.dev["set" + std::to_string(i)] = 0.5;
  EXPECT_EQ(Count(TrainReportHtml("x", {line}), "<svg"), 3);
}

TEST(TrainReportTest, NamesAreEscaped) {
  const std::string html = TrainReportHtml("<x>", {Losses(1, {{"<a>&", 1.0}})});
  EXPECT_THAT(html, Not(HasSubstr("<a>")));
  EXPECT_THAT(html, HasSubstr("&lt;x&gt;"));
}

}  // namespace
}  // namespace senvec
