#include "service/batching/encode_scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace senvec {
namespace {

absl::Status CheckRange(const char* field, int64_t value, int64_t high) {
  if (value >= 1 && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, "; it must be in [1, ", high, "]"));
}

int64_t CountTokens(const std::vector<Encoding>& sentences) {
  int64_t tokens = 0;
  for (const Encoding& sentence : sentences) tokens += static_cast<int64_t>(sentence.ids.size());
  return tokens;
}

}  // namespace

absl::Status EncodeSchedulerOptions::Validate() const {
  for (const absl::Status& status :
       {CheckRange("max_batch_tokens", max_batch_tokens, 1 << 20),
        CheckRange("max_queued_tokens", max_queued_tokens, int64_t{1} << 40),
        CheckRange("sentences_per_turn", sentences_per_turn, 1 << 16)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

EncodeScheduler::EncodeScheduler(const SentenceEncoder* encoder, const EncodeSchedulerOptions& options,
                                 std::function<absl::Time()> now)
    : encoder_(encoder), options_(options), now_(std::move(now)), thread_([this] { ThreadMain(); }) {}

EncodeScheduler::~EncodeScheduler() { Shutdown(); }

absl::Status EncodeScheduler::Submit(Job job) {
  Pending pending;
  pending.tokens_left = CountTokens(job.sentences);
  pending.rows.resize(job.sentences.size() * encoder_->info().dim);
  pending.submitted = now_();
  pending.job = std::move(job);
  MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the server is shutting down; try another one, or later");
  // A job above the limit may still run when nothing else waits: its size was allowed.
  if (queued_tokens_ > 0 && queued_tokens_ + pending.tokens_left > options_.max_queued_tokens) {
    return absl::ResourceExhaustedError(absl::StrCat("the encoder's queue is full: ", queued_tokens_,
                                                     " tokens wait, ", options_.max_queued_tokens,
                                                     " are allowed; try again later"));
  }
  queued_tokens_ += pending.tokens_left;
  queue_.push_back(std::move(pending));
  return absl::OkStatus();
}

int64_t EncodeScheduler::queued_tokens() const {
  MutexLock lock(&mutex_);
  return queued_tokens_;
}

void EncodeScheduler::Shutdown() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void EncodeScheduler::ThreadMain() {
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); };
  while (true) {
    std::list<Pending> answered;
    std::vector<Slice> batch;
    {
      MutexLock lock(&mutex_);
      mutex_.Await(ready);
      if (queue_.empty()) return;
      answered = TakeAbandoned();
      batch = TakeBatch();
    }
    Answer(std::move(answered));
    EncodeBatch(batch);
    {
      MutexLock lock(&mutex_);
      answered = TakeFinished();
    }
    Answer(std::move(answered));
  }
}

std::list<EncodeScheduler::Pending> EncodeScheduler::TakeAbandoned() {
  std::list<Pending> abandoned;
  const absl::Time now = now_();
  for (auto it = queue_.begin(); it != queue_.end();) {
    const auto here = it++;
    if (here->job.is_cancelled && here->job.is_cancelled()) {
      here->status = absl::CancelledError("the caller cancelled");
    } else if (here->job.deadline <= now) {
      here->status = absl::DeadlineExceededError("the deadline passed while the call waited for the encoder");
    } else {
      continue;
    }
    queued_tokens_ -= here->tokens_left;
    abandoned.splice(abandoned.end(), queue_, here);
  }
  return abandoned;
}

// Goes round the jobs, some sentences of each, until the batch has its tokens. Options that differ cannot share one.
std::vector<EncodeScheduler::Slice> EncodeScheduler::TakeBatch() {
  std::vector<Slice> batch;
  if (queue_.empty()) return batch;
  const absl::Time now = now_();
  const auto normalize = queue_.front().job.options.normalize;
  int64_t tokens = 0;
  bool taken = true;
  while (taken && tokens < options_.max_batch_tokens) {
    taken = false;
    for (Pending& pending : queue_) {
      const std::vector<Encoding>& sentences = pending.job.sentences;
      if (pending.next == sentences.size() || pending.job.options.normalize != normalize) continue;
      Slice slice = {&pending, pending.next, pending.next};
      while (slice.end < sentences.size() && slice.end - slice.begin < static_cast<size_t>(options_.sentences_per_turn) &&
             (tokens == 0 || tokens + static_cast<int64_t>(sentences[slice.end].ids.size()) <= options_.max_batch_tokens)) {
        const int64_t length = static_cast<int64_t>(sentences[slice.end++].ids.size());
        tokens += length;
        pending.tokens_left -= length;
        queued_tokens_ -= length;
      }
      if (slice.begin == slice.end) continue;
      if (pending.started == absl::InfinitePast()) pending.started = now;
      pending.next = slice.end;
      batch.push_back(slice);
      taken = true;
    }
  }
  // The next batch begins with another job.
  queue_.splice(queue_.end(), queue_, queue_.begin());
  return batch;
}

void EncodeScheduler::EncodeBatch(const std::vector<Slice>& batch) {
  if (batch.empty()) return;
  std::vector<const Encoding*> sentences;
  for (const Slice& slice : batch) {
    for (size_t i = slice.begin; i < slice.end; ++i) sentences.push_back(&slice.pending->job.sentences[i]);
  }
  const size_t dim = static_cast<size_t>(encoder_->info().dim);
  std::vector<float> rows(sentences.size() * dim);
  const absl::Status status = encoder_->Encode(sentences, batch[0].pending->job.options, absl::MakeSpan(rows));
  auto from = rows.begin();
  for (const Slice& slice : batch) {
    const size_t size = (slice.end - slice.begin) * dim;
    std::copy_n(from, size, slice.pending->rows.begin() + slice.begin * dim);
    from += size;
    if (!status.ok()) slice.pending->status = status;
  }
}

std::list<EncodeScheduler::Pending> EncodeScheduler::TakeFinished() {
  std::list<Pending> finished;
  for (auto it = queue_.begin(); it != queue_.end();) {
    const auto here = it++;
    if (here->status.ok() && here->next < here->job.sentences.size()) continue;
    queued_tokens_ -= here->tokens_left;
    finished.splice(finished.end(), queue_, here);
  }
  return finished;
}

void EncodeScheduler::Answer(std::list<Pending> jobs) {
  const absl::Time now = now_();
  for (Pending& pending : jobs) {
    if (!pending.status.ok()) {
      pending.job.done(pending.status);
      continue;
    }
    if (pending.started == absl::InfinitePast()) pending.started = now;
    pending.job.done(Encoded{std::move(pending.rows), pending.started - pending.submitted, now - pending.started});
  }
}

}  // namespace senvec
