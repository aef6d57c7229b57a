#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/hash.h"
#include "bulk/bulk_record.h"
#include "dataio/corpus_reader.h"
#include "dataio/embedding_file.h"

namespace senvec {

// Where documents come from: a corpus, vectors with ids, or a corpus and the vectors of its documents.
struct RecordSourceOptions {
  std::string input;                   // a corpus (see CorpusReader), "-" is standard input; empty = there is none
  std::optional<CorpusFormat> format;  // unset = by the name's end
  std::string vectors;                 // .npy or .fvecs: the n-th is that of the corpus's n-th document; empty = none
  std::string ids;                     // without a corpus: one id a line; empty = the row's number, from 0

  // InvalidArgument for what cannot go together.
  absl::Status Validate() const;
};

// Documents one after the other, in memory that does not grow with them. Not thread-safe.
class RecordSource {
 public:
  static absl::StatusOr<std::unique_ptr<RecordSource>> Open(const RecordSourceOptions& options);

  // The next record, or false at the end. Errors are those of the input as a whole: it cannot be read, or there are
  // more documents than vectors, or fewer.
  absl::StatusOr<bool> Next(BulkRecord& record);

  // After the record that Next() gave last.
  BulkPosition position();
  // What part of the whole that is, as far as the input's size tells; < 0 when it does not.
  double fraction() const;
  // Values of each vector of the file of vectors; 0 without one.
  int64_t dim() const { return vectors_ ? vectors_->dim() : 0; }
  const std::string& name() const { return name_; }
  // What `line` of a record counts: "line" or "row".
  const char* unit() const { return corpus_ ? "line" : "row"; }

 private:
  explicit RecordSource(std::string name) : name_(std::move(name)) {}
  absl::StatusOr<bool> NextDocument(BulkRecord& record);
  absl::StatusOr<bool> NextId(BulkRecord& record);
  void TakeVector(BulkRecord& record);
  absl::Status NotAsMany(absl::string_view what) const;

  const std::string name_;
  std::unique_ptr<CorpusReader> corpus_;
  std::unique_ptr<LineReader> ids_;
  std::optional<EmbeddingFile> vectors_;
  int64_t records_ = 0;
  int64_t vector_bytes_ = 0;
  int64_t released_ = 0;  // rows whose pages were let go
  Fingerprinter vector_hash_;
  CorpusRecord line_;
};

}  // namespace senvec
