#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/filter/bitmap.h"

namespace senvec {

// An inverted list as it is stored under its key, and the changes ("operands") that a store merges
// into it. Pure functions over bytes, for a merge operator.
//
//   posting   'P', set
//   operand   'D', set of rows to remove, set of rows to add afterwards
//   set       a byte n <= 15 and n rows (u32, little-endian, ascending), or the byte 255, a
//             length (u32) and as many bytes of Bitmap::Serialize()
//
// So one row is 6 bytes. The same set always has the same bytes, however it came about.

// Operands. Rows in any order.
std::string AddOperand(uint32_t row);
std::string AddOperand(absl::Span<const uint32_t> rows);
std::string RemoveOperand(uint32_t row);
std::string RemoveOperand(absl::Span<const uint32_t> rows);

// The posting after `operands`, oldest first, where `existing` is nullopt for a key that is not
// there. False, with `merged` untouched, when some bytes are no posting or no operand.
bool MergePostings(std::optional<absl::string_view> existing,
                   absl::Span<const absl::string_view> operands, std::string* merged);
// One operand that does what `operands`, oldest first, do. False as above, and when there are none.
bool MergeOperands(absl::Span<const absl::string_view> operands, std::string* merged);

// A posting as such. InvalidArgument when the bytes are none.
std::string EncodePosting(const Bitmap& rows);
absl::StatusOr<Bitmap> DecodePosting(absl::string_view posting);
// Adds a posting's rows to a union. InvalidArgument as above; the union is unchanged then.
absl::Status AddPosting(absl::string_view posting, BitmapUnion& rows);
// A posting without rows, which a compaction may drop.
bool IsEmptyPosting(absl::string_view posting);

}  // namespace senvec
