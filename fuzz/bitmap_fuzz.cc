// Stored bytes of a set of rows: an error, or a set that keeps its promises in every operation.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "index/filter/bitmap.h"

namespace {

using senvec::Bitmap;

uint64_t CountBits(const std::vector<uint64_t>& words) {
  uint64_t count = 0;
  for (const uint64_t word : words) count += static_cast<uint64_t>(__builtin_popcountll(word));
  return count;
}

void CheckOperations(const Bitmap& bitmap, const Bitmap& other) {
  Bitmap both = bitmap;
  both.And(other);
  Bitmap either = bitmap;
  either.Or(other);
  Bitmap only = bitmap;
  only.AndNot(other);
  SENVEC_CHECK(both.cardinality() + only.cardinality() == bitmap.cardinality());
  SENVEC_CHECK(either.cardinality() == only.cardinality() + other.cardinality());
  senvec::BitmapUnion united;
  united.Add(only);
  united.Add(both);
  SENVEC_CHECK(united.Finish() == bitmap);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<Bitmap> bitmap = Bitmap::Parse(bytes);
  if (!bitmap.ok()) {
    SENVEC_CHECK(!bitmap.status().message().empty());
    return 0;
  }
  SENVEC_CHECK(bitmap->Serialize() == bytes);
  uint64_t count = 0;
  bitmap->ForEach([&](uint32_t row) { return ++count < 1000000; });
  SENVEC_CHECK(count == std::min<uint64_t>(bitmap->cardinality(), 1000000));

  constexpr uint64_t kRows = 300001;
  std::vector<uint64_t> words((kRows + 63) / 64);
  bitmap->ToWords(77, kRows, absl::MakeSpan(words));
  SENVEC_CHECK(CountBits(words) == bitmap->CountRange(77, 77 + kRows));

  Bitmap compact = *bitmap;
  compact.Optimize();
  SENVEC_CHECK(compact == *bitmap);
  Bitmap other = Bitmap::Range(1000, 70000);
  other.Add(0x20005);
  other.AddRange(0x30000, 0x40000);
  CheckOperations(*bitmap, other);
  CheckOperations(compact, *bitmap);
  return 0;
}
