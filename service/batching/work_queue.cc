#include "service/batching/work_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace senvec {

WorkQueue::WorkQueue(int num_threads, size_t max_tasks) : max_tasks_(max_tasks) {
  SENVEC_CHECK(num_threads >= 1);
  for (int i = 0; i < num_threads; ++i) threads_.emplace_back([this] { ThreadMain(); });
}

WorkQueue::~WorkQueue() { Shutdown(); }

absl::Status WorkQueue::Submit(std::function<void()> task) {
  MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the server is shutting down; try another one, or later");
  if (tasks_.size() >= max_tasks_) {
    return absl::ResourceExhaustedError(absl::StrCat(tasks_.size(), " calls wait already; try again later"));
  }
  tasks_.push_back(std::move(task));
  return absl::OkStatus();
}

void WorkQueue::Shutdown() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkQueue::ThreadMain() {
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !tasks_.empty(); };
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(&mutex_);
      mutex_.Await(ready);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace senvec
