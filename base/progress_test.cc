#include "base/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace senvec {
namespace {

TEST(ProgressTest, LineShowsBarRateAndTimeLeft) {
  const ProgressBar::Options options{.label = "encode", .unit = "rows", .total = 4000};
  EXPECT_EQ(ProgressBar::Render(options, 1000, absl::Seconds(2)),
            "encode [######..................]  25%  1,000/4,000 rows  500 rows/s  0:06 left");
  EXPECT_EQ(ProgressBar::Render(options, 4000, absl::Seconds(8)),
            "encode [########################] 100%  4,000/4,000 rows  500 rows/s  0:08");
}

TEST(ProgressTest, WhatWasDoneBeforeDoesNotCountForTheRate) {
  EXPECT_EQ(ProgressBar::Render({.label = "encode", .total = 4000, .before = 2000, .note = "7 tokens/s"}, 3000, absl::Seconds(2)),
            "encode [##################......]  75%  3,000/4,000 rows  500 rows/s  7 tokens/s  0:02 left");
}

TEST(ProgressTest, UnknownTotalShowsNoBar) {
  EXPECT_EQ(ProgressBar::Render({.label = "read", .unit = "lines"}, 12, absl::ZeroDuration()),
            "read  12 lines  0 lines/s  0:00");
}

TEST(ProgressTest, AwayFromATerminalLinesAreRareAndPlain) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  const absl::Time start = absl::UnixEpoch();
  ProgressBar bar({.label = "encode", .total = 100, .out = out}, start);
  for (int i = 1; i <= 20; ++i) bar.Update(i, start + absl::Seconds(i));
  bar.Finish(start + absl::Seconds(21));
  std::fclose(out);
  const std::string printed(text, size);
  free(text);
  EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), 3) << printed;
  EXPECT_EQ(printed.find('\r'), std::string::npos);
}

TEST(ProgressTest, WorkThatWasDoneBeforeIsNotUndoneWhenNothingIsLeft) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  ProgressBar bar({.label = "train", .unit = "steps", .total = 100, .before = 100, .out = out}, absl::UnixEpoch());
  bar.Finish(absl::UnixEpoch() + absl::Seconds(1));
  std::fclose(out);
  const std::string printed(text, size);
  free(text);
  EXPECT_EQ(printed, "train [########################] 100%  100/100 steps  0 steps/s  0:01\n");
}

}  // namespace
}  // namespace senvec
