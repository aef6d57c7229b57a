#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bulk/build_state.h"
#include "bulk/encode_pipeline.h"
#include "bulk/reject_file.h"
#include "index/collection.h"

namespace senvec {

struct BulkWriteOptions {
  bool strict = false;        // the first rejected line ends the work
  bool keeps_state = true;    // the state goes into the collection with each write
  bool unique_ids = true;     // else a document replaces an earlier one of its id
  std::string source;         // the input's name, for errors
  const char* unit = "line";  // what a reject's line counts
  // Writes are handed to the system, and synced with the disk this often and at the end.
  absl::Duration sync_interval = absl::Seconds(5);
  std::function<absl::Time()> now;
};

// Writes batches into a collection, and their rejects into a file, so that what is there after a crash is always the first
// so many records of the source, as `state` in the collection says. Not thread-safe.
class BulkWriter {
 public:
  // Everything must outlive the writer; `state` is kept up to date. `rejects` may be null with options.strict.
  BulkWriter(Collection* collection, RejectFile* rejects, const BulkWriteOptions& options, BuildState* state);

  // InvalidArgument with options.strict, naming input, line and reason, and then nothing of the batch is written.
  absl::Status Write(EncodedBatch batch);
  // Syncs everything.
  absl::Status Finish();

  // Documents that were written, and how many of them were new.
  int64_t num_written() const { return num_written_; }
  int64_t num_inserted() const { return num_inserted_; }

 private:
  absl::Status CheckStrict(const std::vector<Reject>& rejects) const;
  absl::Status AddRejects(const std::vector<Reject>& rejects, bool durable);
  absl::Status Upsert(const std::vector<Document>& documents, bool durable);
  std::vector<Reject> DropRefused(EncodedBatch& batch);

  Collection* const collection_;
  RejectFile* const rejects_;
  const BulkWriteOptions options_;
  BuildState* const state_;
  absl::Time last_sync_;
  int64_t num_written_ = 0;
  int64_t num_inserted_ = 0;
};

}  // namespace senvec
