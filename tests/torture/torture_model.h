#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "index/collection.h"

namespace senvec {

// Writes that follow from three numbers, so that two processes agree on them without telling, and what a collection holds
// after them.
//
// Every writer has ids of its own: what one of them sees does not depend on how the threads met.
struct TortureOp {
  enum Kind { kUpsert, kDelete, kDeleteMatching, kPatch };
  Kind kind = kUpsert;
  int writer = 0;
  int64_t version = 0;           // of no other operation of this writer
  int64_t number = 0;            // of the metadata; for kDeleteMatching the bound below which documents go
  bool durable = true;
  std::vector<std::string> ids;  // kUpsert, kDelete; one for kPatch
};

// What there is of a document: all else follows from it.
struct TortureVersion {
  int64_t version = 0;
  int64_t number = 0;
  friend bool operator==(const TortureVersion&, const TortureVersion&) = default;
};
using TortureState = std::map<std::string, TortureVersion>;

constexpr int kTortureDim = 16;

CollectionOptions TortureOptions(const std::string& name);
// Operation `index` of `writer`.
TortureOp MakeTortureOp(uint64_t seed, int writer, int64_t index);
std::vector<float> TortureVector(const std::string& id, int64_t version);
Document TortureDocument(const std::string& id, const TortureVersion& version);
// A patch of an unknown document counts as done.
absl::Status PerformTortureOp(Collection& collection, const TortureOp& op);
void ApplyTortureOp(const TortureOp& op, TortureState& state);
std::string DescribeTortureOp(const TortureOp& op);

// Fills `state` with what a scan finds. Returns what is wrong with it, else "": a document that no operation writes, a
// vector with another bit, an id twice.
std::string ReadTortureState(const Collection& collection, TortureState& state);
// Whether sizes, counts by filters, lookups and searches agree with `state`; what does not, else "".
std::string CheckTortureAnswers(const Collection& collection, const TortureState& state);
// Both, for a collection that must hold just `expected`.
std::string CheckTortureState(const Collection& collection, const TortureState& expected);
// The first ids that differ, for messages.
std::string TortureDifference(const TortureState& found, const TortureState& expected);

}  // namespace senvec
