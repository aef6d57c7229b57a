// Kills a process that writes, at random moments, and looks at what is on disk then: every acknowledged write, at most
// one more a thread, and nothing else. SENVEC_CRASH_ROUNDS and SENVEC_CRASH_SEED make a longer or another run
// (scripts/torture.sh).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "index/local_collection.h"
#include "index/snapshot.h"
#include "tests/support/temp_dir.h"
#include "tests/torture/crash_protocol.h"
#include "tests/torture/torture_environment.h"
#include "tests/torture/torture_model.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

constexpr int kRoundsOfFolder = 20;  // then a new one, so that making one is killed, too

class Child {
 public:
  explicit Child(const std::vector<std::string>& arguments) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], 3);
      for (int fd = 4; fd < 64; ++fd) ::close(fd);
      std::vector<char*> argv;
      for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      std::_Exit(127);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  ~Child() { ::close(from_); }

  // Kills it a while after it began, or after its collection was open, and returns all that it told.
  std::vector<CrashEvent> KillAfter(std::chrono::microseconds wait, bool once_open) {
    std::vector<CrashEvent> events;
    CrashEvent event;
    const auto next = [&] {
      if (::read(from_, &event, sizeof(event)) != static_cast<ssize_t>(sizeof(event))) return false;
      events.push_back(event);
      return true;
    };
    if (once_open) next();
    std::thread killer([this, wait] {
      std::this_thread::sleep_for(wait);
      ::kill(pid_, SIGKILL);
    });
    while (next()) {
    }
    killer.join();
    EXPECT_EQ(::waitpid(pid_, &status_, 0), pid_);
    return events;
  }
  bool was_killed() const { return WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL; }
  int status() const { return status_; }

 private:
  pid_t pid_ = -1;
  int from_ = -1;
  int status_ = 0;
};

// Operations of one writer in one round, as far as they were told.
struct Progress {
  int64_t begun = -1;
  int64_t done = -1;
};
using Writers = std::array<Progress, kCrashWriters>;

struct SnapshotSeen {
  int64_t number;
  Writers begin, end;  // what was done before, what was begun by then
  bool is_done = false;
  bool is_gone = false;  // the writer set out to remove it
};

class CrashRounds {
 public:
  explicit CrashRounds(uint64_t seed) : seed_(seed), random_(seed) { Renew(); }

  void Run(int round) {
    if (round % kRoundsOfFolder == kRoundsOfFolder - 1) Renew();
    std::vector<std::string> arguments = {SENVEC_CRASH_WRITER, folder_->path(), absl::StrCat(seed_),
                                          absl::StrCat(snapshot_)};
    for (const int64_t next : next_) arguments.push_back(absl::StrCat(next));
    Child child(arguments);
    // One in five may be killed while it opens; most within the first merges, some later.
    const bool once_open = random_() % 5 != 0;
    const uint64_t longest = random_() % 5 == 0 ? 1000000 : 300000;
    Take(child.KillAfter(std::chrono::microseconds(random_() % longest), once_open));
    ASSERT_TRUE(child.was_killed()) << "the writer ended by itself: " << child.status();
    ASSERT_NO_FATAL_FAILURE(CheckSnapshots());
    ASSERT_NO_FATAL_FAILURE(CheckCollection());
  }

  std::string Summary() const {
    return absl::StrCat(acknowledged_, " acknowledged writes, ", in_flight_, " in flight when killed of which ",
                        in_flight_found_, " were kept, ", snapshots_checked_, " snapshots checked, ", optimized_,
                        " merges, ", not_opened_, " kills before the collection was open");
  }

 private:
  void Renew() {
    folder_.emplace();
    states_ = {};
    next_ = {};
    snapshot_ = 0;
  }

  void Take(const std::vector<CrashEvent>& events) {
    seen_ = {};
    snapshots_.clear();
    bool opened = false;
    for (const CrashEvent& event : events) {
      Progress& progress = seen_[static_cast<size_t>(event.writer)];
      opened = opened || event.kind == CrashEvent::kOpened;
      if (event.kind == CrashEvent::kBegin) progress.begun = event.value;
      if (event.kind == CrashEvent::kDone) progress.done = event.value;
      acknowledged_ += event.kind == CrashEvent::kDone ? 1 : 0;
      optimized_ += event.kind == CrashEvent::kOptimized ? 1 : 0;
      if (event.kind == CrashEvent::kSnapshotBegin) snapshots_.push_back({event.value, seen_, seen_});
      if (event.kind == CrashEvent::kSnapshotDone) {
        snapshots_.back().end = seen_;
        snapshots_.back().is_done = true;
      }
      if (event.kind == CrashEvent::kSnapshotGone && !snapshots_.empty()) snapshots_.back().is_gone = true;
    }
    not_opened_ += opened ? 0 : 1;
  }

