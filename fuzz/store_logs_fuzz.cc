// What is read of RocksDB's logs before the library itself sees them, and the mark beside them.
#include <cstdint>

#include "base/check.h"
#include "index/log_scan.h"
#include "index/sync_mark.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const senvec::LogKind kind : {senvec::LogKind::kWrites, senvec::LogKind::kManifest}) {
    const senvec::LogScan scan = senvec::ScanLog(bytes, kind);
    const auto end = static_cast<int64_t>(size);
    SENVEC_CHECK(scan.last_begin >= 0 && scan.last_begin <= scan.end && scan.end <= end);
    SENVEC_CHECK(scan.fault_at >= 0 && scan.fault_at <= end);
    SENVEC_CHECK(!scan.is_followed || !scan.fault.empty());
    SENVEC_CHECK(scan.fault.empty() || scan.fault_at >= scan.end);
  }
  if (const auto mark = senvec::ParseSyncMark(bytes, "fuzz"); mark.ok()) {
    SENVEC_CHECK(senvec::SerializeSyncMark(*mark) == bytes);
  }
  return 0;
}
