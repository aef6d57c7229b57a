// What a collection keeps beside its vectors: any bytes end in an error, or read back to what they say.
#include <cstdint>

#include "base/check.h"
#include "index/alias_file.h"
#include "index/catalog.h"
#include "index/collection_file.h"
#include "index/record.h"
#include "index/snapshot.h"

namespace {

// What parses is written so that it parses to the same again.
template <typename Parsed, typename Serialize, typename Parse>
void CheckRoundTrip(const absl::StatusOr<Parsed>& parsed, Serialize serialize, Parse parse) {
  if (!parsed.ok()) return;
  const std::string bytes = serialize(*parsed);
  const auto again = parse(bytes, "fuzz");
  SENVEC_CHECK(again.ok());
  SENVEC_CHECK(serialize(*again) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckRoundTrip(senvec::ParseRecord(bytes, "fuzz"), senvec::SerializeRecord, senvec::ParseRecord);
  CheckRoundTrip(senvec::ParseState(bytes, "fuzz"), senvec::SerializeState, senvec::ParseState);
  CheckRoundTrip(senvec::ParseSegments(bytes, "fuzz"), senvec::SerializeSegments, senvec::ParseSegments);
  CheckRoundTrip(senvec::ParseCollectionFile(bytes, "fuzz"), senvec::SerializeCollectionFile,
                 senvec::ParseCollectionFile);
  CheckRoundTrip(senvec::ParseSnapshot(bytes, "fuzz"), senvec::SerializeSnapshot, senvec::ParseSnapshot);
  CheckRoundTrip(senvec::ParseAliases(bytes, "fuzz"), senvec::SerializeAliases, senvec::ParseAliases);
  static_cast<void>(senvec::RecordId(bytes));
  return 0;
}
