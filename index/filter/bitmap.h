#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// A compressed set of 32-bit row ids.
//
// Thread-compatible: many readers, or one writer. A bitmap that was moved from may only be assigned
// to or destroyed.
class Bitmap {
 public:
  Bitmap();
  ~Bitmap();
  Bitmap(const Bitmap& other);
  Bitmap& operator=(const Bitmap& other);
  Bitmap(Bitmap&& other) noexcept;
  Bitmap& operator=(Bitmap&& other) noexcept;

  // Rows [begin, end); end is at most 2^32. Empty when begin >= end.
  static Bitmap Range(uint64_t begin, uint64_t end);
  // In any order; the same row may come twice.
  static Bitmap Of(absl::Span<const uint32_t> rows);

  void Add(uint32_t row);
  void AddRange(uint64_t begin, uint64_t end);
  void Remove(uint32_t row);
  bool Contains(uint32_t row) const;
  bool empty() const;
  uint64_t cardinality() const;
  // How many of [begin, end) are in the set.
  uint64_t CountRange(uint64_t begin, uint64_t end) const;

  // In place.
  void And(const Bitmap& other);
  void Or(const Bitmap& other);
  void AndNot(const Bitmap& other);
  bool operator==(const Bitmap& other) const;

  // Ascending, until `visit` returns false.
  void ForEach(absl::FunctionRef<bool(uint32_t row)> visit) const;
  std::vector<uint32_t> ToVector() const;
  // The first rows >= `first`, ascending, as many as fit; returns how many were written. For
  // reading page by page.
  size_t Read(uint32_t first, absl::Span<uint32_t> rows) const;

  // Overwrites words[0, ⌈num_rows / 64⌉): bit i (of word i / 64, from its least significant bit)
  // says whether row first_row + i is in the set; bits from num_rows on are 0. first_row + num_rows
  // is at most 2^32.
  void ToWords(uint32_t first_row, uint64_t num_rows, absl::Span<uint64_t> words) const;
  // The same for rows listed in strictly ascending order: bit i says whether ids[i] is in the set.
  void ToWords(absl::Span<const uint32_t> ids, absl::Span<uint64_t> words) const;

  // Makes runs of rows compact and gives spare memory back. Changes no answer.
  void Optimize();
  // Roaring's portable format (https://github.com/RoaringBitmap/RoaringFormatSpec).
  std::string Serialize() const;
  size_t serialized_bytes() const;
  // Bytes from anywhere. InvalidArgument names the offset and the fault, also for what the format's
  // readers tolerate: rows out of order, counts that do not hold, offsets that point elsewhere,
  // bytes that follow.
  static absl::StatusOr<Bitmap> Parse(absl::string_view bytes);

 private:
  friend class BitmapUnion;
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// Unites many sets, faster than Or() one after the other: what it takes to count the rows is put
// off to the end.
class BitmapUnion {
 public:
  void Add(const Bitmap& bitmap);
  void Add(uint32_t row);
  // Leaves the union empty.
  Bitmap Finish();

 private:
  void Flush();
  Bitmap bitmap_;
  std::vector<uint32_t> rows_;  // not yet in bitmap_
};

}  // namespace senvec
