#include "service/rpc/scheduled_encoder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// A job is some batches of short texts. While two are in the queue the encoder never waits for the tokenizer.
constexpr size_t kJobTexts = 256;
constexpr int kJobsInWork = 2;
// How long a full queue is left alone.
constexpr absl::Duration kPause = absl::Milliseconds(20);

// The jobs of one EncodeTexts() call. Outlives them: the destructor waits.
class Jobs {
 public:
  Jobs(EncodeScheduler* scheduler, const Caller& caller) : scheduler_(*scheduler), caller_(caller) {}
  ~Jobs() { static_cast<void>(WaitUntilAtMost(0)); }

  // Rows of `sentences` go to `to` some time. Waits while the queue is full.
  absl::Status Submit(const std::vector<Encoding>& sentences, const EncodeOptions& options, float* to,
                      const std::function<absl::Time()>& now) {
    while (true) {
      Begin();
      const absl::Status submitted = scheduler_.Submit(
          {.sentences = sentences, .options = options, .deadline = caller_.deadline, .is_cancelled = caller_.is_cancelled,
           .done = [this, to, n = sentences.size()](absl::StatusOr<EncodeScheduler::Encoded> encoded) {
             End(std::move(encoded), n, to);
           }});
      if (submitted.ok()) return submitted;
      ForgetOne();
      if (!absl::IsResourceExhausted(submitted)) return submitted;
      SENVEC_RETURN_IF_ERROR(WaitUntilAtMost(0));
      Pause();
      SENVEC_RETURN_IF_ERROR(caller_.Check(now()));
    }
  }

  // Waits for all but `most` jobs; the first error of any job.
  absl::Status WaitUntilAtMost(int most) {
    MutexLock lock(&mutex_);
    mutex_.Await([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return in_work_ <= most; });
    return status_;
  }
  // Sentences that were encoded since the last call.
  int64_t TakeEncoded() {
    MutexLock lock(&mutex_);
    return std::exchange(encoded_, 0);
  }

 private:
  void Begin() {
    MutexLock lock(&mutex_);
    ++in_work_;
  }
  void End(absl::StatusOr<EncodeScheduler::Encoded> encoded, size_t n, float* to) {
    if (encoded.ok()) std::copy(encoded->rows.begin(), encoded->rows.end(), to);
    MutexLock lock(&mutex_);
    if (encoded.ok()) encoded_ += static_cast<int64_t>(n);
    if (status_.ok() && !encoded.ok()) status_ = encoded.status();
    --in_work_;
  }
  void ForgetOne() {
    MutexLock lock(&mutex_);
    --in_work_;
  }
  void Pause() {
    MutexLock lock(&mutex_);
    static_cast<void>(mutex_.AwaitFor([] { return false; }, kPause));
  }

  EncodeScheduler& scheduler_;
  const Caller& caller_;
  Mutex mutex_;
  int in_work_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t encoded_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::vector<Encoding>> TokenizeAll(const ScheduledEncoder& encoder, absl::string_view prompt,
                                                  absl::Span<const std::string> texts) {
  std::vector<Encoding> sentences;
  for (const std::string& text : texts) {
    SENVEC_ASSIGN_OR_RETURN(Encoding encoding, encoder.Tokenize(prompt, text, 0));
    if (encoding.ids.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("the text \"", text.substr(0, 40),
                                                     "\" has no tokens: nothing of it is in the model's vocabulary"));
    }
    sentences.push_back(std::move(encoding));
  }
  return sentences;
}

}  // namespace

absl::StatusOr<SentenceEncoder::TextsResult> ScheduledEncoder::EncodeTexts(absl::Span<const std::string> texts,
                                                                           absl::string_view prompt,
                                                                           const EncodeOptions& options) const {
  const size_t dim = static_cast<size_t>(info().dim);
  TextsResult result;
  result.rows.resize(texts.size() * dim);
  Jobs jobs(context_.scheduler, caller_);  // after `result`, which they write to
  const auto report = [&] {
    if (const int64_t encoded = jobs.TakeEncoded(); progress_ && encoded > 0) progress_(encoded);
  };
  for (size_t begin = 0; begin < texts.size(); begin += kJobTexts) {
    SENVEC_RETURN_IF_ERROR(caller_.Check(context_.now()));
    SENVEC_ASSIGN_OR_RETURN(const std::vector<Encoding> sentences,
                            TokenizeAll(*this, prompt, texts.subspan(begin, kJobTexts)));
    for (const Encoding& sentence : sentences) {
      result.num_tokens.push_back(static_cast<int32_t>(sentence.ids.size()));
      result.num_truncated.push_back(sentence.num_truncated);
    }
    SENVEC_RETURN_IF_ERROR(jobs.WaitUntilAtMost(kJobsInWork - 1));
    report();
    SENVEC_RETURN_IF_ERROR(jobs.Submit(sentences, options, result.rows.data() + begin * dim, context_.now));
  }
  SENVEC_RETURN_IF_ERROR(jobs.WaitUntilAtMost(0));
  report();
  return result;
}

}  // namespace senvec
