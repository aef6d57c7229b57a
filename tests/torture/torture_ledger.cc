#include "tests/torture/torture_ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

void KeepUnique(std::vector<TortureState>& states) {
  std::vector<TortureState> unique;
  for (TortureState& state : states) {
    if (std::find(unique.begin(), unique.end(), state) == unique.end()) unique.push_back(std::move(state));
  }
  states = std::move(unique);
}

}  // namespace

void TortureLedger::Succeeded(const TortureOp& op) {
  ApplyTortureOp(op, live_);
  for (TortureState& state : possible_) ApplyTortureOp(op, state);
  KeepUnique(possible_);
}

void TortureLedger::Failed(const TortureOp& op) {
  ++num_failed_;
  const size_t n = possible_.size();
  for (size_t i = 0; i < n; ++i) {
    TortureState changed = possible_[i];
    ApplyTortureOp(op, changed);
    possible_.push_back(std::move(changed));
  }
  KeepUnique(possible_);
}

std::string TortureLedger::Opened(const Collection& collection) {
  TortureState found;
  if (std::string wrong = ReadTortureState(collection, found); !wrong.empty()) return wrong;
  if (std::find(possible_.begin(), possible_.end(), found) == possible_.end()) {
    return absl::StrCat("after opening, of ", possible_.size(), " possible states none:\n",
                        TortureDifference(found, live_));
  }
  live_ = std::move(found);
  possible_ = {live_};
  num_failed_ = 0;
  return CheckTortureAnswers(collection, live_);
}

}  // namespace senvec
