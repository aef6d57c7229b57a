#include "cli/build_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "cli/byte_size.h"

namespace senvec {

int64_t OwnBytes() {
  const std::string text = ReadFile("/proc/self/statm").value_or("");
  const std::vector<absl::string_view> fields = absl::StrSplit(text, ' ');
  int64_t resident = 0, shared = 0;
  if (fields.size() < 3 || !absl::SimpleAtoi(fields[1], &resident) || !absl::SimpleAtoi(fields[2], &shared)) return 0;
  return (resident - shared) * ::sysconf(_SC_PAGESIZE);
}

BuildProgress::~BuildProgress() { Finish(); }

BulkListener BuildProgress::listener() {
  return {.on_start = [this](const BulkReport& report) { OnStart(report); },
          .on_batch = [this](const BulkReport& report) { OnBatch(report); },
          .on_index = [this](int64_t done, int64_t all) { OnIndex(done, all); }};
}

void BuildProgress::OnStart(const BulkReport& report) {
  first_ = report;
  start_ = absl::Now();
  if (report.num_resumed > 0) {
    std::fprintf(stderr, "going on after record %lld of the unfinished build\n", static_cast<long long>(report.num_resumed));
  }
  encoding_ = std::make_unique<ProgressBar>(
      ProgressBar::Options{.label = "encode", .total = total_, .before = report.num_resumed, .is_terminal = ProgressBar::IsTerminal(stderr)},
      start_);
}

void BuildProgress::OnBatch(const BulkReport& report) {
  const absl::Time now = absl::Now();
  if (total_ == 0 && report.fraction > 0) {
    encoding_->SetTotal(static_cast<int64_t>(static_cast<double>(report.num_records) / report.fraction));
  }
  const double seconds = absl::ToDoubleSeconds(now - start_);
  std::string note;
  if (seconds > 0 && report.num_tokens > first_.num_tokens) {
    const double rate = static_cast<double>(report.num_tokens - first_.num_tokens) / seconds;
    absl::StrAppend(&note, WithCommas(static_cast<int64_t>(rate)), " tokens/s  ");
  }
  encoding_->SetNote(absl::StrCat(note, ShowBytes(OwnBytes())));
  encoding_->Update(report.num_records, now);
}

void BuildProgress::OnIndex(int64_t done, int64_t all) {
  const absl::Time now = absl::Now();
  if (encoding_ != nullptr) Finish();
  if (indexing_ == nullptr) {
    indexing_ = std::make_unique<ProgressBar>(
        ProgressBar::Options{.label = "index", .total = all, .is_terminal = ProgressBar::IsTerminal(stderr)}, now);
  }
  indexing_->SetTotal(all);
  indexing_->SetNote(ShowBytes(OwnBytes()));
  indexing_->Update(done, now);
}

void BuildProgress::Finish() {
  for (std::unique_ptr<ProgressBar>* bar : {&encoding_, &indexing_}) {
    if (*bar == nullptr) continue;
    (*bar)->Finish(absl::Now());
    bar->reset();
  }
}

}  // namespace senvec
