// Damages every file of a collection in every way that disks and people do, and opens it: it is refused, with place and
// remedy, or what it serves is what was written. Some bits of each file are flipped; SENVEC_DAMAGE_STEP = N flips one of
// every N-th byte, and SENVEC_DAMAGE_SEED draws others (scripts/torture.sh).
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/mutex.h"
#include "index/local_collection.h"
#include "tests/support/temp_dir.h"
#include "tests/torture/torture_environment.h"
#include "tests/torture/torture_model.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

constexpr LocalCollection::Tuning kTuning{.tail_rows = 32, .max_waiting_rows = 2000};

Mutex notices_mutex;
std::vector<std::string> notices;
void TakeNotice(absl::string_view message) {
  MutexLock lock(&notices_mutex);
  notices.emplace_back(message);
}
bool Noticed(absl::string_view part) {
  MutexLock lock(&notices_mutex);
  return std::any_of(notices.begin(), notices.end(),
                     [&](const std::string& notice) { return absl::StrContains(notice, part); });
}

const CollectionRuntime kRuntime{.notice = TakeNotice};

void WriteFile(const std::string& path, absl::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A collection with tables, a log, two indexes and rows without one; its files by their name in the folder.
struct Original {
  TortureState state;
  std::map<std::string, std::string> files;
};

void Write(Collection& collection, uint64_t seed, int from, int to, TortureState& state) {
  for (int i = from; i < to; ++i) {
    TortureOp op = MakeTortureOp(seed, 0, i);
    op.durable = true;  // a relaxed one at the end may be lost
    ASSERT_TRUE(PerformTortureOp(collection, op).ok());
    ApplyTortureOp(op, state);
  }
}

Original MakeOriginal(const std::string& folder, uint64_t seed) {
  Original original;
  {
    auto made = *LocalCollection::CreateIn(folder, TortureOptions("c"), {}, kTuning);
    Write(*made, seed, 0, 60, original.state);
    EXPECT_TRUE(made->Optimize([](int64_t, int64_t) { return true; }).ok());
  }
  // Opening moves the log into tables.
  auto opened = *LocalCollection::OpenIn(folder, false, {}, kTuning);
  Write(*opened, seed, 60, 90, original.state);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  Write(*opened, seed, 90, 95, original.state);
  opened.reset();
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == "LOCK") continue;
    original.files[entry.path().lexically_relative(folder).string()] = *ReadFile(entry.path().string());
  }
  return original;
}

// "store-1a2b/000012.sst" → "sst": what kind of file it is.
std::string KindOf(const std::string& name) {
  const std::string file = fs::path(name).filename().string();
  if (const size_t dash = file.find('-'); dash != std::string::npos) return file.substr(0, dash);
  if (const size_t dot = file.find('.'); dot != std::string::npos && file != "COLLECTION.json") return file.substr(dot + 1);
  return file;
}

struct Tally {
  int refused = 0, repaired = 0, same = 0, refused_later = 0;
};

int64_t BytesOf(const std::map<std::string, std::string>& files) {
  int64_t bytes = 0;
  for (const auto& [name, content] : files) bytes += static_cast<int64_t>(content.size());
  return bytes;
}

class DamageTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const TempDir folder;
    ours = new Original(MakeOriginal(folder / "c", Seed()));
    theirs = new Original(MakeOriginal(folder / "d", Seed() + 1));
  }
  static void TearDownTestSuite() {
    std::printf("%zu files of %ld bytes:\n", ours->files.size(), BytesOf(ours->files));
    delete ours;
    delete theirs;
    for (const auto& [kind, tally] : tallies) {
      std::printf("%-16s %5d refused, %4d refused when read, %4d repaired and told of, %5d without effect\n", kind.c_str(),
                  tally.refused, tally.refused_later, tally.repaired, tally.same);
    }
  }

  static uint64_t Seed() { return static_cast<uint64_t>(TortureNumber("SENVEC_DAMAGE_SEED", 1)); }

  // Puts the original back, but for `name`, which becomes `bytes`; opens it.
  void Try(const std::string& name, const std::optional<std::string>& bytes, const std::string& what,
           const LocalCollection::Tuning& tuning = kTuning) {
    if (bytes.has_value() && *bytes == ours->files.at(name)) return;
    SCOPED_TRACE(absl::StrCat(name, ": ", what));
    fs::remove_all(Folder());
    for (const auto& [file, content] : ours->files) {
      fs::create_directories(fs::path(Path(file)).parent_path());
      if (file != name) WriteFile(Path(file), content);
    }
    if (bytes.has_value()) WriteFile(Path(name), *bytes);
    {
      MutexLock lock(&notices_mutex);
      notices.clear();
    }
    Judge(name, tuning);
  }

  void Judge(const std::string& name, const LocalCollection::Tuning& tuning) {
    Tally& tally = tallies[KindOf(name)];
    const auto opened = LocalCollection::OpenIn(Folder(), false, kRuntime, tuning);
    if (!opened.ok()) {
      ++tally.refused;
      return ExpectHelpful(opened.status());
    }
    // What is damaged and large is found a moment later.
    if (tuning.verify_bytes == 0) AwaitScrub();
    TortureState found;
    const auto all = (*opened)->Scan({.limit = 1000000});
    if (!all.ok()) {
      ++tally.refused_later;
      return ExpectHelpful(all.status());
    }
    const std::string wrong = CheckTortureState(**opened, ours->state);
    const bool is_refused = absl::StrContains(wrong, "DATA_LOSS") && absl::StrContains(wrong, Folder());
    EXPECT_TRUE(wrong.empty() || is_refused) << wrong;
    MutexLock lock(&notices_mutex);
    ++(is_refused ? tally.refused_later : notices.empty() ? tally.same : tally.repaired);
  }

  void AwaitScrub() const {
    for (int i = 0; i < 200 && !Noticed("damaged"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }

  void ExpectHelpful(const absl::Status& status) const {
    const bool is_code = status.code() == absl::StatusCode::kDataLoss ||
                         status.code() == absl::StatusCode::kFailedPrecondition ||
                         status.code() == absl::StatusCode::kNotFound;
    EXPECT_TRUE(is_code) << status;
    const std::string message(status.message());
    EXPECT_THAT(message, testing::HasSubstr(Folder()));
    EXPECT_THAT(message, testing::ContainsRegex("restore|build|put |use the newer"));
  }

  std::string Folder() const { return folder_ / "c"; }
  std::string Path(const std::string& file) const { return Folder() + "/" + file; }

  static Original* ours;
  static Original* theirs;
  static std::map<std::string, Tally> tallies;
  const TempDir folder_;
};

Original* DamageTest::ours = nullptr;
Original* DamageTest::theirs = nullptr;
std::map<std::string, Tally> DamageTest::tallies;

TEST_F(DamageTest, TheOriginalIsWhatWasWritten) {
  std::vector<std::string> kinds;
  for (const auto& [name, bytes] : ours->files) kinds.push_back(KindOf(name));
  for (const char* kind : {"COLLECTION.json", "CURRENT", "MANIFEST", "SYNCED", "log", "sst", "idx"}) {
    EXPECT_THAT(kinds, testing::Contains(kind));
  }
  for (const auto& [file, content] : ours->files) {
    fs::create_directories(fs::path(Path(file)).parent_path());
    WriteFile(Path(file), content);
  }
  const auto opened = LocalCollection::OpenIn(Folder(), false, kRuntime, kTuning);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(CheckTortureState(**opened, ours->state), "");
}

TEST_F(DamageTest, FlippedBits) {
  std::mt19937_64 random(Seed());
  for (const auto& [name, bytes] : ours->files) {
    const auto step = static_cast<size_t>(TortureNumber("SENVEC_DAMAGE_STEP", static_cast<int64_t>(bytes.size() / 6 + 1)));
    for (size_t begin = 0; begin < bytes.size(); begin += step) {
      const size_t place = std::min(bytes.size() - 1, begin + random() % step);
      std::string damaged = bytes;
      damaged[place] = static_cast<char>(damaged[place] ^ (1 << random() % 8));
      Try(name, damaged, absl::StrCat("a bit of byte ", place, " is flipped"));
    }
  }
}

TEST_F(DamageTest, FilesThatWereCut) {
  for (const auto& [name, bytes] : ours->files) {
    for (const size_t size : {size_t{0}, bytes.size() / 2, bytes.size() - bytes.size() / 8, bytes.size() - 1}) {
      if (!bytes.empty()) Try(name, bytes.substr(0, size), absl::StrCat("cut to ", size, " of ", bytes.size(), " bytes"));
    }
  }
}

TEST_F(DamageTest, Zeros) {
  for (const auto& [name, bytes] : ours->files) {
    std::string damaged = bytes + std::string(4096, '\0');
    Try(name, damaged, "a page of zeros appended");
    damaged = bytes;
    std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(bytes.size() - std::min<size_t>(bytes.size(), 4096)),
              damaged.end(), '\0');
    Try(name, damaged, "the last page zeroed");
    damaged = bytes;
    std::fill(damaged.begin(), damaged.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(bytes.size(), 4096)), '\0');
    Try(name, damaged, "the first page zeroed");
  }
}

TEST_F(DamageTest, FilesThatAreGone) {
  for (const auto& [name, bytes] : ours->files) Try(name, std::nullopt, "removed");
}

TEST_F(DamageTest, FilesOfAnotherCollection) {
  for (const auto& [name, bytes] : ours->files) {
    for (const auto& [other, other_bytes] : theirs->files) {
      // The mark alone cannot tell whose it is, only whether it says too much.
      if (KindOf(other) == KindOf(name)) Try(name, other_bytes, absl::StrCat("replaced by another's ", other));
    }
  }
}

TEST_F(DamageTest, AnIndexThatIsReadThroughOnlyAfterOpeningIsBuiltAgain) {
  LocalCollection::Tuning tuning = kTuning;
  tuning.verify_bytes = 0;
  for (const auto& [name, bytes] : ours->files) {
    if (KindOf(name) != "idx") continue;
    for (size_t place = 4096; place < bytes.size(); place += bytes.size() / 8) {
      std::string damaged = bytes;
      damaged[place] = static_cast<char>(damaged[place] ^ 64);
      Try(name, damaged, absl::StrCat("a bit of byte ", place, " is flipped"), tuning);
    }
  }
}

TEST_F(DamageTest, TheLogCutAtEveryByteOfItsLastRecord) {
  for (const auto& [name, bytes] : ours->files) {
    if (KindOf(name) != "log" || bytes.empty()) continue;
    const size_t step = TortureNumber("SENVEC_DAMAGE_STEP", 0) > 0 ? 1 : 23;
    for (size_t cut = 1; cut < 400 && cut < bytes.size(); cut += step) {
      Try(name, bytes.substr(0, bytes.size() - cut), absl::StrCat("without its last ", cut, " bytes"));
      // The other way round: a write that was never acknowledged.
      Try(name, bytes + bytes.substr(bytes.size() - 400, cut), absl::StrCat(cut, " bytes that are no record appended"));
    }
  }
}

}  // namespace
}  // namespace senvec
