#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/time/time.h"

namespace senvec {

// 1234567 as "1,234,567"; for values ≥ 0.
std::string WithCommas(int64_t value);

// Shows how far long work has come. On a terminal one line that is redrawn (bar, percent, rate, time left);
// elsewhere a plain line every ten seconds and one at the end. Not thread-safe.
class ProgressBar {
 public:
  struct Options {
    std::string label;           // "encode"
    std::string unit = "rows";   // "1,200 rows/s"
    int64_t total = 0;           // 0 = not known: no bar and no time left
    int64_t before = 0;          // of them done before the bar began; they do not count for rate and time left
    std::string note = {};       // shown after the rate
    std::FILE* out = stderr;
    bool is_terminal = false;    // see IsTerminal()
    bool quiet = false;          // prints nothing
  };

  explicit ProgressBar(Options options, absl::Time now);
  // For work whose size shows as it goes, and for what else is to be seen.
  void SetTotal(int64_t total) { options_.total = total; }
  void SetNote(std::string note) { options_.note = std::move(note); }
  // Sets the work done so far; redraws at most ten times a second.
  void Update(int64_t done, absl::Time now);
  // Draws the last state and ends the line.
  void Finish(absl::Time now);

  // The line for a state; what Update() draws, without terminal codes.
  static std::string Render(const Options& options, int64_t done, absl::Duration elapsed);
  static bool IsTerminal(std::FILE* out);

 private:
  void Draw(absl::Time now, bool last);

  Options options_;
  const absl::Time start_;
  absl::Time last_draw_ = absl::InfinitePast();
  int64_t done_ = 0;
};

}  // namespace senvec
