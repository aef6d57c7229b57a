#include "index/filter/bitmap.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/status_macros.h"
#include "index/filter/bitmap_format.h"
#include "index/filter/bitmap_rep.h"

namespace senvec {
namespace {

constexpr uint64_t kEndOfRows = uint64_t{1} << 32;
constexpr size_t kRowsBeforeFlush = size_t{1} << 20;

// Ascending; the same row may stay twice. Dense rows are sorted by setting their bits, many times
// faster than by std::sort.
void SortRows(std::vector<uint32_t>& rows) {
  if (std::is_sorted(rows.begin(), rows.end())) return;
  const uint64_t num_words = uint64_t{*std::max_element(rows.begin(), rows.end())} / 64 + 1;
  if (num_words > rows.size()) {
    std::sort(rows.begin(), rows.end());
    return;
  }
  std::vector<uint64_t> words(num_words);
  for (const uint32_t row : rows) words[row / 64] |= uint64_t{1} << (row % 64);
  rows.clear();
  for (uint64_t i = 0; i < num_words; ++i) {
    for (uint64_t bits = words[i]; bits != 0; bits &= bits - 1) {
      rows.push_back(static_cast<uint32_t>(64 * i + static_cast<uint64_t>(std::countr_zero(bits))));
    }
  }
}

}  // namespace

Bitmap::Bitmap() : rep_(std::make_unique<Rep>(roaring_bitmap_create())) {}
Bitmap::~Bitmap() = default;
Bitmap::Bitmap(Bitmap&& other) noexcept = default;
Bitmap& Bitmap::operator=(Bitmap&& other) noexcept = default;

Bitmap::Bitmap(const Bitmap& other)
    : rep_(std::make_unique<Rep>(roaring_bitmap_copy(other.rep_->set))) {}

Bitmap& Bitmap::operator=(const Bitmap& other) {
  if (this != &other) rep_ = std::make_unique<Rep>(roaring_bitmap_copy(other.rep_->set));
  return *this;
}

Bitmap Bitmap::Range(uint64_t begin, uint64_t end) {
  Bitmap bitmap;
  bitmap.AddRange(begin, end);
  return bitmap;
}

Bitmap Bitmap::Of(absl::Span<const uint32_t> rows) {
  Bitmap bitmap;
  if (!rows.empty()) roaring_bitmap_add_many(bitmap.rep_->set, rows.size(), rows.data());
  return bitmap;
}

void Bitmap::Add(uint32_t row) { roaring_bitmap_add(rep_->set, row); }
void Bitmap::Remove(uint32_t row) { roaring_bitmap_remove(rep_->set, row); }
bool Bitmap::Contains(uint32_t row) const { return roaring_bitmap_contains(rep_->set, row); }
bool Bitmap::empty() const { return roaring_bitmap_is_empty(rep_->set); }
uint64_t Bitmap::cardinality() const { return roaring_bitmap_get_cardinality(rep_->set); }

void Bitmap::AddRange(uint64_t begin, uint64_t end) {
  end = std::min(end, kEndOfRows);
  if (begin >= end) return;
  roaring_bitmap_add_range_closed(rep_->set, static_cast<uint32_t>(begin),
                                  static_cast<uint32_t>(end - 1));
}

uint64_t Bitmap::CountRange(uint64_t begin, uint64_t end) const {
  end = std::min(end, kEndOfRows);
  if (begin >= end) return 0;
  const uint64_t before =
      begin == 0 ? 0 : roaring_bitmap_rank(rep_->set, static_cast<uint32_t>(begin - 1));
  return roaring_bitmap_rank(rep_->set, static_cast<uint32_t>(end - 1)) - before;
}

// With itself as the other side CRoaring frees what it still reads, hence the comparisons.
void Bitmap::And(const Bitmap& other) {
  if (this != &other) roaring_bitmap_and_inplace(rep_->set, other.rep_->set);
}

void Bitmap::Or(const Bitmap& other) {
  if (this != &other) roaring_bitmap_or_inplace(rep_->set, other.rep_->set);
}

void Bitmap::AndNot(const Bitmap& other) {
  if (this == &other) {
    *this = Bitmap();
  } else {
    roaring_bitmap_andnot_inplace(rep_->set, other.rep_->set);
  }
}

bool Bitmap::operator==(const Bitmap& other) const {
  return roaring_bitmap_equals(rep_->set, other.rep_->set);
}

void Bitmap::ForEach(absl::FunctionRef<bool(uint32_t row)> visit) const {
  roaring_iterate(
      rep_->set,
      [](uint32_t row, void* call) {
        return (*static_cast<absl::FunctionRef<bool(uint32_t)>*>(call))(row);
      },
      &visit);
}

std::vector<uint32_t> Bitmap::ToVector() const {
  std::vector<uint32_t> rows(cardinality());
  roaring_bitmap_to_uint32_array(rep_->set, rows.data());
  return rows;
}

size_t Bitmap::Read(uint32_t first, absl::Span<uint32_t> rows) const {
  roaring_uint32_iterator_t iterator;
  roaring_init_iterator(rep_->set, &iterator);
  if (!roaring_move_uint32_iterator_equalorlarger(&iterator, first)) return 0;
  const size_t wanted = std::min<size_t>(rows.size(), 0xffffffff);
  return roaring_read_uint32_iterator(&iterator, rows.data(), static_cast<uint32_t>(wanted));
}

void Bitmap::Optimize() {
  roaring_bitmap_run_optimize(rep_->set);
  roaring_bitmap_shrink_to_fit(rep_->set);
}

size_t Bitmap::serialized_bytes() const { return roaring_bitmap_portable_size_in_bytes(rep_->set); }

std::string Bitmap::Serialize() const {
  std::string bytes(serialized_bytes(), '\0');
  roaring_bitmap_portable_serialize(rep_->set, bytes.data());
  return bytes;
}

absl::StatusOr<Bitmap> Bitmap::Parse(absl::string_view bytes) {
  SENVEC_RETURN_IF_ERROR(CheckBitmapFormat(bytes));
  Bitmap bitmap;
  bitmap.rep_ =
      std::make_unique<Rep>(roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size()));
  return bitmap;
}

void BitmapUnion::Add(const Bitmap& bitmap) {
  roaring_bitmap_lazy_or_inplace(bitmap_.rep_->set, bitmap.rep_->set, /*bitsetconversion=*/true);
}

void BitmapUnion::Add(uint32_t row) {
  rows_.push_back(row);
  if (rows_.size() >= kRowsBeforeFlush) Flush();
}

void BitmapUnion::Flush() {
  // In ascending order, rows of one container follow each other.
  SortRows(rows_);
  const Bitmap rows = Bitmap::Of(rows_);
  rows_.clear();
  Add(rows);
}

Bitmap BitmapUnion::Finish() {
  Flush();
  roaring_bitmap_repair_after_lazy(bitmap_.rep_->set);
  return std::exchange(bitmap_, Bitmap());
}

}  // namespace senvec
