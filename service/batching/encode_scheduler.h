#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

struct EncodeSchedulerOptions {
  // A batch is closed at this many tokens; [1, 1048576].
  int32_t max_batch_tokens = 4096;
  // Jobs are refused while more tokens than this wait; [1, 2^40].
  int64_t max_queued_tokens = int64_t{1} << 20;
  // How many sentences of one job enter a batch before the next job's turn comes, so that a caller with one sentence
  // does not wait for all of another's ten thousand; [1, 65536].
  int32_t sentences_per_turn = 32;

  absl::Status Validate() const;
};

// Encodes the sentences of many callers in common batches, fairly, on one thread that drives the encoder's pool.
// Thread-safe.
class EncodeScheduler {
 public:
  struct Encoded {
    std::vector<float> rows;  // sentences × dim
    absl::Duration queued;    // until the first sentence was taken
    absl::Duration encoding;  // from then until the last was done
  };
  struct Job {
    std::vector<Encoding> sentences;
    EncodeOptions options;
    absl::Time deadline = absl::InfiniteFuture();
    // Asked before each batch; may be empty.
    std::function<bool()> is_cancelled;
    // Called exactly once if Submit() returned OK, on the scheduler's thread; must not block. DeadlineExceeded or
    // Cancelled when the caller's time was up before all of its sentences were encoded.
    std::function<void(absl::StatusOr<Encoded>)> done;
  };

  // `encoder` must outlive the scheduler. `now` is the clock.
  EncodeScheduler(const SentenceEncoder* encoder, const EncodeSchedulerOptions& options,
                  std::function<absl::Time()> now);
  ~EncodeScheduler();
  EncodeScheduler(const EncodeScheduler&) = delete;
  EncodeScheduler& operator=(const EncodeScheduler&) = delete;

  // ResourceExhausted when the queue is full, Unavailable after Shutdown(); `done` is not called then.
  absl::Status Submit(Job job);
  // Takes no more, finishes what is queued, and returns when it is done. May be called more than once.
  void Shutdown();
  int64_t queued_tokens() const;

 private:
  struct Pending {
    Job job;
    size_t next = 0;  // sentences taken so far
    std::vector<float> rows;
    int64_t tokens_left = 0;
    absl::Time submitted, started = absl::InfinitePast();
    absl::Status status;
  };
  // What of a job is in the batch at work.
  struct Slice {
    Pending* pending;
    size_t begin, end;
  };

  void ThreadMain();
  // Takes jobs out whose callers have left.
  std::list<Pending> TakeAbandoned() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Slice> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EncodeBatch(const std::vector<Slice>& batch);
  std::list<Pending> TakeFinished() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Answer(std::list<Pending> jobs);

  const SentenceEncoder* const encoder_;
  const EncodeSchedulerOptions options_;
  const std::function<absl::Time()> now_;
  mutable Mutex mutex_;
  // The front is the next one to give sentences. Elements stay in place while a batch refers to them.
  std::list<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  int64_t queued_tokens_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace senvec
