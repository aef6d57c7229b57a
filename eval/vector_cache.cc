#include "eval/vector_cache.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "eval/vector_segment.h"

namespace senvec {
namespace {

constexpr absl::string_view kEnd = ".vectors";

std::string HashOf(absl::string_view text) {
  Fingerprinter fingerprinter;
  fingerprinter.Add(text);
  return fingerprinter.Hex();
}

// The number in "12.vectors", or −1.
int64_t NumberOf(absl::string_view name) {
  int64_t number = -1;
  if (!absl::EndsWith(name, kEnd)) return -1;
  name.remove_suffix(kEnd.size());
  return absl::SimpleAtoi(name, &number) && number >= 0 ? number : -1;
}

}  // namespace

std::string VectorKey::ToText() const {
  return DumpJson({{"model", model_fingerprint},
                   {"precision", precision},
                   {"isa", isa},
                   {"pooling", pooling},
                   {"whitening", whitening},
                   {"prompt", prompt},
                   {"max_tokens", max_tokens},
                   {"dim", dim}});
}

absl::StatusOr<std::unique_ptr<VectorCache>> VectorCache::Open(const std::string& folder,
                                                               const VectorKey& key) {
  const std::string text = key.ToText();
  const std::string own = folder.empty() ? "" : JoinPath(folder, HashOf(text));
  std::unique_ptr<VectorCache> cache(new VectorCache(own, text, key.dim));
  if (!own.empty()) {
    SENVEC_RETURN_IF_ERROR(MakeDirectories(own));
    SENVEC_RETURN_IF_ERROR(cache->LoadAll());
  }
  return cache;
}

absl::Status VectorCache::LoadAll() {
  std::error_code error;
  std::vector<std::pair<int64_t, std::string>> files;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const int64_t number = NumberOf(it->path().filename().string());
    if (number >= 0) files.emplace_back(number, it->path().string());
  }
  if (error) {
    return ErrnoToStatus(error.value(), absl::StrCat("cannot list ", folder_));
  }
  std::sort(files.begin(), files.end());
  for (const auto& [number, path] : files) {
    next_file_ = number + 1;
    const absl::Status status = Load(path);
    if (!status.ok()) skipped_.push_back(std::string(status.message()));
  }
  return absl::OkStatus();
}

absl::Status VectorCache::Load(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
  SENVEC_ASSIGN_OR_RETURN(const VectorSegment segment, ParseVectorSegment(file->bytes(), path));
  if (segment.key != key_ || segment.dim != dim_) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": its vectors were made with ", segment.key, ", not with ", key_));
  }
  Index(segment);
  files_.push_back(std::move(file));
  return absl::OkStatus();
}

void VectorCache::Index(const VectorSegment& segment) {
  const size_t row_bytes = sizeof(float) * segment.dim;
  for (int64_t i = 0; i < segment.count; ++i) {
    rows_.try_emplace(segment.hashes.substr(i * VectorSegment::kHashBytes, VectorSegment::kHashBytes),
                      segment.rows.data() + i * row_bytes);
  }
}

bool VectorCache::Find(absl::string_view text, absl::Span<float> row) const {
  const auto found = rows_.find(HashOf(text));
  if (found == rows_.end()) return false;
  std::memcpy(row.data(), found->second, row.size() * sizeof(float));
  return true;
}

absl::Status VectorCache::Add(absl::Span<const std::string> texts, absl::Span<const float> rows) {
  if (rows.size() != texts.size() * dim_) {
    return absl::InvalidArgumentError(absl::StrCat(rows.size(), " values are no ", texts.size(),
                                                   " vectors of ", dim_));
  }
  if (texts.empty()) return absl::OkStatus();
  std::string hashes;
  for (const std::string& text : texts) hashes += HashOf(text);
  VectorSegment segment;
  segment.key = key_;
  segment.hashes = hashes;
  segment.rows = {reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(float)};
  segment.count = static_cast<int64_t>(texts.size());
  segment.dim = dim_;
  std::string bytes = WriteVectorSegment(segment);
  if (folder_.empty()) {
    in_memory_.push_back(std::make_unique<std::string>(std::move(bytes)));
    SENVEC_ASSIGN_OR_RETURN(const VectorSegment stored,
                            ParseVectorSegment(*in_memory_.back(), "cached vectors"));
    Index(stored);
    return absl::OkStatus();
  }
  const std::string path = JoinPath(folder_, absl::StrCat(next_file_++, kEnd));
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(path, bytes));
  return Load(path);
}

}  // namespace senvec
