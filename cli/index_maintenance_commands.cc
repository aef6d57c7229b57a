#include <filesystem>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "base/thread_pool.h"
#include "bulk/partial_folder.h"
#include "cli/command.h"
#include "cli/index_flags.h"
#include "cli/notice.h"
#include "index/collection.h"
#include "index/collection_file.h"
#include "index/snapshot.h"

namespace senvec {
namespace {

struct OptimizeFlags {
  std::string index;
  int64_t threads = 0;
};

absl::Status Optimize(const OptimizeFlags& flags) {
  ThreadPool pool(flags.threads > 0 ? static_cast<int>(flags.threads) : ThreadPool::AvailableCpus());
  // Without work in the background, which would do the same at the same time.
  SENVEC_ASSIGN_OR_RETURN(const auto collection,
                          Collection::Open(flags.index, {.pool = &pool, .background_indexing = false, .notice = TellNotice}));
  ProgressBar progress({.label = "index", .is_terminal = ProgressBar::IsTerminal(stderr)}, absl::Now());
  const absl::Status status = collection->Optimize([&](int64_t done, int64_t all) {
    progress.SetTotal(all);
    progress.Update(done, absl::Now());
    return true;
  });
  progress.Finish(absl::Now());
  return status;
}

struct CopyFlags {
  std::string from;
  std::string output;
};

absl::Status Snapshot(const CopyFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::Open(flags.from, {.background_indexing = false, .notice = TellNotice}));
  return collection->Snapshot(flags.output);
}

absl::Status Restore(const CopyFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const auto folder, PartialFolder::For(flags.output));
  SENVEC_RETURN_IF_ERROR(folder->Remove());
  absl::Status status = CopySnapshot(flags.from, folder->path());
  if (status.ok()) status = RenameCollection(folder->path(), folder->name());
  if (status.ok()) status = folder->Publish();
  if (!status.ok()) static_cast<void>(folder->Remove());
  return status;
}

}  // namespace

CommandRunner DeclareIndexOptimize(FlagSet& flags) {
  auto optimize = std::make_shared<OptimizeFlags>();
  flags.Describe("Builds one index of all documents of a collection, without the rows of replaced and deleted ones: the fastest to search, and "
                 "the smallest. The collection must not be in use; a running server is asked with the call OptimizeCollection instead.");
  DeclareIndexFolder(flags, optimize->index);
  flags.Add("--threads", "N", &optimize->threads, "threads that build; 0 = as many as this process may use CPUs").Between(0, 1024);
  flags.Example("senvec index optimize --index data/helpdesk", "after many changes");
  return [optimize] { return Optimize(*optimize); };
}

CommandRunner DeclareIndexSnapshot(FlagSet& flags) {
  auto copy = std::make_shared<CopyFlags>();
  flags.Describe("Copies a collection into a new folder, with a list of its files and their checksums. On the same disk the large files are "
                 "shared by hard links, so that it takes little time and room. The collection must not be in use; a running server is asked "
                 "with the call CreateSnapshot instead.");
  DeclareIndexFolder(flags, copy->from);
  flags.Add("--output", "DIR", &copy->output, "a folder that is not there").Required();
  flags.Example("senvec index snapshot --index data/helpdesk --output backups/helpdesk-monday", "before a large change");
  return [copy] { return Snapshot(*copy); };
}

CommandRunner DeclareIndexRestore(FlagSet& flags) {
  auto copy = std::make_shared<CopyFlags>();
  flags.Describe("Copies a snapshot to where a collection is to be. Every file is checked against the snapshot's list on the way; the folder "
                 "appears when all of them are whole, or not at all.");
  flags.Add("--snapshot", "DIR", &copy->from, "what `senvec index snapshot` or a server made").Required();
  flags.Add("--output", "DIR", &copy->output, "a new folder; its name is the collection's").Required();
  flags.Example("senvec index restore --snapshot backups/helpdesk-monday --output data/helpdesk-monday", "bring it back beside the present one");
  return [copy] { return Restore(*copy); };
}

}  // namespace senvec
