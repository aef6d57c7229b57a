#include "index/view_parts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

size_t WordsFor(size_t rows) { return (rows + 63) / 64; }

bool IsLive(const ViewPart& part, size_t row) {
  return part.live == nullptr || ((*part.live)[row / 64] >> (row % 64) & 1) != 0;
}

std::vector<uint64_t> CopyOfLive(const ViewPart& part) {
  if (part.live != nullptr) return *part.live;
  std::vector<uint64_t> words(WordsFor(part.ids.size()), ~uint64_t{0});
  if (part.ids.size() % 64 != 0) words.back() = (uint64_t{1} << (part.ids.size() % 64)) - 1;
  return words;
}

}  // namespace

absl::StatusOr<Tail> Tail::Create(const VectorIndexOptions& options, int64_t capacity) {
  VectorIndexOptions exact = options;
  exact.kind = IndexKind::kExact;
  Tail tail;
  SENVEC_ASSIGN_OR_RETURN(tail.index, GrowingIndex::Create(exact, capacity));
  tail.ids = std::shared_ptr<RowId[]>(new RowId[static_cast<size_t>(capacity)]);
  tail.capacity = capacity;
  return tail;
}

ViewPart PartOf(const Tail& tail) {
  ViewPart part;
  part.index = tail.index;
  part.ids_owner = tail.ids;
  part.live = std::make_shared<const std::vector<uint64_t>>(WordsFor(static_cast<size_t>(tail.capacity)));
  return part;
}

ViewPart PartOf(std::shared_ptr<const VectorIndex> index, std::string file, absl::Span<const RowId> live) {
  ViewPart part;
  part.ids = index->row_ids();
  part.index = std::move(index);
  part.file = std::move(file);
  part.frozen = true;
  std::vector<uint64_t> words(WordsFor(part.ids.size()));
  auto next = live.begin();
  for (size_t row = 0; row < part.ids.size(); ++row) {
    next = std::find_if(next, live.end(), [&](RowId id) { return id >= part.ids[row]; });
    if (next == live.end()) break;
    if (*next != part.ids[row]) continue;
    words[row / 64] |= uint64_t{1} << (row % 64);
    ++part.live_count;
  }
  if (part.live_count < static_cast<int64_t>(part.ids.size())) {
    part.live = std::make_shared<const std::vector<uint64_t>>(std::move(words));
  }
  return part;
}

absl::Status AppendToTail(const Tail& tail, absl::Span<const RowId> rows, absl::Span<const float> vectors,
                          std::vector<ViewPart>& parts) {
  ViewPart& part = parts.back();
  SENVEC_CHECK(part.index == tail.index);
  const size_t size = part.ids.size();
  SENVEC_ASSIGN_OR_RETURN(const int64_t first, tail.index->Append(vectors));
  SENVEC_CHECK(first == static_cast<int64_t>(size));
  std::copy(rows.begin(), rows.end(), tail.ids.get() + size);
  part.ids = absl::Span<const RowId>(tail.ids.get(), size + rows.size());
  std::vector<uint64_t> words = *part.live;
  for (size_t row = size; row < part.ids.size(); ++row) words[row / 64] |= uint64_t{1} << (row % 64);
  part.live = std::make_shared<const std::vector<uint64_t>>(std::move(words));
  part.live_count += static_cast<int64_t>(rows.size());
  part.frozen = static_cast<int64_t>(part.ids.size()) == tail.capacity;
  return absl::OkStatus();
}

void RemoveRows(absl::Span<const RowId> rows, std::vector<ViewPart>& parts) {
  std::map<ViewPart*, std::vector<uint64_t>> changed;
  for (RowId row : rows) {
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const ViewPart& candidate) {
      return !candidate.ids.empty() && candidate.ids.back() >= row;
    });
    if (part == parts.end()) continue;
    const int64_t local = part->Find(row);
    if (local < 0) continue;
    const auto place = static_cast<size_t>(local);
    auto words = changed.find(&*part);
    if (words == changed.end()) words = changed.emplace(&*part, CopyOfLive(*part)).first;
    const uint64_t bit = uint64_t{1} << (place % 64);
    if ((words->second[place / 64] & bit) == 0) continue;
    words->second[place / 64] &= ~bit;
    --part->live_count;
  }
  for (auto& [part, words] : changed) part->live = std::make_shared<const std::vector<uint64_t>>(std::move(words));
}

void AppendLiveRows(const ViewPart& part, std::vector<RowId>& rows) {
  for (size_t row = 0; row < part.ids.size(); ++row) {
    if (IsLive(part, row)) rows.push_back(part.ids[row]);
  }
}

}  // namespace senvec
