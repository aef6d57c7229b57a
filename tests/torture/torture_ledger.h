#pragma once

#include <string>
#include <vector>

#include "tests/torture/torture_model.h"

namespace senvec {

// What a collection must hold after operations of which some returned errors: a living process shows none of a failed one;
// after opening anew each of them may be there as a whole, or not at all.
class TortureLedger {
 public:
  void Succeeded(const TortureOp& op);
  // Doubles what may be on disk: not many of these between two openings.
  void Failed(const TortureOp& op);
  // What a collection that was opened anew holds, which is its state from now on. Returns what is wrong, else "".
  std::string Opened(const Collection& collection);

  const TortureState& live() const { return live_; }
  int num_failed() const { return num_failed_; }  // since it was opened

 private:
  TortureState live_;
  std::vector<TortureState> possible_ = {live_};
  int num_failed_ = 0;
};

}  // namespace senvec
