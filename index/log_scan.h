#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace senvec {

// Reading of RocksDB's logs (the log of writes, and the MANIFEST, which has the same frame) that passes over nothing:
// the library's own stops in silence at a length that points past the end, at zeros, and at a file that was cut.
struct LogScan {
  int64_t num_records = 0;
  int64_t last_begin = 0;     // where the last whole record begins
  int64_t end = 0;            // where it ends
  uint64_t first_sequence = 0;  // of writes; 0 = there is none
  uint64_t last_sequence = 0;   // of writes; 0 = there is none
  uint64_t first_log = 0;       // of a MANIFEST: logs of smaller numbers hold nothing any more that tables do not
  std::string fault;          // what is wrong at `fault_at`; empty = nothing
  int64_t fault_at = 0;
  // Whole records follow the fault: it is not just a write that was cut off.
  bool is_followed = false;
};

enum class LogKind { kWrites, kManifest };

LogScan ScanLog(absl::string_view bytes, LogKind kind);

}  // namespace senvec
