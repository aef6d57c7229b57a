#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bulk/bulk_build.h"
#include "cli/build_progress.h"
#include "cli/collection_model.h"
#include "cli/command.h"
#include "cli/index_flags.h"
#include "cli/model_flags.h"
#include "cli/notice.h"
#include "index/collection.h"

namespace senvec {
namespace {

struct ImportFlags {
  std::string index;
  SourceFlags source;
  ModelFlags model;
  std::string rejects;
  bool strict_length = false;
};

absl::Status Import(const ImportFlags& flags) {
  BulkImportOptions options;
  SENVEC_ASSIGN_OR_RETURN(options.source, SourceOptionsOf(flags.source));
  const int threads = flags.model.threads > 0 ? static_cast<int>(flags.model.threads) : ThreadPool::AvailableCpus();
  ThreadPool pool(threads);
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::Open(flags.index, {.pool = &pool, .notice = TellNotice}));
  LoadedModel model;
  if (flags.source.vectors.empty() && !collection->options().model_fingerprint.empty()) {
    ModelFlags one_thread = flags.model;
    one_thread.threads = 1;
    SENVEC_ASSIGN_OR_RETURN(model, LoadModelOf(flags.index, collection->options(), one_thread));
  }
  options.rejects = flags.rejects;
  options.refuse_truncation = flags.strict_length;
  options.num_workers = threads;
  options.now = absl::Now;
  BuildProgress progress(0);
  const absl::StatusOr<BulkReport> report = BulkImport(options, model.encoder.get(), collection.get(), progress.listener());
  progress.Finish();
  SENVEC_RETURN_IF_ERROR(report.status());
  if (report->num_rejects > 0) {
    std::fprintf(stderr, "note: %lld of %lld lines were left out; %s says which and why\n", static_cast<long long>(report->num_rejects),
                 static_cast<long long>(report->num_records), report->rejects_path.c_str());
  }
  std::fprintf(stderr, "%s: %lld documents\n", flags.index.c_str(), static_cast<long long>(report->num_documents));
  return absl::OkStatus();
}

}  // namespace

CommandRunner DeclareIndexImport(FlagSet& flags) {
  auto options = std::make_shared<ImportFlags>();
  flags.Describe("Inserts documents into a collection, or replaces those of the same id: from a corpus (texts are encoded with the model the "
                 "collection was built with), from JSON lines with vectors, or from JSON lines and an array, as `senvec index export` writes "
                 "them. The first bad line stops the import, unless --rejects names a file to list them in; what was written before stays, and "
                 "doing it again does no harm.");
  DeclareIndexFolder(flags, options->index);
  DeclareSourceFlags(flags, options->source);
  flags.Add("--rejects", "FILE", &options->rejects, "leave bad lines out and list them here");
  flags.Add("--strict-length", &options->strict_length, "a text of more tokens than the model takes is a bad line, instead of being cut");
  DeclareModelFlags(flags, options->model);
  DeclareWhiteningFlag(flags, options->model);
  flags.Example("senvec index import --index data/helpdesk --input new.jsonl", "add documents");
  flags.Example("senvec index import --index data/copy --input helpdesk.jsonl --vectors helpdesk.npy", "what was exported, without encoding");
  return [options] { return Import(*options); };
}

}  // namespace senvec
