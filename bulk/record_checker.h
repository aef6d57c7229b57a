#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bulk/bulk_record.h"
#include "bulk/id_set.h"

namespace senvec {

// Whether records can become documents. What it says depends on nothing but the records it was given before, so that a run
// that is taken up says the same. Not thread-safe.
class RecordChecker {
 public:
  struct Options {
    int32_t dim = 0;           // of the collection
    bool can_encode = true;    // texts become vectors; else each record must have one
    bool unique_ids = true;    // an id that came before is a fault
    const char* unit = "line";  // what BulkRecord::line counts
    bool needs_length = true;  // a vector of zeros is a fault, as it has no direction for the cosine
  };
  explicit RecordChecker(const Options& options) : options_(options) {}

  // Sets record.fault, unless there is one already, when the record is bad: an id, text or group that is no UTF-8 or
  // too long, no text, a vector that does not fit, an id for the second time.
  void Check(BulkRecord& record);

 private:
  std::string FaultOf(const BulkRecord& record);
  std::string VectorFault(const std::vector<float>& vector) const;

  const Options options_;
  IdSet ids_;
};

}  // namespace senvec
