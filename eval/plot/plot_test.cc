#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "eval/plot/chart.h"

namespace senvec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(AxisTicksTest, AreRoundAndInside) {
  EXPECT_THAT(AxisTicks(0, 1, 5), ElementsAre(0, 0.2, ::testing::DoubleNear(0.4, 1e-12), ::testing::DoubleNear(0.6, 1e-12), 0.8, 1));
  EXPECT_THAT(AxisTicks(13, 87, 4), ElementsAre(20, 40, 60, 80));
  EXPECT_THAT(AxisTicks(2, 2, 5), ElementsAre(2));
  EXPECT_THAT(AxisTicks(0, INFINITY, 5), ElementsAre(0));
  EXPECT_THAT(AxisTicks(0.5, std::nextafter(0.5, 1), 5), ElementsAre(0.5));
}

TEST(EscapeXmlTest, LeavesNoMarkupAndNoInvalidBytes) {
  EXPECT_EQ(EscapeXml("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(EscapeXml("密码 é 😀"), "密码 é 😀");
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(EscapeXml("a\x01" "b"), "a" + mark + "b");
  EXPECT_EQ(EscapeXml("\xC3"), mark);
  EXPECT_EQ(EscapeXml("\xC0\xAF"), mark + mark);          // overlong
  EXPECT_EQ(EscapeXml("\xED\xA0\x80"), mark + mark + mark);  // half of a pair
}

TEST(ChartTest, DrawsASeriesForEachAndLeavesOutWhatIsNotFinite) {
  const std::string svg = ChartSvg({.title = "T <1>",
                                    .x_label = "x",
                                    .y_label = "y",
                                    .series = {{"one", {{0, 1}, {1, NAN}, {2, 3}}}, {"two", {{0, 4}, {1, 5}}, true}},
                                    .mark = 1,
                                    .mark_label = "here"});
  EXPECT_THAT(svg, HasSubstr("T &lt;1&gt;"));
  EXPECT_EQ(Count(svg, "class=\"bar s1\""), 2u);
  EXPECT_THAT(svg, HasSubstr("class=\"line s0\" d=\"M"));
  EXPECT_THAT(svg, HasSubstr("class=\"mark\""));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("script")));
}

TEST(ChartTest, DrawsNothingAndOnePointAndEqualValues) {
  for (const Chart& chart : {Chart{.title = "none"}, Chart{.title = "one", .series = {{"a", {{3, 3}}}}},
                             Chart{.title = "neighbours", .series = {{"a", {{0.5, 0}, {std::nextafter(0.5, 1), 1}}}}},
                             Chart{.title = "equal", .series = {{"a", {{1, 2}, {2, 2}}, true}}}}) {
    const std::string svg = ChartSvg(chart);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
    EXPECT_THAT(svg, HasSubstr("</svg>"));
  }
}

TEST(ChartTest, ALogarithmicAxisHasEqualStepsForEqualRatios) {
  const std::string svg = ChartSvg({.title = "log", .series = {{.name = "a", .points = {{1, 0}, {10, 1}, {100, 0}}, .dots = true}}, .x_log = true});
  // Pixels 56 to 466.
  for (const char* x : {"cx=\"56\"", "cx=\"261\"", "cx=\"466\""}) EXPECT_THAT(svg, HasSubstr(x));
  for (const char* tick : {">1</text>", ">10</text>", ">100</text>"}) EXPECT_THAT(svg, HasSubstr(tick));
}

TEST(HeatMapTest, HasACellForEachValueAndMarksTheBest) {
  const std::string svg = HeatMapSvg({"h", "x", "y", {0, 0.5}, {0, 1}, {{0.1, NAN}, {0.3, 0.2}}});
  EXPECT_EQ(Count(svg, "class=\"cell\""), 3u);
  EXPECT_EQ(Count(svg, "best"), 1u);
  EXPECT_THAT(StandaloneSvg(svg), HasSubstr("<style>"));
}

}  // namespace
}  // namespace senvec
