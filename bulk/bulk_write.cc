#include "bulk/bulk_write.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// One call takes an id once.
void KeepLast(EncodedBatch& batch) {
  absl::flat_hash_set<std::string> seen;
  std::vector<Document> documents;
  std::vector<int64_t> lines;
  for (size_t i = batch.documents.size(); i-- > 0;) {
    if (!seen.insert(batch.documents[i].id).second) continue;
    documents.push_back(std::move(batch.documents[i]));
    lines.push_back(batch.lines[i]);
  }
  std::reverse(documents.begin(), documents.end());
  std::reverse(lines.begin(), lines.end());
  batch.documents = std::move(documents);
  batch.lines = std::move(lines);
}

}  // namespace

BulkWriter::BulkWriter(Collection* collection, RejectFile* rejects, const BulkWriteOptions& options, BuildState* state)
    : collection_(collection), rejects_(rejects), options_(options), state_(state), last_sync_(options.now()) {}

absl::Status BulkWriter::CheckStrict(const std::vector<Reject>& rejects) const {
  if (!options_.strict || rejects.empty()) return absl::OkStatus();
  const Reject& first = rejects[0];
  return absl::InvalidArgumentError(absl::StrCat(options_.source, ": ", options_.unit, " ", first.line,
                                                 first.id.empty() ? "" : absl::StrCat(" (id ", first.id, ")"), ": ", first.reason));
}

absl::Status BulkWriter::AddRejects(const std::vector<Reject>& rejects, bool durable) {
  SENVEC_RETURN_IF_ERROR(CheckStrict(rejects));
  state_->num_rejects += static_cast<int64_t>(rejects.size());
  if (rejects_ == nullptr) return absl::OkStatus();
  SENVEC_RETURN_IF_ERROR(rejects_->Append(rejects, durable));
  state_->reject_bytes = rejects_->bytes();
  return absl::OkStatus();
}

absl::Status BulkWriter::Upsert(const std::vector<Document>& documents, bool durable) {
  WriteOptions write;
  write.durable = durable;
  if (options_.keeps_state) write.notes.emplace_back(BuildState::kNote, state_->ToJson());
  SENVEC_ASSIGN_OR_RETURN(const int64_t inserted, collection_->Upsert(documents, write));
  num_inserted_ += inserted;
  num_written_ += static_cast<int64_t>(documents.size());
  return absl::OkStatus();
}

// Takes those documents out that the collection will not have, by trying each, and returns why. It refuses little that
// RecordChecker lets pass, so that this is rare.
std::vector<Reject> BulkWriter::DropRefused(EncodedBatch& batch) {
  std::vector<Reject> refused;
  std::vector<Document> good;
  for (size_t i = 0; i < batch.documents.size(); ++i) {
    Document& document = batch.documents[i];
    const absl::Status status = collection_->Upsert(absl::MakeConstSpan(&document, 1), {.durable = false}).status();
    if (!absl::IsInvalidArgument(status)) {
      good.push_back(std::move(document));
    } else {
      refused.push_back({batch.lines[i], std::move(document.id), std::string(status.message())});
    }
  }
  batch.documents = std::move(good);
  return refused;
}

absl::Status BulkWriter::Write(EncodedBatch batch) {
  if (!options_.unique_ids) KeepLast(batch);
  const absl::Time now = options_.now();
  const bool durable = now - last_sync_ >= options_.sync_interval;
  if (durable) last_sync_ = now;
  // The file first: what it has beyond the state is cut off when the build is taken up.
  SENVEC_RETURN_IF_ERROR(AddRejects(batch.rejects, durable));
  state_->num_tokens += batch.num_tokens;
  state_->num_truncated += batch.num_truncated;
  state_->position = batch.end;
  const absl::Status status = Upsert(batch.documents, durable);
  if (!absl::IsInvalidArgument(status)) return status;
  const std::vector<Reject> refused = DropRefused(batch);
  if (refused.empty()) return status;
  SENVEC_RETURN_IF_ERROR(AddRejects(refused, durable));
  return Upsert(batch.documents, durable);
}

absl::Status BulkWriter::Finish() {
  if (rejects_ != nullptr) SENVEC_RETURN_IF_ERROR(rejects_->Append({}, true));
  last_sync_ = options_.now();
  return Upsert({}, true);
}

}  // namespace senvec
