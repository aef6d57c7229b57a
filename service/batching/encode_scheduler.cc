#include "service/batching/encode_scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/batching/distinct_sentences.h"

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
    : encoder_(encoder), options_(options), now_(std::move(now)) {
  encode_thread_ = std::thread([this] { EncodeMain(); });
  feed_thread_ = std::thread([this] { FeedMain(); });
}

EncodeScheduler::~EncodeScheduler() { Shutdown(); }

absl::Status EncodeScheduler::Submit(Job job) {
  Pending pending;
  pending.tokens_waiting = CountTokens(job.sentences);
  pending.rows.resize(job.sentences.size() * encoder_->info().dim);
  pending.submitted = now_();
  pending.job = std::move(job);
  MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the server is shutting down; try another one, or later");
  // A job above the limit may still run when nothing else waits: its size was allowed.
  if (queued_tokens_ > 0 && queued_tokens_ + pending.tokens_waiting > options_.max_queued_tokens) {
    return absl::ResourceExhaustedError(absl::StrCat("the encoder's queue is full: ", queued_tokens_,
                                                     " tokens wait, ", options_.max_queued_tokens,
                                                     " are allowed; try again later"));
  }
  queued_tokens_ += pending.tokens_waiting;
  queue_.push_back(std::move(pending));
  want_next_ = true;
  return absl::OkStatus();
}

int64_t EncodeScheduler::queued_tokens() const {
  MutexLock lock(&mutex_);
  return queued_tokens_;
}

int64_t EncodeScheduler::chosen_tokens() const {
  MutexLock lock(&mutex_);
  return next_.tokens;
}

void EncodeScheduler::Shutdown() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (encode_thread_.joinable()) encode_thread_.join();
  if (feed_thread_.joinable()) feed_thread_.join();
}

void EncodeScheduler::EncodeMain() {
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); };
  while (true) {
    Batch batch;
    {
      MutexLock lock(&mutex_);
      mutex_.Await(ready);
      encoder_left_ = queue_.empty();
      if (encoder_left_) return;
      batch = Begin();
    }
    Encode(batch);
    std::list<Pending> answers;
    {
      MutexLock lock(&mutex_);
      End(batch);
      // With nothing else to do, answering here spares the callers a change of threads.
      if (queue_.empty()) answers.swap(answers_);
    }
    Answer(std::move(answers));
  }
}

void EncodeScheduler::FeedMain() {
  // The rest of a batch is left for those who come while the last one runs: they do not wait for two.
  const int64_t budget = options_.max_batch_tokens - options_.max_batch_tokens / 4;
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return want_next_ || !answers_.empty() || encoder_left_;
  };
  while (true) {
    std::list<Pending> answers;
    {
      MutexLock lock(&mutex_);
      mutex_.Await(ready);
      answers.swap(answers_);
      if (answers.empty() && encoder_left_) return;
      if (want_next_) Extend(next_, budget);
      want_next_ = false;
    }
    Answer(std::move(answers));
  }
}

EncodeScheduler::Batch EncodeScheduler::Begin() {
  DropAbandoned();
  Batch batch = std::move(next_);
  next_ = Batch();
  Extend(batch, options_.max_batch_tokens);
  want_next_ = true;
  const absl::Time now = now_();
  for (const Slice& slice : batch.slices) {
    if (slice.pending->started == absl::InfinitePast()) slice.pending->started = now;
    for (size_t i = slice.begin; i < slice.end; ++i) {
      const int64_t length = static_cast<int64_t>(slice.pending->job.sentences[i].ids.size());
      slice.pending->tokens_waiting -= length;
      queued_tokens_ -= length;
    }
  }
  return batch;
}

void EncodeScheduler::DropAbandoned() {
  const absl::Time now = now_();
  for (auto it = queue_.begin(); it != queue_.end();) {
    const auto job = it++;
    if (job->job.is_cancelled && job->job.is_cancelled()) {
      job->status = absl::CancelledError("the caller cancelled");
    } else if (job->job.deadline <= now) {
      job->status = absl::DeadlineExceededError("the deadline passed while the call waited for the encoder");
    } else {
      continue;
    }
    MoveToAnswers(job);
  }
}

