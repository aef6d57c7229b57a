#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/check.h"
#include "base/mutex.h"

namespace senvec {

// What a stream that reports on long work may write next: of progress the newest message only, which goes first, then
// the results in their order; one write is under way at a time, and the end comes once, after all of it. Knows nothing of
// gRPC. Thread-safe.
template <typename Message>
class StreamOutbox {
 public:
  // The other side. Calls come without the outbox's lock, since what they start may report at once, from this thread or
  // another; no two of them overlap.
  class Wire {
   public:
    virtual ~Wire() = default;
    virtual void StartWrite(const Message& message) = 0;  // lives until OnWritten()
    // The last call: it may end the lives of the wire and of the outbox.
    virtual void Finish(const absl::Status& status) = 0;
  };

  // `wire` must outlive the outbox's last call.
  explicit StreamOutbox(Wire* wire) : wire_(wire) {}

  // Takes the place of progress that was not written yet.
  void PostProgress(Message message) {
    Step([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { progress_ = std::move(message); });
  }
  void Post(Message message) {
    Step([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { results_.push_back(std::move(message)); });
  }
  // After the work's last message; once. Nothing of the stream may be touched after it.
  void End(const absl::Status& status) {
    Step([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      SENVEC_CHECK(!status_.has_value());
      status_ = status;
    });
  }

  // A write is over; where `ok` is false nobody reads any more. The same care as after End().
  void OnWritten(bool ok) {
    Step([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      is_writing_ = false;
      is_closed_ |= !ok;
    });
  }

  // Nothing more is written; the work still has to end.
  void Close() {
    MutexLock lock(&mutex_);
    is_closed_ = true;
  }

 private:
  enum class Action { kNone, kWrite, kFinish };

  template <typename Change>
  void Step(const Change& change) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    Action action;
    {
      MutexLock lock(&mutex_);
      change();
      action = Next();
    }
    // Only one thread has an action other than kNone until it has reported: current_ and status_ are its own.
    if (action == Action::kWrite) wire_->StartWrite(current_);
    if (action == Action::kFinish) wire_->Finish(*status_);
  }

  Action Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_) return Action::kNone;
    if (progress_.has_value() && !is_closed_) {
      current_ = *std::move(progress_);
      progress_.reset();
    } else if (!results_.empty() && !is_closed_) {
      current_ = std::move(results_.front());
      results_.pop_front();
    } else {
      return status_.has_value() ? Action::kFinish : Action::kNone;
    }
    is_writing_ = true;
    return Action::kWrite;
  }

  Wire* const wire_;
  Mutex mutex_;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  Message current_ ABSL_GUARDED_BY(mutex_){};                   // being written
  std::optional<Message> progress_ ABSL_GUARDED_BY(mutex_);     // to be written
  std::deque<Message> results_ ABSL_GUARDED_BY(mutex_);         // likewise, after it
  std::optional<absl::Status> status_ ABSL_GUARDED_BY(mutex_);  // once the work has ended
};

}  // namespace senvec
