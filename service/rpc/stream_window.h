#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/check.h"
#include "base/mutex.h"

namespace senvec {

// What one bidirectional stream may do next: at most `window` items are in work or wait to be written, one read and one
// write are under way at a time, and the end comes once, after everything in work is done. Knows nothing of gRPC.
// Thread-safe.
template <typename Item>
class StreamWindow {
 public:
  // The other side. Calls come with the window's lock held: they start something and return; what they started reports
  // later, to OnRead() or OnWritten().
  class Wire {
   public:
    virtual ~Wire() = default;
    virtual void StartRead() = 0;
    virtual void StartWrite(const Item& item) = 0;  // lives until OnWritten()
    // The last call. A read that still waits does not hold it up.
    virtual void Finish(const absl::Status& status) = 0;
  };

  // `wire` must outlive the window.
  StreamWindow(Wire* wire, int window) : wire_(wire), window_(window) { SENVEC_CHECK(window >= 1); }

  // Begins with the first read.
  void Open() {
    MutexLock lock(&mutex_);
    Read();
  }

  // A read is over; `ok` false when there is nothing more. True when what came is to be worked on: OnAnswered() or
  // OnFault() must follow. What came has to be taken away before, since this may start the next read.
  bool OnRead(bool ok) {
    MutexLock lock(&mutex_);
    reading_ = false;
    if (!ok || failed_) {
      all_read_ = true;
      FinishWhenIdle();
      return false;
    }
    ++in_flight_;
    if (in_flight_ < window_) Read();
    return true;
  }

  void OnAnswered(std::unique_ptr<Item> item) {
    MutexLock lock(&mutex_);
    outgoing_.push_back(std::move(item));
    Write();
    FinishWhenIdle();
  }

  // One item in work has failed and takes the stream with it.
  void OnFault(const absl::Status& status) {
    MutexLock lock(&mutex_);
    --in_flight_;
    Fail(status);
    FinishWhenIdle();
  }

  void OnWritten(bool ok) {
    MutexLock lock(&mutex_);
    writing_ = false;
    outgoing_.pop_front();
    --in_flight_;
    if (!ok) Fail(absl::CancelledError("the client no longer reads"));
    if (!reading_ && !all_read_ && !failed_) Read();
    Write();
    FinishWhenIdle();
  }

  void OnCancel() {
    MutexLock lock(&mutex_);
    Fail(absl::CancelledError("the caller cancelled"));
    FinishWhenIdle();
  }

 private:
  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    reading_ = true;
    wire_->StartRead();
  }

  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (failed_) DropUnwritten();
    if (writing_ || outgoing_.empty()) return;
    writing_ = true;
    wire_->StartWrite(*outgoing_.front());
  }

  void DropUnwritten() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (outgoing_.size() > (writing_ ? 1u : 0u)) {
      outgoing_.pop_back();
      --in_flight_;
    }
  }

  // The first fault ends the stream once what is in work is done.
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (failed_) return;
    failed_ = true;
    status_ = status;
    Write();
  }

  void FinishWhenIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || in_flight_ > 0 || writing_ || !(all_read_ || failed_)) return;
    finished_ = true;
    wire_->Finish(status_);
  }

  Wire* const wire_;
  const int window_;
  Mutex mutex_;
  std::deque<std::unique_ptr<Item>> outgoing_ ABSL_GUARDED_BY(mutex_);
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;  // in work, waiting to be written, or being written
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_read_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace senvec
