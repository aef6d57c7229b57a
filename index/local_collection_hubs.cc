#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "index/local_collection.h"
#include "scoring/hub_scores.h"

namespace senvec {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(5);

}  // namespace

absl::Status LocalCollection::LoadHubs() {
  if (!file_.options.hub_correction) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(hubs_, HubColumn::Load(*store_, file_.options.index.dim));
  return absl::OkStatus();
}

absl::Status LocalCollection::UpdateHubs(absl::FunctionRef<bool()> go_on) {
  MutexLock lock(&hubs_mutex_);
  return hubs_->Update(*CurrentView(), go_on, [this](KvBatch& batch) {
    absl::Status status;
    queue_.Exclusively([&] {
      status = is_retired_ ? absl::FailedPreconditionError("the collection was dropped")
                           : write_fault_.ok() ? store_->Write(batch, /*sync=*/false) : write_fault_;
    });
    return status;
  });
}

// Follows what is written. At most half of the time is worked, so that a stream of single writes, each of which costs a
// walk through all rows, leaves the processor to others; what comes meanwhile is taken together.
void LocalCollection::MaintainHubs() {
  YieldToSearches();
  int64_t seen = -1;
  const auto go_on = [this] {
    ReaderMutexLock lock(&view_mutex_);
    return !stopping_;
  };
  for (;;) {
    {
      MutexLock lock(&view_mutex_);
      view_mutex_.Await([&] { return stopping_ || num_publishes_ != seen; });
      if (stopping_) return;
      seen = num_publishes_;
    }
    const absl::Time start = absl::Now();
    const absl::Status updated = UpdateHubs(go_on);
    MutexLock lock(&view_mutex_);
    if (!updated.ok() && !stopping_) Notice(absl::StrCat("cannot bring hub corrections up to date: ", updated.message()));
    if (!updated.ok()) seen = -1;
    view_mutex_.AwaitFor([this] { return stopping_; }, updated.ok() ? absl::Now() - start : kRetryAfter);
    if (stopping_) return;
  }
}

// By CSLS, best first, cut to k. `hits`: by cosine.
void LocalCollection::CorrectHubs(int32_t k, std::vector<RowHit>& hits) const {
  std::vector<RowId> rows;
  for (const RowHit& hit : hits) rows.push_back(hit.row);
  std::vector<float> means(rows.size());
  hubs_->Means(rows, absl::MakeSpan(means));
  const size_t near = std::min(hits.size(), static_cast<size_t>(HubColumn::kNeighbors));
  double query_mean = 0;
  for (size_t i = 0; i < near; ++i) query_mean += hits[i].score / static_cast<double>(near);
  for (size_t i = 0; i < hits.size(); ++i) hits[i].score = static_cast<float>(Csls(hits[i].score, query_mean, means[i]));
  std::stable_sort(hits.begin(), hits.end(), [](const RowHit& a, const RowHit& b) { return a.score > b.score; });
  if (hits.size() > static_cast<size_t>(k)) hits.resize(static_cast<size_t>(k));
}

}  // namespace senvec
