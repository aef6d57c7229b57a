#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "bulk/bulk_record.h"
#include "bulk/record_checker.h"
#include "bulk/record_source.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// Some documents with their vectors, in the order of the source, and what became of the other records among them.
struct EncodedBatch {
  std::vector<Document> documents;
  std::vector<int64_t> lines;   // of the documents
  std::vector<Reject> rejects;  // by ascending line
  int64_t num_tokens = 0;       // of documents that were encoded
  int64_t num_truncated = 0;    // documents of which tokens were cut off
  BulkPosition end;             // after the last of these records
  double fraction = -1;         // see RecordSource::fraction()

  bool IsEmpty() const { return documents.empty() && rejects.empty(); }
};

struct EncodePipelineOptions {
  int num_workers = 1;                         // threads that encode, [1, 1024]
  int64_t buffer_bytes = int64_t{64} << 20;    // of records that are read and not yet given out; at least one batch is
  std::string prompt;                          // text put before each document's
  bool refuse_truncation = false;              // a document of more tokens than the model takes is rejected
};

// Reads, checks and encodes at once: one thread reads, each worker encodes a batch of its own from beginning to end, and
// Next() gives the batches out in order. Records that cannot become documents go to the batch's rejects.
//
// To be used by one thread.
class EncodePipeline {
 public:
  // Everything must outlive the pipeline. `encoder` may be null when all records have vectors. Its pool should be of one
  // thread: workers are the threads.
  EncodePipeline(RecordSource* source, RecordChecker* checker, const SentenceEncoder* encoder,
                 const EncodePipelineOptions& options);
  // Stops reading and encoding.
  ~EncodePipeline();
  EncodePipeline(const EncodePipeline&) = delete;
  EncodePipeline& operator=(const EncodePipeline&) = delete;

  // The next records that are ready, as many batches as there are; nothing at the end. An error of the source or the
  // encoder comes after all that was read before it, and for good.
  absl::StatusOr<std::optional<EncodedBatch>> Next();

 private:
  struct Slot {
    std::vector<BulkRecord> records;
    int64_t bytes = 0;
    EncodedBatch batch;
    absl::Status status;     // of the source, after these records
    absl::Status encoding;   // of the records; when it failed the batch is empty
    bool is_done = false;
  };

  void ReadMain();
  // Fills a slot; false when the source has ended, with its status in the slot.
  bool Read(Slot& slot);
  void WorkMain();
  absl::Status Encode(Slot& slot) const;
  absl::Status EncodeTexts(std::vector<BulkRecord*>& records, EncodedBatch& batch) const;
  absl::Status EncodeOneByOne(std::vector<BulkRecord*>& records, EncodedBatch& batch) const;
  void TakeVectors(const SentenceEncoder::TextsResult& result, std::vector<BulkRecord*>& records, EncodedBatch& batch) const;

  RecordSource* const source_;
  RecordChecker* const checker_;
  const SentenceEncoder* const encoder_;
  const EncodePipelineOptions options_;
  const size_t max_slots_;
  Mutex mutex_;
  std::deque<std::unique_ptr<Slot>> slots_ ABSL_GUARDED_BY(mutex_);  // in the order of the source
  size_t num_taken_ ABSL_GUARDED_BY(mutex_) = 0;                     // slots that workers have taken, from the front
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;                        // of all slots
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;                   // nothing more will be read
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failed_;
  std::vector<std::thread> threads_;
};

}  // namespace senvec
