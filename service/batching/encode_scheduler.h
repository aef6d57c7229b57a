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

// Encodes the sentences of many callers in common batches, fairly, on one thread that drives the encoder's pool. A second
// thread chooses most of the next batch while one runs, and answers callers while the next one does. Identical sentences of
// a batch are encoded once. Thread-safe.
class EncodeScheduler {
 public:
  struct Encoded {
    std::vector<float> rows;  // sentences × dim
    absl::Duration queued;    // until the encoder took the first sentence
    absl::Duration encoding;  // from then until the last was done
  };
  struct Job {
    std::vector<Encoding> sentences;
    EncodeOptions options;
    absl::Time deadline = absl::InfiniteFuture();
    // Asked before each batch; may be empty.
    std::function<bool()> is_cancelled;
    // Called exactly once if Submit() returned OK, on a thread of the scheduler; must not block. DeadlineExceeded or
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
  // Of sentences that the encoder has not taken yet.
  int64_t queued_tokens() const;
  // Of those, what is chosen for the next batch.
  int64_t chosen_tokens() const;

 private:
  struct Pending {
    Job job;
    size_t next = 0;     // sentences that batches have taken so far
    size_t encoded = 0;  // sentences that are done
    std::vector<float> rows;
    int64_t tokens_waiting = 0;  // of sentences that the encoder has not taken
    absl::Time submitted, started = absl::InfinitePast();
    absl::Status status;
  };
  // What of a job is in a batch.
  struct Slice {
    Pending* pending;
    size_t begin, end;
  };
  struct Batch {
    std::vector<Slice> slices;
    int64_t tokens = 0;
    EncodeOptions options;  // of all of them
  };

  void EncodeMain();
  void FeedMain();
  // What is next for the encoder.
  Batch Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves jobs to answers_ whose callers have left. Only while the encoder has no batch.
  void DropAbandoned() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Adds sentences up to `budget` tokens.
  void Extend(Batch& batch, int64_t budget) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeTurn(Pending& pending, int64_t budget, Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Encode(const Batch& batch);
  // Moves what is done after `batch` to answers_.
  void End(const Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MoveToAnswers(std::list<Pending>::iterator job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Answer(std::list<Pending> jobs);

  const SentenceEncoder* const encoder_;
  const EncodeSchedulerOptions options_;
  const std::function<absl::Time()> now_;
  mutable Mutex mutex_;
  // The front is the next one to give sentences. Elements stay in place while a batch refers to them.
  std::list<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  std::list<Pending> answers_ ABSL_GUARDED_BY(mutex_);  // to be answered
  Batch next_ ABSL_GUARDED_BY(mutex_);                  // chosen while the encoder is busy
  bool want_next_ ABSL_GUARDED_BY(mutex_) = false;      // there may be more for it
  int64_t queued_tokens_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool encoder_left_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread encode_thread_, feed_thread_;
};

}  // namespace senvec
