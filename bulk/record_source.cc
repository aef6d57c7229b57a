#include "bulk/record_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int64_t kRowsAtOnce = 4096;  // whose pages are let go together

}  // namespace

absl::Status RecordSourceOptions::Validate() const {
  if (input.empty() && vectors.empty()) return absl::InvalidArgumentError("give --input FILE, --vectors FILE, or both");
  if (!ids.empty() && vectors.empty()) return absl::InvalidArgumentError("--ids goes with --vectors");
  if (!ids.empty() && !input.empty()) {
    return absl::InvalidArgumentError("--ids and --input are both given; documents have their ids in the input");
  }
  if (input.empty() || format.has_value()) return absl::OkStatus();
  const absl::Status status = CorpusFormatOf(input).status();
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(status.message(), "; or say --format txt, tsv or jsonl"));
}

absl::StatusOr<std::unique_ptr<RecordSource>> RecordSource::Open(const RecordSourceOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  const std::string& first = options.input.empty() ? options.vectors : options.input;
  auto source = std::unique_ptr<RecordSource>(new RecordSource(first == "-" ? "standard input" : first));
  if (!options.vectors.empty()) {
    SENVEC_ASSIGN_OR_RETURN(source->vectors_, EmbeddingFile::Open(options.vectors));
  }
  if (!options.input.empty()) {
    CorpusFormat format = options.format.value_or(CorpusFormat::kText);
    if (!options.format.has_value()) {
      SENVEC_ASSIGN_OR_RETURN(format, CorpusFormatOf(options.input));
    }
    SENVEC_ASSIGN_OR_RETURN(source->corpus_, CorpusReader::Open(options.input, format));
  }
  if (!options.ids.empty()) {
    SENVEC_ASSIGN_OR_RETURN(source->ids_, LineReader::Open(options.ids));
  }
  return source;
}

absl::Status RecordSource::NotAsMany(absl::string_view what) const {
  return absl::FailedPreconditionError(
      absl::StrCat(name_, ": there are ", what, " than the ", vectors_->rows(), " vectors of ", vectors_->path(),
                   "; the n-th vector belongs to the n-th document, so that there must be as many"));
}

absl::StatusOr<bool> RecordSource::NextDocument(BulkRecord& record) {
  SENVEC_ASSIGN_OR_RETURN(const bool more, corpus_->Next(line_));
  if (!more) return false;
  record.line = line_.line;
  record.fault = std::move(line_.fault);
  record.document = {.id = std::move(line_.id), .text = std::move(line_.text), .metadata_json = std::move(line_.metadata_json),
                     .group = std::move(line_.group), .vector = std::move(line_.vector)};
  return true;
}

absl::StatusOr<bool> RecordSource::NextId(BulkRecord& record) {
  record = {.line = records_};
  if (ids_ == nullptr) {
    record.document.id = absl::StrCat(records_);
    return records_ < vectors_->rows();
  }
  const absl::StatusOr<bool> more = ids_->Next(record.document.id);
  if (!absl::IsInvalidArgument(more.status())) return more;
  record.fault = "the id is too long";
  return true;
}

void RecordSource::TakeVector(BulkRecord& record) {
  const absl::string_view bytes = vectors_->Bytes(records_);
  vector_bytes_ += static_cast<int64_t>(bytes.size());
  vector_hash_.Append(bytes);
  record.document.vector.resize(static_cast<size_t>(vectors_->dim()));
  const absl::Status copied = vectors_->Copy(records_, absl::MakeSpan(record.document.vector));
  if (!copied.ok() && record.fault.empty()) record.fault = absl::StrCat("its vector ", copied.message());
  if (records_ - released_ < kRowsAtOnce) return;
  vectors_->Release(released_, records_);
  released_ = records_;
}

absl::StatusOr<bool> RecordSource::Next(BulkRecord& record) {
  SENVEC_ASSIGN_OR_RETURN(const bool more, corpus_ != nullptr ? NextDocument(record) : NextId(record));
  const bool has_vector = vectors_.has_value() && records_ < vectors_->rows();
  if (!more) return has_vector ? NotAsMany("fewer documents") : absl::StatusOr<bool>(false);
  if (vectors_.has_value()) {
    if (!has_vector) return NotAsMany("more documents");
    if (!record.document.vector.empty() && record.fault.empty()) record.fault = "it has a \"vector\" of its own beside the one in the file of vectors";
    TakeVector(record);
  }
  ++records_;
  return true;
}

BulkPosition RecordSource::position() {
  BulkPosition position = {.records = records_, .bytes = vector_bytes_, .checksum = {}};
  const auto add = [&](const InputPosition& lines) {
    position.bytes += lines.bytes;
    position.checksum += lines.checksum;
  };
  if (corpus_ != nullptr) add(corpus_->position());
  if (ids_ != nullptr) add(ids_->position());
  if (vectors_.has_value()) position.checksum += vector_hash_.Hex();
  return position;
}

double RecordSource::fraction() const {
  const auto part = [](int64_t done, int64_t all) { return all > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(all)) : -1.0; };
  if (vectors_.has_value()) return part(records_, vectors_->rows());
  return part(corpus_->stored_position(), corpus_->stored_size());
}

}  // namespace senvec
