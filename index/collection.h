#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/vector/vector_options.h"

namespace senvec {

class ThreadPool;

// What a collection remembers of how its vectors were made, so that it is never searched with another model.
struct CollectionOptions {
  std::string name;  // [A-Za-z0-9_.-]{1,128}, not starting with '.'
  VectorIndexOptions index;
  std::string model_fingerprint;
  std::string whitening_fingerprint;  // empty = none
  std::string model_directory;        // where the builder read the model; a hint for the command line
  std::string whitening_path;         // likewise
  std::string query_prompt;           // text put before a query
  std::string passage_prompt;         // text put before a document
  // Keeps for each document its mean cosine with the nearest others, so that searches can be corrected against hubs
  // (docs/scoring.md). Needs the metric cosine.
  bool hub_correction = false;

  absl::Status Validate() const;
};

struct Document {
  std::string id;             // 1 to 512 bytes of UTF-8 without NUL; unique in the collection
  std::string text;           // UTF-8; may be empty
  std::string metadata_json;  // a JSON object in UTF-8; empty = {}
  std::string group;          // one class per meaning; up to 512 bytes of UTF-8 without NUL, empty = none
  std::vector<float> vector;  // dim; what Get() and Scan() return has length 1 for cosine
};

struct Hit {
  std::string id;
  float score = 0;  // see Neighbor::score
  std::string text;
  std::string metadata_json;
  std::string group;
};

struct SearchOptions {
  int32_t k = 10;                   // [1, 10000]
  int32_t ef_search = 0;            // hnsw: [0, 100000]; 0 = the collection's own
  int32_t nprobe = 0;               // ivf: [0, 1048576]; 0 = the collection's own
  std::string filter;               // docs/filters.md; empty = all documents
  std::optional<float> min_score;   // leaves out what scores less
  // Hits are scored and ordered by CSLS, 2 cos(x, y) − r(x) − r(y), among the `hub_candidates` nearest by cosine (and k
  // at least); min_score is of the cosine. Needs CollectionOptions::hub_correction.
  bool correct_hubs = false;
  int32_t hub_candidates = 100;     // [1, 10000]

  absl::Status Validate() const;
};

struct ScanOptions {
  std::string after_id;       // "" = from the start
  int32_t limit = 100;        // [1, 1000000]
  std::string filter;         // empty = all
  bool with_vectors = true;

  absl::Status Validate() const;
};

struct WriteOptions {
  // Whether the write is on disk when the call returns. False is faster and loses the last writes when the machine
  // (not the process) fails: always a whole number of calls, the latest ones.
  bool durable = true;
  // Remembered in the same atomic step; see Collection::Note(). Keys of 1 to 64 bytes.
  std::vector<std::pair<std::string, std::string>> notes;
};

struct CollectionStats {
  int64_t num_documents = 0;
  int64_t num_segments = 0;        // indexes on disk; one is fastest
  int64_t num_unindexed = 0;       // rows compared one by one until an index of them is ready
  int64_t num_removed_rows = 0;    // rows in segments that were replaced or deleted; merging frees them
  int64_t resident_bytes = 0;      // of vectors: codes, links, the unindexed rows
  int64_t mapped_bytes = 0;        // of vectors: mapped from files, the system may drop them
  int64_t disk_bytes = 0;          // of the folder
  int64_t num_uncorrected = 0;     // with hub_correction: documents whose mean cosine is not known yet
  bool read_only = false;          // opened for reading, or turned so by a failed disk; then why:
  std::string read_only_reason;
};

// What opening and background work may use. Everything outlives the collection.
struct CollectionRuntime {
  ThreadPool* pool = nullptr;          // builds by Optimize(); null = the calling thread
  int64_t cache_bytes = 64 << 20;      // documents kept in memory: half as blocks, half as what searches found
  // For building an index, see BuildContext::memory_bytes; 0 = half of what this process may use.
  int64_t build_memory_bytes = 0;
  bool background_indexing = true;     // false: rows wait unindexed until Optimize(), and searching them is not possible
  // Told in words what takes long while opening (replaying the log, rebuilding a damaged index), and what was repaired.
  void (*notice)(absl::string_view message) = nullptr;
};

// Documents with ids, texts, metadata, groups and vectors, searched by vector; kept on disk.
//
// Thread-safe: any number of readers and writers. A write that returned OK is on disk (see WriteOptions) and is seen by
// the next search; searches never wait for writes. Writes of several threads share one sync of the disk.
//
// After a disk error a write returns it and nothing of it is seen; the next write tries again, and while that fails the
// collection is read-only and says why (Unavailable).
class Collection {
 public:
  virtual ~Collection() = default;