// Goes round the jobs, some sentences of each, until the batch has its tokens; first those that had no turn yet.
void EncodeScheduler::Extend(Batch& batch, int64_t budget) {
  const bool is_new = batch.slices.empty();
  for (Pending& pending : queue_) {
    if (pending.next == 0) TakeTurn(pending, budget, batch);
  }
  bool taken = true;
  while (taken) {
    taken = false;
    for (Pending& pending : queue_) taken |= TakeTurn(pending, budget, batch);
  }
  // The next batch begins with another job.
  if (is_new && !queue_.empty()) queue_.splice(queue_.end(), queue_, queue_.begin());
}

// False when there is no room or the job has nothing for this batch: options that differ cannot share one.
bool EncodeScheduler::TakeTurn(Pending& pending, int64_t budget, Batch& batch) {
  const std::vector<Encoding>& sentences = pending.job.sentences;
  if (batch.slices.empty()) batch.options = pending.job.options;
  if (pending.job.options.normalize != batch.options.normalize) return false;
  Slice slice = {&pending, pending.next, pending.next};
  const size_t last = std::min(sentences.size(), slice.begin + static_cast<size_t>(options_.sentences_per_turn));
  while (slice.end < last) {
    const int64_t length = static_cast<int64_t>(sentences[slice.end].ids.size());
    // A sentence above the budget runs alone.
    if (batch.tokens > 0 && batch.tokens + length > budget) break;
    batch.tokens += length;
    ++slice.end;
  }
  if (slice.begin == slice.end) return false;
  pending.next = slice.end;
  batch.slices.push_back(slice);
  return true;
}

void EncodeScheduler::Encode(const Batch& batch) {
  if (batch.slices.empty()) return;
  std::vector<const Encoding*> sentences;
  for (const Slice& slice : batch.slices) {
    for (size_t i = slice.begin; i < slice.end; ++i) sentences.push_back(&slice.pending->job.sentences[i]);
  }
  const DistinctSentences distinct = DistinctSentences::Of(sentences);
  const size_t dim = static_cast<size_t>(encoder_->info().dim);
  std::vector<float> rows(distinct.sentences.size() * dim);
  const absl::Status status = encoder_->Encode(distinct.sentences, batch.options, absl::MakeSpan(rows));
  auto row = distinct.row_of.begin();
  for (const Slice& slice : batch.slices) {
    for (size_t i = slice.begin; i < slice.end; ++i) {
      std::copy_n(rows.begin() + *row++ * dim, dim, slice.pending->rows.begin() + i * dim);
    }
    if (!status.ok()) slice.pending->status = status;
  }
}

void EncodeScheduler::End(const Batch& batch) {
  for (const Slice& slice : batch.slices) slice.pending->encoded += slice.end - slice.begin;
  for (auto it = queue_.begin(); it != queue_.end();) {
    const auto job = it++;
    if (!job->status.ok() || job->encoded == job->job.sentences.size()) MoveToAnswers(job);
  }
}

// What the next batch would have of it is taken out again.
void EncodeScheduler::MoveToAnswers(std::list<Pending>::iterator job) {
  queued_tokens_ -= job->tokens_waiting;
  const auto is_of_job = [job](const Slice& slice) { return slice.pending == &*job; };
  for (const Slice& slice : next_.slices) {
    if (!is_of_job(slice)) continue;
    for (size_t i = slice.begin; i < slice.end; ++i) {
      next_.tokens -= static_cast<int64_t>(job->job.sentences[i].ids.size());
    }
  }
  next_.slices.erase(std::remove_if(next_.slices.begin(), next_.slices.end(), is_of_job), next_.slices.end());
  answers_.splice(answers_.end(), queue_, job);
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
