#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/thread_pool.h"
#include "bulk/record_source.h"
#include "encoder/sentence_encoder.h"
#include "index/collection.h"

namespace senvec {

// How far a build or an import is, and what it came to.
struct BulkReport {
  int64_t num_documents = 0;    // in the collection
  int64_t num_records = 0;      // of the input, good and bad, earlier runs' included
  int64_t num_resumed = 0;      // of those, by earlier runs
  int64_t num_rejects = 0;
  int64_t num_tokens = 0;
  int64_t num_truncated = 0;    // documents of which tokens were cut off
  double fraction = -1;         // of the input; < 0 = not known
  absl::Duration encoding, indexing;  // of this run: reading, encoding and writing; then the index
  std::string rejects_path;
};

// Told what happens; each may be empty.
struct BulkListener {
  std::function<void(const BulkReport&)> on_start;          // encoding begins, perhaps of what an earlier run left
  std::function<void(const BulkReport&)> on_batch;          // some records are in
  std::function<void(int64_t done, int64_t all)> on_index;  // documents that are in the index
};

struct BulkBuildOptions {
  std::string output;  // a folder that is not there, or empty
  RecordSourceOptions source;
  CollectionOptions collection;  // its name is made of the output's
  std::map<std::string, std::string> settings;  // see BuildState
  std::string rejects;                          // empty = OUTPUT.rejects.tsv
  bool strict = false;                          // the first bad line ends the build
  bool refuse_truncation = false;               // a text that is too long for the model is a bad line
  bool restart = false;                         // throws an unfinished build away
  int num_workers = 1;                          // threads that encode
  int64_t memory_bytes = int64_t{2} << 30;      // for buffers, caches and the index, beside the model
  std::function<absl::Time()> now;
  void (*notice)(absl::string_view message) = nullptr;  // as CollectionRuntime::notice
};

// Makes a collection of everything that a source has, with one index of it. The folder appears when all is done; until then
// its content is at PARENT/.NAME.partial, and a build that was stopped at any moment, in whatever way, is taken up by the
// same call: what was read is read again and compared by its checksum, but not encoded.
//
// `encoder` may be null when all records have vectors; its pool should be of one thread. `pool` builds the index.
// AlreadyExists when there is something at the output; FailedPrecondition when an unfinished build was told otherwise, of
// another input, or is at work.
absl::StatusOr<BulkReport> BulkBuild(const BulkBuildOptions& options, const SentenceEncoder* encoder, ThreadPool* pool,
                                     const BulkListener& listener);

struct BulkImportOptions {
  RecordSourceOptions source;
  std::string rejects;  // empty = a bad line ends the import
  bool refuse_truncation = false;
  int num_workers = 1;
  int64_t buffer_bytes = int64_t{64} << 20;
  std::function<absl::Time()> now;
};

// Inserts or replaces, by id, everything that a source has in a collection. Stopped in the middle, it has written the first
// part; doing it again does no harm.
absl::StatusOr<BulkReport> BulkImport(const BulkImportOptions& options, const SentenceEncoder* encoder, Collection* collection,
                                      const BulkListener& listener);

}  // namespace senvec
