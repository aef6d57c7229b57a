#include "bulk/encode_pipeline.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// A slot ends at any of these: few texts, so that workers finish together at the end, and little memory.
constexpr size_t kTextsOfSlot = 64;
constexpr size_t kRecordsOfSlot = 512;
constexpr int64_t kBytesOfSlot = int64_t{1} << 16;
// Documents that are given out together, so that the writer has few large writes when it falls behind.
constexpr size_t kMostDocuments = 1024;

int64_t BytesOf(const Document& document) {
  return static_cast<int64_t>(sizeof(Document) + document.id.size() + document.text.size() + document.metadata_json.size() +
                              document.group.size() + document.vector.size() * sizeof(float));
}

void Append(EncodedBatch&& from, EncodedBatch& to) {
  std::move(from.documents.begin(), from.documents.end(), std::back_inserter(to.documents));
  to.lines.insert(to.lines.end(), from.lines.begin(), from.lines.end());
  std::move(from.rejects.begin(), from.rejects.end(), std::back_inserter(to.rejects));
  to.num_tokens += from.num_tokens;
  to.num_truncated += from.num_truncated;
  to.end = std::move(from.end);
  to.fraction = from.fraction;
}

}  // namespace

EncodePipeline::EncodePipeline(RecordSource* source, RecordChecker* checker, const SentenceEncoder* encoder,
                               const EncodePipelineOptions& options)
    : source_(source), checker_(checker), encoder_(encoder), options_(options),
      max_slots_(4 * static_cast<size_t>(options.num_workers) + 4) {
  SENVEC_CHECK(options.num_workers >= 1);
  threads_.emplace_back([this] { ReadMain(); });
  for (int i = 0; i < options.num_workers; ++i) threads_.emplace_back([this] { WorkMain(); });
}

EncodePipeline::~EncodePipeline() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool EncodePipeline::Read(Slot& slot) {
  size_t num_texts = 0;
  bool more = true;
  while (num_texts < kTextsOfSlot && slot.records.size() < kRecordsOfSlot && slot.bytes < kBytesOfSlot) {
    BulkRecord record;
    const absl::StatusOr<bool> next = source_->Next(record);
    slot.status = next.status();
    more = next.ok() && *next;
    if (!more) break;
    checker_->Check(record);
    num_texts += record.fault.empty() && record.document.vector.empty();
    slot.bytes += BytesOf(record.document);
    slot.records.push_back(std::move(record));
  }
  slot.batch.end = source_->position();
  slot.batch.fraction = source_->fraction();
  return more;
}

void EncodePipeline::ReadMain() {
  const auto has_room = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || slots_.empty() || (slots_.size() < max_slots_ && bytes_ < options_.buffer_bytes);
  };
  bool more = true;
  while (more) {
    auto slot = std::make_unique<Slot>();
    more = Read(*slot);
    MutexLock lock(&mutex_);
    mutex_.Await(has_room);
    if (stopping_) return;
    bytes_ += slot->bytes;
    has_ended_ = !more;
    if (!slot->records.empty() || !slot->status.ok()) slots_.push_back(std::move(slot));
  }
}

void EncodePipeline::WorkMain() {
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || has_ended_ || num_taken_ < slots_.size();
  };
  while (true) {
    Slot* slot = nullptr;
    {
      MutexLock lock(&mutex_);
      mutex_.Await(ready);
      if (stopping_ || num_taken_ == slots_.size()) return;
      slot = slots_[num_taken_++].get();
    }
    const absl::Status status = Encode(*slot);
    MutexLock lock(&mutex_);
    slot->encoding = status;
    slot->is_done = true;
  }
}

void EncodePipeline::TakeVectors(const SentenceEncoder::TextsResult& result, std::vector<BulkRecord*>& records,
                                 EncodedBatch& batch) const {
  const size_t dim = static_cast<size_t>(encoder_->info().dim);
  for (size_t i = 0; i < records.size(); ++i) {
    const int32_t tokens = result.num_tokens[i], cut = result.num_truncated[i];
    if (cut > 0 && options_.refuse_truncation) {
      records[i]->fault = absl::StrCat("the text has ", tokens + cut, " tokens; the model takes ", tokens,
                                       ": cut it into passages, or let it be cut without --strict-length");
      continue;
    }
    batch.num_tokens += tokens;
    batch.num_truncated += cut > 0;
    const float* row = result.rows.data() + i * dim;
    records[i]->document.vector.assign(row, row + dim);
  }
}

// Which of the texts the encoder will not have.
absl::Status EncodePipeline::EncodeOneByOne(std::vector<BulkRecord*>& records, EncodedBatch& batch) const {
  for (BulkRecord* record : records) {
    const auto result = encoder_->EncodeTexts(absl::MakeConstSpan(&record->document.text, 1), options_.prompt, {});
    if (absl::IsInvalidArgument(result.status())) {
      record->fault = absl::StrCat("the text cannot be encoded: ", result.status().message());
      continue;
    }
    SENVEC_RETURN_IF_ERROR(result.status());
    std::vector<BulkRecord*> one = {record};
    TakeVectors(*result, one, batch);
  }
  return absl::OkStatus();
}

absl::Status EncodePipeline::EncodeTexts(std::vector<BulkRecord*>& records, EncodedBatch& batch) const {
  if (records.empty()) return absl::OkStatus();
  std::vector<std::string> texts;
  texts.reserve(records.size());
  for (BulkRecord* record : records) texts.push_back(std::move(record->document.text));
  const auto result = encoder_->EncodeTexts(texts, options_.prompt, {});
  for (size_t i = 0; i < records.size(); ++i) records[i]->document.text = std::move(texts[i]);
  if (absl::IsInvalidArgument(result.status())) return EncodeOneByOne(records, batch);
  SENVEC_RETURN_IF_ERROR(result.status());
  TakeVectors(*result, records, batch);
  return absl::OkStatus();
}

absl::Status EncodePipeline::Encode(Slot& slot) const {
  std::vector<BulkRecord*> texts;
  for (BulkRecord& record : slot.records) {
    if (record.fault.empty() && record.document.vector.empty()) texts.push_back(&record);
  }
  SENVEC_RETURN_IF_ERROR(EncodeTexts(texts, slot.batch));
  for (BulkRecord& record : slot.records) {
    if (record.fault.empty()) {
      slot.batch.documents.push_back(std::move(record.document));
      slot.batch.lines.push_back(record.line);
    } else {
      slot.batch.rejects.push_back({record.line, std::move(record.document.id), std::move(record.fault)});
    }
  }
  slot.records.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::optional<EncodedBatch>> EncodePipeline::Next() {
  if (!failed_.ok()) return failed_;
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return (has_ended_ && slots_.empty()) || (!slots_.empty() && slots_.front()->is_done);
  };
  std::optional<EncodedBatch> batch;
  MutexLock lock(&mutex_);
  mutex_.Await(ready);
  while (!slots_.empty() && slots_.front()->is_done && failed_.ok()) {
    Slot& slot = *slots_.front();
    if (batch.has_value() && batch->documents.size() + slot.batch.documents.size() > kMostDocuments) break;
    // Records of a slot that could not be encoded must not count as done.
    failed_ = slot.encoding.ok() ? slot.status : slot.encoding;
    if (slot.encoding.ok() && !slot.batch.IsEmpty()) {
      if (!batch.has_value()) batch.emplace();
      Append(std::move(slot.batch), *batch);
    }
    bytes_ -= slot.bytes;
    slots_.pop_front();
    --num_taken_;
  }
  if (!batch.has_value() && !failed_.ok()) return failed_;
  return batch;
}

}  // namespace senvec
