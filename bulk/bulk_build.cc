#include "bulk/bulk_build.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bulk/build_state.h"
#include "bulk/bulk_write.h"
#include "bulk/encode_pipeline.h"
#include "bulk/partial_folder.h"
#include "bulk/record_checker.h"
#include "bulk/reject_file.h"

namespace senvec {
namespace {

// Of the memory that is allowed: the rest is for what grows with the collection.
constexpr int64_t kBufferShare = 8, kCacheShare = 16;
constexpr int64_t kLargestCache = int64_t{64} << 20;
constexpr int64_t kLargestBuffer = int64_t{256} << 20;

RecordChecker::Options CheckerOptions(const CollectionOptions& options, const RecordSource& source, bool can_encode, bool unique_ids) {
  return {.dim = options.index.dim,
          .can_encode = can_encode,
          .unique_ids = unique_ids,
          .unit = source.unit(),
          .needs_length = options.index.metric == Metric::kCosine};
}

// Gives what the source has to the writer; `report` is kept up to date.
absl::Status WriteAll(EncodePipeline& pipeline, BulkWriter& writer, const BuildState& state, const Collection& collection,
                      const BulkListener& listener, BulkReport& report) {
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(std::optional<EncodedBatch> batch, pipeline.Next());
    if (!batch.has_value()) return writer.Finish();
    report.fraction = batch->fraction;
    SENVEC_RETURN_IF_ERROR(writer.Write(*std::move(batch)));
    report.num_documents = collection.size();
    report.num_records = state.position.records;
    report.num_rejects = state.num_rejects;
    report.num_tokens = state.num_tokens;
    report.num_truncated = state.num_truncated;
    if (listener.on_batch) listener.on_batch(report);
  }
}

class Build {
 public:
  Build(const BulkBuildOptions& options, const SentenceEncoder* encoder, ThreadPool* pool, const BulkListener& listener)
      : options_(options), encoder_(encoder), pool_(pool), listener_(listener) {}

  absl::StatusOr<BulkReport> Run() {
    SENVEC_ASSIGN_OR_RETURN(folder_, PartialFolder::For(options_.output));
    SENVEC_ASSIGN_OR_RETURN(source_, RecordSource::Open(options_.source));
    SENVEC_RETURN_IF_ERROR(OpenCollection());
    SENVEC_RETURN_IF_ERROR(state_.CheckSettings(options_.settings, folder_->path()));
    checker_ = std::make_unique<RecordChecker>(CheckerOptions(collection_->options(), *source_, encoder_ != nullptr, true));
    report_.rejects_path = options_.rejects.empty() ? absl::StrCat(options_.output, ".rejects.tsv") : options_.rejects;
    SENVEC_RETURN_IF_ERROR(PassOver());
    SENVEC_ASSIGN_OR_RETURN(rejects_, RejectFile::Open(report_.rejects_path, state_.reject_bytes));
    SENVEC_RETURN_IF_ERROR(Encode());
    SENVEC_RETURN_IF_ERROR(Index());
    // Closed before it is renamed: what is written at the end has its name then.
    collection_.reset();
    SENVEC_RETURN_IF_ERROR(folder_->Publish());
    return std::move(report_);
  }

 private:
  // Takes up the collection of an unfinished build, or makes a new one.
  absl::Status OpenCollection() {
    if (options_.restart) SENVEC_RETURN_IF_ERROR(folder_->Remove());
    const CollectionRuntime runtime = {.pool = pool_,
                                       .cache_bytes = std::min(options_.memory_bytes / kCacheShare, kLargestCache),
                                       .build_memory_bytes = options_.memory_bytes,
                                       .background_indexing = false,
                                       .notice = options_.notice};
    absl::StatusOr<std::unique_ptr<Collection>> opened = Collection::Open(folder_->path(), runtime);
    if (opened.ok()) {
      const absl::StatusOr<std::string> note = (*opened)->Note(BuildState::kNote);
      if (note.ok()) {
        SENVEC_ASSIGN_OR_RETURN(state_, BuildState::FromJson(*note));
        collection_ = *std::move(opened);
        return absl::OkStatus();
      }
      if (!absl::IsNotFound(note.status())) return note.status();
      opened = absl::NotFoundError("nothing was written yet");
    }
    if (!absl::IsNotFound(opened.status())) return Unusable(opened.status());
    SENVEC_RETURN_IF_ERROR(folder_->Remove());
    CollectionOptions collection = options_.collection;
    collection.name = folder_->name();
    SENVEC_ASSIGN_OR_RETURN(collection_, Collection::Create(folder_->path(), collection, runtime));
    state_.settings = options_.settings;
    return absl::OkStatus();
  }