  // The state of one writer's documents after its operations up to `last`.
  TortureState After(size_t writer, int64_t last) const {
    TortureState state = states_[writer];
    for (int64_t i = next_[writer]; i <= last; ++i) ApplyTortureOp(MakeTortureOp(seed_, static_cast<int>(writer), i), state);
    return state;
  }

  static TortureState OfWriter(const TortureState& state, size_t writer) {
    TortureState own;
    for (const auto& [id, version] : state) {
      if (absl::StartsWith(id, absl::StrCat("t", writer, "-"))) own.emplace(id, version);
    }
    return own;
  }

  // Which of the writer's operations in [first, last] was the last that `found` knows, or nothing.
  std::optional<int64_t> LastOperation(const TortureState& found, size_t writer, int64_t first, int64_t last) const {
    const TortureState own = OfWriter(found, writer);
    for (int64_t i = last; i >= first; --i) {
      if (After(writer, i) == own) return i;
    }
    return std::nullopt;
  }

  void CheckCollection() {
    const std::string path = folder_->path() + "/c";
    if (!FileExists(path + "/COLLECTION.json")) {
      // Killed before there was one: nothing may have been acknowledged.
      for (size_t w = 0; w < kCrashWriters; ++w) ASSERT_EQ(seen_[w].done, -1);
      return;
    }
    auto opened = LocalCollection::OpenIn(path, false, {}, {.tail_rows = 32, .max_waiting_rows = 2000});
    ASSERT_TRUE(opened.ok()) << opened.status();
    TortureState found;
    ASSERT_EQ(ReadTortureState(**opened, found), "");
    for (size_t w = 0; w < kCrashWriters; ++w) {
      const int64_t done = std::max(seen_[w].done, next_[w] - 1);
      const int64_t begun = std::max(seen_[w].begun, done);
      const auto last = LastOperation(found, w, done, begun);
      ASSERT_TRUE(last.has_value()) << "writer " << w << ", acknowledged " << done << ", begun " << begun << "\n"
                                    << TortureDifference(OfWriter(found, w), After(w, done));
      in_flight_ += begun - done;
      in_flight_found_ += *last - done;
      states_[w] = After(w, *last);
      next_[w] = begun + 1;
    }
    ASSERT_EQ(CheckTortureAnswers(**opened, found), "");
  }

  void CheckSnapshots() {
    for (const SnapshotSeen& snapshot : snapshots_) {
      snapshot_ = std::max(snapshot_, snapshot.number);
      const std::string path = CrashSnapshotFolder(folder_->path(), snapshot.number);
      // One that was not finished may be there.
      if (!DirectoryExists(path)) {
        ASSERT_FALSE(snapshot.is_done && !snapshot.is_gone) << "a finished snapshot is not there";
        continue;
      }
      ASSERT_TRUE(VerifySnapshot(path).ok()) << VerifySnapshot(path);
      const auto opened = LocalCollection::OpenIn(path, true, {}, {.tail_rows = 32, .max_waiting_rows = 2000});
      ASSERT_TRUE(opened.ok()) << opened.status();
      TortureState found;
      ASSERT_EQ(ReadTortureState(**opened, found), "");
      const Writers& end = snapshot.is_done ? snapshot.end : seen_;
      for (size_t w = 0; w < kCrashWriters; ++w) {
        const int64_t first = std::max(snapshot.begin[w].done, next_[w] - 1);
        const int64_t last = std::max(end[w].begun, first);
        ASSERT_TRUE(LastOperation(found, w, first, last).has_value())
            << "snapshot " << snapshot.number << ", writer " << w << ", operations " << first << " to " << last << "\n"
            << TortureDifference(OfWriter(found, w), After(w, first));
      }
      ASSERT_EQ(CheckTortureAnswers(**opened, found), "");
      ++snapshots_checked_;
    }
    // What an interrupted one left goes by itself at the next of that name; here, by hand.
    for (const auto& entry : fs::directory_iterator(folder_->path())) {
      if (entry.path().filename() != "c") fs::remove_all(entry.path());
    }
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  std::optional<TempDir> folder_;
  std::array<TortureState, kCrashWriters> states_;
  std::array<int64_t, kCrashWriters> next_ = {};
  int64_t snapshot_ = 0;
  Writers seen_;
  std::vector<SnapshotSeen> snapshots_;
  int64_t acknowledged_ = 0, in_flight_ = 0, in_flight_found_ = 0, snapshots_checked_ = 0, optimized_ = 0,
          not_opened_ = 0;
};

TEST(CrashTest, AcknowledgedWritesSurviveAKill) {
  const int64_t rounds = TortureNumber("SENVEC_CRASH_ROUNDS", 10);
  const int64_t seed = TortureNumber("SENVEC_CRASH_SEED", 1);
  CrashRounds test(static_cast<uint64_t>(seed));
  for (int round = 0; round < rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(test.Run(round)) << "seed " << seed << ", round " << round;
  }
  std::printf("%d rounds: %s\n", static_cast<int>(rounds), test.Summary().c_str());
}

}  // namespace
}  // namespace senvec