  // A new, empty collection in folder `directory`. AlreadyExists when one is there.
  static absl::StatusOr<std::unique_ptr<Collection>> Create(const std::string& directory,
                                                            const CollectionOptions& options,
                                                            const CollectionRuntime& runtime = {});
  // Opens a saved one. NotFound; DataLoss with file and reason when documents are damaged (a damaged index is built
  // again); FailedPrecondition when another process holds the folder or the format is newer.
  static absl::StatusOr<std::unique_ptr<Collection>> Open(const std::string& directory,
                                                          const CollectionRuntime& runtime = {});
  // The same for searching alone: writes nothing, so that the folder may be read-only, and lets others read as well.
  // Writes fail with FailedPrecondition, and so does opening when an index is damaged.
  static absl::StatusOr<std::unique_ptr<Collection>> OpenForReading(const std::string& directory,
                                                                    const CollectionRuntime& runtime = {});

  virtual const CollectionOptions& options() const = 0;
  virtual int64_t size() const = 0;
  virtual absl::StatusOr<CollectionStats> Stats() const = 0;

  // Inserts or replaces by id; all or nothing. InvalidArgument names the document's position, id and fault.
  // Returns how many were new.
  virtual absl::StatusOr<int64_t> Upsert(absl::Span<const Document> documents,
                                         const WriteOptions& options = {}) = 0;
  // Unknown ids are ignored; returns how many were removed.
  virtual absl::StatusOr<int64_t> Delete(absl::Span<const std::string> ids,
                                         const WriteOptions& options = {}) = 0;
  // Removes what the filter matches, by steps of 10,000 documents, each all or nothing; returns how many.
  virtual absl::StatusOr<int64_t> DeleteMatching(const std::string& filter, const WriteOptions& options = {}) = 0;
  // Merges `patch_json` into the document's metadata by RFC 7396 (null removes a key). NotFound names the id.
  virtual absl::Status UpdateMetadata(absl::string_view id, absl::string_view patch_json,
                                      const WriteOptions& options = {}) = 0;

  // In the order of `ids`; nullopt for an unknown one.
  virtual absl::StatusOr<std::vector<std::optional<Document>>> Get(
      absl::Span<const std::string> ids, bool with_vectors = true) const = 0;
  // Documents in ascending order of id (bytes), at most `limit`.
  virtual absl::StatusOr<std::vector<Document>> Scan(const ScanOptions& options) const = 0;
  // Documents that the filter matches; "" = all.
  virtual absl::StatusOr<int64_t> Count(const std::string& filter) const = 0;

  // queries: n × dim; a list of hits for each, best first, ties by the order of insertion.
  virtual absl::StatusOr<std::vector<std::vector<Hit>>> Search(absl::Span<const float> queries,
                                                               const SearchOptions& options) const = 0;

  // What WriteOptions::notes last gave `key`; NotFound.
  virtual absl::StatusOr<std::string> Note(absl::string_view key) const = 0;

  // Builds one index of everything, without the removed rows, and brings hub corrections up to date. `progress` gets rows done and in all; false stops it
  // with Cancelled. Others search and write meanwhile.
  virtual absl::Status Optimize(absl::FunctionRef<bool(int64_t, int64_t)> progress) = 0;

  // A consistent copy as of now in the new folder `directory`, which Open() opens, with a list of files and checksums
  // beside it (see snapshot.h). Others search and write meanwhile.
  virtual absl::Status Snapshot(const std::string& directory) const = 0;

  // Renames the folder, which no other collection's files are mistaken for then. Those who still hold the collection can
  // read it; writes fail with FailedPrecondition. On error all is as it was.
  virtual absl::Status Retire(const std::string& new_directory) = 0;
};

}  // namespace senvec