  absl::Status Unusable(const absl::Status& status) const {
    if (absl::IsFailedPrecondition(status)) return status;
    return absl::Status(status.code(), absl::StrCat("the unfinished build at ", folder_->path(), " cannot be taken up: ",
                                                    status.message(), ". Begin anew with --restart"));
  }

  // Reads what earlier runs have done, to come to the place behind it, and to know their ids.
  absl::Status PassOver() {
    if (state_.position.records == 0) return absl::OkStatus();
    BulkRecord record;
    bool more = true;
    for (int64_t i = 0; i < state_.position.records && more; ++i) {
      SENVEC_ASSIGN_OR_RETURN(more, source_->Next(record));
      if (more) checker_->Check(record);
    }
    if (source_->position() != state_.position) {
      return absl::FailedPreconditionError(absl::StrCat(
          source_->name(), " is not what the unfinished build at ", folder_->path(), " has read: its first ",
          state_.position.records, " records had ", state_.position.bytes, " bytes with checksum ", state_.position.checksum,
          ". Give the same input to go on with it, or --restart to throw it away and begin anew"));
    }
    report_.num_documents = collection_->size();
    report_.num_records = report_.num_resumed = state_.position.records;
    report_.num_rejects = state_.num_rejects;
    report_.num_tokens = state_.num_tokens;
    report_.fraction = source_->fraction();
    return absl::OkStatus();
  }

  absl::Status Encode() {
    const absl::Time start = options_.now();
    if (listener_.on_start) listener_.on_start(report_);
    EncodePipeline pipeline(source_.get(), checker_.get(), encoder_,
                            {.num_workers = options_.num_workers,
                             .buffer_bytes = std::min(options_.memory_bytes / kBufferShare, kLargestBuffer),
                             .prompt = options_.collection.passage_prompt,
                             .refuse_truncation = options_.refuse_truncation});
    BulkWriter writer(collection_.get(), rejects_.get(),
                      {.strict = options_.strict, .source = source_->name(), .unit = source_->unit(), .now = options_.now}, &state_);
    SENVEC_RETURN_IF_ERROR(WriteAll(pipeline, writer, state_, *collection_, listener_, report_));
    report_.encoding = options_.now() - start;
    return absl::OkStatus();
  }

  absl::Status Index() {
    const absl::Time start = options_.now();
    checker_.reset();  // the index needs the memory of the ids
    SENVEC_RETURN_IF_ERROR(collection_->Optimize([this](int64_t done, int64_t all) {
      if (listener_.on_index) listener_.on_index(done, all);
      return true;
    }));
    report_.indexing = options_.now() - start;
    report_.num_documents = collection_->size();
    return absl::OkStatus();
  }

  const BulkBuildOptions& options_;
  const SentenceEncoder* const encoder_;
  ThreadPool* const pool_;
  const BulkListener& listener_;
  BulkReport report_;
  BuildState state_;
  std::unique_ptr<PartialFolder> folder_;
  std::unique_ptr<RecordSource> source_;
  std::unique_ptr<RecordChecker> checker_;
  std::unique_ptr<Collection> collection_;
  std::unique_ptr<RejectFile> rejects_;
};

}  // namespace

absl::StatusOr<BulkReport> BulkBuild(const BulkBuildOptions& options, const SentenceEncoder* encoder, ThreadPool* pool,
                                     const BulkListener& listener) {
  return Build(options, encoder, pool, listener).Run();
}

absl::StatusOr<BulkReport> BulkImport(const BulkImportOptions& options, const SentenceEncoder* encoder, Collection* collection,
                                      const BulkListener& listener) {
  const absl::Time start = options.now();
  SENVEC_ASSIGN_OR_RETURN(const auto source, RecordSource::Open(options.source));
  RecordChecker checker(CheckerOptions(collection->options(), *source, encoder != nullptr, false));
  std::unique_ptr<RejectFile> rejects;
  if (!options.rejects.empty()) {
    SENVEC_ASSIGN_OR_RETURN(rejects, RejectFile::Open(options.rejects, 0));
  }
  BuildState state;
  BulkReport report;
  report.rejects_path = options.rejects;
  if (listener.on_start) listener.on_start(report);
  EncodePipeline pipeline(source.get(), &checker, encoder,
                          {.num_workers = options.num_workers,
                           .buffer_bytes = options.buffer_bytes,
                           .prompt = collection->options().passage_prompt,
                           .refuse_truncation = options.refuse_truncation});
  BulkWriter writer(collection, rejects.get(),
                    {.strict = rejects == nullptr, .keeps_state = false, .unique_ids = false, .source = source->name(), .unit = source->unit(), .now = options.now},
                    &state);
  SENVEC_RETURN_IF_ERROR(WriteAll(pipeline, writer, state, *collection, listener, report));
  report.num_documents = collection->size();
  report.encoding = options.now() - start;
  return report;
}

}  // namespace senvec
