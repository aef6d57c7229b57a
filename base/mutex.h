#pragma once

#include <chrono>
#include <condition_variable>
#include <shared_mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace senvec {

// A lock for one writer or many readers, on which a writer can wait for a state. Made of std::shared_mutex, so that
// ThreadSanitizer sees it: the one in Debian's abseil is not built for that, and every use looks like a race there.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    WakeWaiters();
    mutex_.unlock();
  }
  void ReaderLock() ABSL_SHARED_LOCK_FUNCTION() { mutex_.lock_shared(); }
  void ReaderUnlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock_shared(); }

  // Lets go of the lock, which must be held for writing, until is_true() holds; asked again whenever another thread
  // that held it for writing lets go of it, by Unlock() or by waiting itself.
  template <typename Predicate>
  void Await(const Predicate& is_true) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    WakeWaiters();
    ++waiters_;
    changed_.wait(mutex_, is_true);
    --waiters_;
  }
  // The same for at most `timeout`; returns is_true().
  template <typename Predicate>
  bool AwaitFor(const Predicate& is_true, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    WakeWaiters();
    ++waiters_;
    const bool result = changed_.wait_for(mutex_, absl::ToChronoNanoseconds(timeout), is_true);
    --waiters_;
    return result;
  }

 private:
  // While the lock is still held: once it is free, a woken waiter may destroy this object.
  void WakeWaiters() {
    if (waiters_ > 0) changed_.notify_all();
  }

  std::shared_mutex mutex_;
  std::condition_variable_any changed_;
  int waiters_ = 0;  // guarded by mutex_
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) { mutex->Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

class ABSL_SCOPED_LOCKABLE ReaderMutexLock {
 public:
  explicit ReaderMutexLock(Mutex* mutex) ABSL_SHARED_LOCK_FUNCTION(mutex) : mutex_(mutex) { mutex->ReaderLock(); }
  ~ReaderMutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->ReaderUnlock(); }
  ReaderMutexLock(const ReaderMutexLock&) = delete;
  ReaderMutexLock& operator=(const ReaderMutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

}  // namespace senvec
