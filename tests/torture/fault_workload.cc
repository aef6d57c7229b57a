#include "tests/torture/fault_workload.h"

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "index/local_collection.h"
#include "index/snapshot.h"
#include "tests/support/fault_shim.h"
#include "tests/torture/torture_environment.h"
#include "tests/torture/torture_ledger.h"
#include "tests/torture/torture_model.h"

namespace senvec {
namespace {

// Each failed write doubles what may be on disk; past so many the run writes no more until faults end.
constexpr int kMaxOpenFailures = 7;
constexpr LocalCollection::Tuning kTuning{.tail_rows = 16, .max_waiting_rows = 2000};

bool Go(int64_t, int64_t) { return true; }

class Workload {
 public:
  Workload(std::string folder, int64_t at, int error, bool for_ever)
      : folder_(std::move(folder)), plan_{folder_.c_str(), at, error, for_ever ? 1 : 0} {}

  FaultReport Run() {
    senvec_fault_arm(&plan_);
    Create();
    Write(12);
    Optimize();
    Write(8);
    Snapshot();
    Write(6);
    Reopen();
    Write(8);
    Optimize();
    Snapshot();
    Write(4);
    Disarm();
    if (Good()) CheckThatItWorksOn();
    if (Good()) CheckAfterReopening();
    return std::move(report_);
  }

 private:
  bool Good() const { return report_.wrong.empty(); }
  void Wrong(absl::string_view what) {
    if (Good()) report_.wrong = absl::StrCat(what);
  }

  // Errors say where: every path begins with the folder.
  void Failed(const absl::Status& status, absl::string_view what) {
    ++report_.failed;
    last_error_ = status;
    if (status.message().empty()) Wrong(absl::StrCat(what, " fails without a word"));
    if (status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown) {
      Wrong(absl::StrCat(what, ": ", status.ToString()));
    }
  }

  void Create() {
    auto made = LocalCollection::CreateIn(Path(), TortureOptions("c"), {}, kTuning);
    for (int attempt = 0; !made.ok(); ++attempt) {
      Failed(made.status(), "create");
      if (attempt == 1) Disarm();
      if (attempt == 2) return Wrong(absl::StrCat("create fails without a fault: ", made.status().ToString()));
      // It may be there, all but its name's sync.
      const bool is_there = FileExists(Path() + "/COLLECTION.json");
      made = is_there ? LocalCollection::OpenIn(Path(), false, {}, kTuning)
                      : LocalCollection::CreateIn(Path(), TortureOptions("c"), {}, kTuning);
    }
    collection_ = *std::move(made);
  }

  void Write(int count) {
    for (int i = 0; i < count && Good() && ledger_.num_failed() < kMaxOpenFailures; ++i) WriteOne();
  }

  void WriteOne() {
    const TortureOp op = MakeTortureOp(seed_, 0, next_op_++);
    const absl::Status status = PerformTortureOp(*collection_, op);
    if (status.ok()) {
      ledger_.Succeeded(op);
    } else {
      Failed(status, DescribeTortureOp(op));
      ledger_.Failed(op);
      CheckSaysWhy();
    }
    if (const std::string wrong = CheckTortureState(*collection_, ledger_.live()); !wrong.empty()) {
      Wrong(absl::StrCat("after ", DescribeTortureOp(op), " (", status.ToString(), "):\n", wrong));
    }
  }

  void CheckSaysWhy() {
    const auto stats = collection_->Stats();
    if (!stats.ok()) return Wrong(absl::StrCat("stats: ", stats.status().ToString()));
    if (stats->read_only == stats->read_only_reason.empty()) Wrong("read_only does not say why");
    report_.read_only += stats->read_only ? 1 : 0;
  }

  void Optimize() {
    if (!Good()) return;
    if (const absl::Status status = collection_->Optimize(Go); !status.ok()) Failed(status, "optimize");
    if (const std::string wrong = CheckTortureState(*collection_, ledger_.live()); !wrong.empty()) {
      Wrong(absl::StrCat("after optimize:\n", wrong));
    }
  }

  void Snapshot() {
    if (!Good()) return;
    const std::string path = absl::StrCat(folder_, "/snapshot-", ++num_snapshots_);
    if (const absl::Status status = collection_->Snapshot(path); !status.ok()) {
      Failed(status, "snapshot");
      if (DirectoryExists(path) && !VerifySnapshot(path).ok()) Wrong("half a snapshot is there");
      return;
    }
    snapshots_.emplace_back(path, ledger_.live());
  }

  void Reopen() {
    if (!Good()) return;
    collection_.reset();
    auto opened = LocalCollection::OpenIn(Path(), false, {}, kTuning);
    if (!opened.ok()) {
      Failed(opened.status(), "open");
      if (!absl::StrContains(opened.status().message(), folder_)) {
        Wrong(absl::StrCat("opening does not say where: ", opened.status().ToString()));
      }
      Disarm();
      opened = LocalCollection::OpenIn(Path(), false, {}, kTuning);
    }
    if (!opened.ok()) return Wrong(absl::StrCat("it does not open again: ", opened.status().ToString()));
    collection_ = *std::move(opened);
    if (const std::string wrong = ledger_.Opened(*collection_); !wrong.empty()) Wrong(wrong);
  }

  void Disarm() {
    if (is_disarmed_) return;
    is_disarmed_ = true;
    report_.calls = senvec_fault_count();
    report_.faults = senvec_fault_failed();
    plan_.at = 0;
    senvec_fault_arm(&plan_);
  }

  // One write after the faults: it succeeds, or the collection says that it takes none.
  void CheckThatItWorksOn() {
    const int64_t failed = report_.failed;
    WriteOne();
    report_.works_on = report_.failed == failed;
    if (report_.works_on) return;
    if (const auto stats = collection_->Stats(); Good() && !stats->read_only) {
      Wrong(absl::StrCat("a write fails without a fault, and the collection does not say that it is read-only: ",
                         last_error_.ToString()));
    }
  }

  void CheckAfterReopening() {
    Reopen();
    Write(6);
    Optimize();
    Reopen();
    if (Good() && report_.failed > 0 && ledger_.num_failed() > 0) Wrong("a write fails after opening anew");
    for (const auto& [path, state] : snapshots_) {
      if (!Good()) return;
      if (const absl::Status status = VerifySnapshot(path); !status.ok()) return Wrong(status.ToString());
      const auto opened = LocalCollection::OpenIn(path, true, {}, kTuning);
      if (!opened.ok()) return Wrong(absl::StrCat("snapshot: ", opened.status().ToString()));
      Wrong(CheckTortureState(**opened, state));
    }
  }

  std::string Path() const { return folder_ + "/c"; }

  const std::string folder_;
  SenvecFaultPlan plan_;
  bool is_disarmed_ = false;
  FaultReport report_;
  std::unique_ptr<LocalCollection> collection_;
  const uint64_t seed_ = static_cast<uint64_t>(TortureNumber("SENVEC_FAULT_SEED", 1));
  int64_t next_op_ = 0;
  int64_t num_snapshots_ = 0;
  absl::Status last_error_;
  TortureLedger ledger_;
  std::vector<std::pair<std::string, TortureState>> snapshots_;
};

}  // namespace

FaultReport RunFaultWorkload(const std::string& folder, int64_t at, int error, bool for_ever) {
  return Workload(folder, at, error, for_ever).Run();
}

}  // namespace senvec
