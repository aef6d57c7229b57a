#include "base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace senvec {
namespace {

constexpr int kBarCells = 24;

std::string Clock(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(duration));
  if (seconds >= 3600) {
    return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
  return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
}

}  // namespace

std::string WithCommas(int64_t value) {
  std::string digits = absl::StrCat(value);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<size_t>(i), ",");
  return digits;
}

ProgressBar::ProgressBar(Options options, absl::Time now)
    : options_(std::move(options)), start_(now) {
  done_ = options_.before;
}

bool ProgressBar::IsTerminal(std::FILE* out) { return ::isatty(::fileno(out)) != 0; }

std::string ProgressBar::Render(const Options& options, int64_t done, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  const double rate = seconds > 0 ? static_cast<double>(done - options.before) / seconds : 0;
  std::string line = options.label;
  if (options.total > 0) {
    const double part = std::clamp(static_cast<double>(done) / options.total, 0.0, 1.0);
    const int full = static_cast<int>(part * kBarCells);
    absl::StrAppend(&line, " [", std::string(full, '#'), std::string(kBarCells - full, '.'), "] ",
                    absl::StrFormat("%3.0f%%", part * 100));
    absl::StrAppend(&line, "  ", WithCommas(done), "/", WithCommas(options.total), " ", options.unit);
  } else {
    absl::StrAppend(&line, "  ", WithCommas(done), " ", options.unit);
  }
  absl::StrAppend(&line, "  ", WithCommas(static_cast<int64_t>(rate)), " ", options.unit, "/s");
  if (!options.note.empty()) absl::StrAppend(&line, "  ", options.note);
  if (options.total > done && rate > 0) {
    absl::StrAppend(&line, "  ", Clock(absl::Seconds((options.total - done) / rate)), " left");
  } else {
    absl::StrAppend(&line, "  ", Clock(elapsed));
  }
  return line;
}

void ProgressBar::Draw(absl::Time now, bool last) {
  last_draw_ = now;
  const std::string line = Render(options_, done_, now - start_);
  if (options_.is_terminal) {
    std::fprintf(options_.out, "\r\x1b[2K%s%s", line.c_str(), last ? "\n" : "");
  } else {
    std::fprintf(options_.out, "%s\n", line.c_str());
  }
  std::fflush(options_.out);
}

void ProgressBar::Update(int64_t done, absl::Time now) {
  done_ = done;
  if (options_.quiet) return;
  if (!options_.is_terminal && last_draw_ == absl::InfinitePast()) last_draw_ = start_;
  const absl::Duration pause = options_.is_terminal ? absl::Milliseconds(100) : absl::Seconds(10);
  if (now - last_draw_ >= pause) Draw(now, false);
}

void ProgressBar::Finish(absl::Time now) {
  if (!options_.quiet) Draw(now, true);
}

}  // namespace senvec
