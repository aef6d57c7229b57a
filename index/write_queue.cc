#include "index/write_queue.h"

#include <utility>
#include <vector>

namespace senvec {
namespace {

// Writers that share one sync; more would only make the first wait longer.
constexpr size_t kMaxGroup = 64;

}  // namespace

std::deque<WriteQueue::Entry*> WriteQueue::TakeGroup() const {
  std::deque<Entry*> group;
  for (Entry* entry : line_) {
    if (entry->write == nullptr || group.size() == kMaxGroup) break;
    group.push_back(entry);
  }
  return group;
}

absl::Status WriteQueue::Submit(PendingWrite& write, Perform perform) {
  Entry self{&write};
  std::vector<PendingWrite*> writes;
  {
    MutexLock lock(&mutex_);
    line_.push_back(&self);
    mutex_.Await([&] { return self.is_done || line_.front() == &self; });
    if (self.is_done) return write.result;
    // What joins the line from here on waits for the next group.
    for (const Entry* entry : TakeGroup()) writes.push_back(entry->write);
  }
  perform(writes);
  MutexLock lock(&mutex_);
  for (size_t i = 0; i < writes.size(); ++i) {
    line_.front()->is_done = true;
    line_.pop_front();
  }
  return write.result;
}

void WriteQueue::Exclusively(absl::FunctionRef<void()> body) {
  Entry self{nullptr};
  {
    MutexLock lock(&mutex_);
    line_.push_back(&self);
    mutex_.Await([&] { return line_.front() == &self; });
  }
  body();
  MutexLock lock(&mutex_);
  line_.pop_front();
}

}  // namespace senvec
