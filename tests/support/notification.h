#pragma once

#include "absl/time/time.h"
#include "base/mutex.h"

namespace senvec {

// Something happens some number of times, once unless said otherwise, and threads wait for it. Unlike abseil's, which
// Debian does not build for it, ThreadSanitizer sees what it orders.
class Notification {
 public:
  explicit Notification(int times = 1) : left_(times) {}
  void Notify() {
    MutexLock lock(&mutex_);
    --left_;
  }
  bool HasBeenNotified() const {
    MutexLock lock(&mutex_);
    return left_ <= 0;
  }
  void WaitForNotification() {
    MutexLock lock(&mutex_);
    mutex_.Await([this] { return left_ <= 0; });
  }
  bool WaitForNotificationWithTimeout(absl::Duration timeout) {
    MutexLock lock(&mutex_);
    return mutex_.AwaitFor([this] { return left_ <= 0; }, timeout);
  }

 private:
  mutable Mutex mutex_;
  int left_;  // guarded by mutex_
};

}  // namespace senvec
