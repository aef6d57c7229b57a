// The process that is killed: crash_writer FOLDER SEED FIRST_SNAPSHOT NEXT_OP…  writes into the collection FOLDER/c from
// one thread a NEXT_OP, while others search, merge and take snapshots, and tells on descriptor 3 what it does (see
// crash_protocol.h) until somebody ends it.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/file.h"
#include "index/local_collection.h"
#include "tests/torture/crash_protocol.h"
#include "tests/torture/torture_model.h"

namespace senvec {
namespace {

constexpr int kReportTo = 3;

void Tell(CrashEvent::Kind kind, int writer, int64_t value) {
  const CrashEvent event{kind, writer, value};
  // Nobody listens any more: the one who would kill us is gone.
  if (::write(kReportTo, &event, sizeof(event)) != static_cast<ssize_t>(sizeof(event))) std::_Exit(0);
}

void ExitUnless(const absl::Status& status, const std::string& what) {
  if (status.ok()) return;
  std::fprintf(stderr, "crash_writer: %s: %s\n", what.c_str(), status.ToString().c_str());
  std::_Exit(3);
}

void WriteForEver(Collection& collection, uint64_t seed, int writer, int64_t index) {
  for (;; ++index) {
    const TortureOp op = MakeTortureOp(seed, writer, index);
    Tell(CrashEvent::kBegin, writer, index);
    ExitUnless(PerformTortureOp(collection, op), DescribeTortureOp(op));
    Tell(CrashEvent::kDone, writer, index);
  }
}

void SearchForEver(const Collection& collection) {
  for (int64_t i = 0;; ++i) {
    ExitUnless(collection.Search(TortureVector("q", i), {.k = 5, .filter = i % 2 == 0 ? "" : "n < 500"}).status(),
               "search");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void MaintainForEver(Collection& collection, const std::string& folder, int64_t snapshot) {
  for (int64_t i = 0;; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (i % 2 == 0) {
      ExitUnless(collection.Optimize([](int64_t, int64_t) { return true; }), "optimize");
      Tell(CrashEvent::kOptimized, 0, 0);
      continue;
    }
    // Renamed first: a snapshot of which half was removed would look damaged.
    std::error_code ignored;
    Tell(CrashEvent::kSnapshotGone, 0, snapshot);
    std::filesystem::rename(CrashSnapshotFolder(folder, snapshot), folder + "/gone", ignored);
    std::filesystem::remove_all(folder + "/gone", ignored);
    ++snapshot;
    Tell(CrashEvent::kSnapshotBegin, 0, snapshot);
    ExitUnless(collection.Snapshot(CrashSnapshotFolder(folder, snapshot)), "snapshot");
    Tell(CrashEvent::kSnapshotDone, 0, snapshot);
  }
}

int Run(const std::string& folder, uint64_t seed, int64_t first_snapshot, const std::vector<int64_t>& next) {
  const LocalCollection::Tuning tuning{.tail_rows = 32, .max_waiting_rows = 2000};
  const std::string path = folder + "/c";
  auto opened = FileExists(path + "/COLLECTION.json")
                    ? LocalCollection::OpenIn(path, false, {}, tuning)
                    : LocalCollection::CreateIn(path, TortureOptions("c"), {}, tuning);
  ExitUnless(opened.status(), "open");
  Collection& collection = **opened;
  Tell(CrashEvent::kOpened, 0, 0);
  std::vector<std::thread> threads;
  for (size_t writer = 0; writer < next.size(); ++writer) {
    threads.emplace_back([&, writer] { WriteForEver(collection, seed, static_cast<int>(writer), next[writer]); });
  }
  threads.emplace_back([&] { SearchForEver(collection); });
  threads.emplace_back([&] { MaintainForEver(collection, folder, first_snapshot); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: crash_writer FOLDER SEED FIRST_SNAPSHOT NEXT_OP…\n");
    return 2;
  }
  std::vector<int64_t> next;
  for (int i = 4; i < argc; ++i) next.push_back(std::atoll(argv[i]));
  return senvec::Run(argv[1], std::strtoull(argv[2], nullptr, 10), std::atoll(argv[3]), next);
}
