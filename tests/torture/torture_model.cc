#include "tests/torture/torture_model.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"

namespace senvec {
namespace {

constexpr int64_t kIdsOfWriter = 120;
constexpr int64_t kNumbers = 1000;

int WriterOf(const std::string& id) {
  int writer = -1;
  const size_t end = id.find('-');
  return absl::SimpleAtoi(id.substr(1, end - 1), &writer) ? writer : -1;
}

std::string MetadataOf(const std::string& id, int64_t number) {
  return absl::StrCat(R"({"even":)", number % 2 == 0 ? "true" : "false", R"(,"n":)", number, R"(,"w":)", WriterOf(id),
                      "}");
}

std::string MatchingFilter(const TortureOp& op) { return absl::StrCat("w = ", op.writer, " and n < ", op.number); }

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// The version that a document's text names, -1 when none.
int64_t VersionOf(const Document& document) {
  int64_t version = -1;
  const std::vector<std::string> words = absl::StrSplit(document.text, ' ');
  return words.size() == 3 && absl::SimpleAtoi(words[1], &version) ? version : -1;
}

int64_t NumberOf(const std::string& metadata) {
  const size_t begin = metadata.find("\"n\":");
  if (begin == std::string::npos) return -1;
  int64_t number = -1;
  const size_t end = metadata.find_first_of(",}", begin);
  return absl::SimpleAtoi(metadata.substr(begin + 4, end - begin - 4), &number) ? number : -1;
}

std::string CheckCounts(const Collection& collection, const TortureState& state) {
  for (const int64_t bound : {int64_t{0}, kNumbers / 4, kNumbers / 2, kNumbers}) {
    const std::string filter = absl::StrCat("n < ", bound, " and even = true");
    const auto count = collection.Count(filter);
    if (!count.ok()) return absl::StrCat("count: ", count.status().ToString(), "\n");
    const auto expected = std::count_if(state.begin(), state.end(), [&](const auto& entry) {
      return entry.second.number < bound && entry.second.number % 2 == 0;
    });
    if (*count != expected) return absl::StrCat(filter, " counts ", *count, ", not ", expected, "\n");
  }
  return "";
}

std::string CheckSearches(const Collection& collection, const TortureState& state, const std::string& filter) {
  if (state.empty()) return "";
  std::vector<float> queries;
  for (const auto& [id, version] : state) {
    const std::vector<float> vector = TortureVector(id, version.version);
    queries.insert(queries.end(), vector.begin(), vector.end());
  }
  const auto found = collection.Search(queries, {.k = 2, .ef_search = 400, .filter = filter});
  if (!found.ok()) return absl::StrCat("search: ", found.status().ToString(), "\n");
  size_t query = 0;
  for (const auto& [id, version] : state) {
    const std::vector<Hit>& hits = (*found)[query++];
    if (hits.empty() || hits[0].id != id) {
      return absl::StrCat("search does not find ", id, " by its vector but ", hits.empty() ? "nothing" : hits[0].id,
                          "\n");
    }
    const Document expected = TortureDocument(id, version);
    if (hits[0].text != expected.text || hits[0].metadata_json != expected.metadata_json) {
      return absl::StrCat("search finds ", id, " with ", hits[0].text, ", not ", expected.text, "\n");
    }
    if (hits[0].score < -1e-5f) return absl::StrCat("search finds ", id, " at ", hits[0].score, "\n");
    if (hits.size() != std::min<size_t>(2, state.size())) return absl::StrCat("search finds ", hits.size(), " hits\n");
  }
  return "";
}

}  // namespace

CollectionOptions TortureOptions(const std::string& name) {
  // L2 keeps vectors as they came, so that bits can be compared.
  return {.name = name,
          .index = {.kind = IndexKind::kAuto, .metric = Metric::kL2, .dim = kTortureDim},
          .model_fingerprint = "torture"};
}

TortureOp MakeTortureOp(uint64_t seed, int writer, int64_t index) {
  std::mt19937_64 random(seed * 1000003 + static_cast<uint64_t>(writer) * 7919 + static_cast<uint64_t>(index) * 104729);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  const auto id = [&] { return absl::StrCat("t", writer, "-", below(kIdsOfWriter)); };
  TortureOp op;
  op.writer = writer;
  op.version = index;
  op.durable = below(4) != 0;
  op.number = below(kNumbers);
  const int64_t dice = below(100);
  if (dice < 60) {
    std::set<std::string> ids;
    for (int64_t i = below(8) + 1; i > 0; --i) ids.insert(id());
    op.ids.assign(ids.begin(), ids.end());
  } else if (dice < 80) {
    op.kind = TortureOp::kDelete;
    for (int64_t i = below(5) + 1; i > 0; --i) op.ids.push_back(id());
  } else if (dice < 95) {
    op.kind = TortureOp::kPatch;
    op.ids = {id()};
  } else {
    op.kind = TortureOp::kDeleteMatching;
    op.number = below(kNumbers / 4);
  }
  return op;
}

std::vector<float> TortureVector(const std::string& id, int64_t version) {
  std::mt19937_64 random(Checksum64(id) + static_cast<uint64_t>(version) * 0x9e3779b97f4a7c15);
  std::vector<float> vector(kTortureDim);
  for (float& value : vector) value = static_cast<float>(static_cast<int64_t>(random() % 200001) - 100000) / 99991.0f;
  return vector;
}

Document TortureDocument(const std::string& id, const TortureVersion& version) {
  Document document;
  document.id = id;
  document.text = absl::StrCat("version ", version.version, " of:", id);
  document.metadata_json = MetadataOf(id, version.number);
  document.group = version.version % 3 == 0 ? "" : absl::StrCat("g", version.version % 7);
  document.vector = TortureVector(id, version.version);
  return document;
}

absl::Status PerformTortureOp(Collection& collection, const TortureOp& op) {
  const WriteOptions options{.durable = op.durable};
  switch (op.kind) {
    case TortureOp::kUpsert: {
      std::vector<Document> documents;
      for (const std::string& id : op.ids) documents.push_back(TortureDocument(id, {op.version, op.number}));
      return collection.Upsert(documents, options).status();
    }
    case TortureOp::kDelete:
      return collection.Delete(op.ids, options).status();
    case TortureOp::kDeleteMatching:
      return collection.DeleteMatching(MatchingFilter(op), options).status();
    case TortureOp::kPatch: {
      const absl::Status status = collection.UpdateMetadata(op.ids[0], MetadataOf(op.ids[0], op.number), options);
      return absl::IsNotFound(status) ? absl::OkStatus() : status;
    }
  }
  return absl::OkStatus();
}

void ApplyTortureOp(const TortureOp& op, TortureState& state) {
  switch (op.kind) {
    case TortureOp::kUpsert:
      for (const std::string& id : op.ids) state[id] = {op.version, op.number};
      return;
    case TortureOp::kDelete:
      for (const std::string& id : op.ids) state.erase(id);
      return;
    case TortureOp::kDeleteMatching:
      std::erase_if(state, [&](const auto& entry) {
        return WriterOf(entry.first) == op.writer && entry.second.number < op.number;
      });
      return;
    case TortureOp::kPatch:
      if (const auto found = state.find(op.ids[0]); found != state.end()) found->second.number = op.number;
      return;
  }
}

std::string DescribeTortureOp(const TortureOp& op) {
  constexpr const char* kNames[] = {"upsert", "delete", "delete matching", "patch"};
  std::string text = absl::StrCat(kNames[op.kind], " ", op.version, " of writer ", op.writer, ", n ", op.number);
  for (const std::string& id : op.ids) absl::StrAppend(&text, " ", id);
  return text;
}

std::string ReadTortureState(const Collection& collection, TortureState& state) {
  state.clear();
  const auto all = collection.Scan({.limit = 1000000});
  if (!all.ok()) return absl::StrCat("scan: ", all.status().ToString(), "\n");
  std::string wrong;
  for (const Document& document : *all) {
    const TortureVersion version{VersionOf(document), NumberOf(document.metadata_json)};
    const Document expected = TortureDocument(document.id, version);
    if (document.text != expected.text || document.metadata_json != expected.metadata_json ||
        document.group != expected.group) {
      absl::StrAppend(&wrong, "nobody wrote ", document.id, ": ", document.text, " ", document.metadata_json, "\n");
    } else if (!SameBits(document.vector, expected.vector)) {
      absl::StrAppend(&wrong, document.id, " has another vector than was written\n");
    }
    if (!state.emplace(document.id, version).second) absl::StrAppend(&wrong, document.id, " is there twice\n");
  }
  return wrong;
}

std::string CheckTortureAnswers(const Collection& collection, const TortureState& state) {
  std::string wrong;
  if (collection.size() != static_cast<int64_t>(state.size())) {
    absl::StrAppend(&wrong, "size() is ", collection.size(), ", not ", state.size(), "\n");
  }
  absl::StrAppend(&wrong, CheckCounts(collection, state), CheckSearches(collection, state, ""),
                  CheckSearches(collection, state, "n >= 0"));
  std::vector<std::string> ids;
  for (const auto& [id, version] : state) ids.push_back(id);
  ids.push_back("nobody");
  const auto got = collection.Get(ids);
  if (!got.ok()) return absl::StrCat(wrong, "get: ", got.status().ToString(), "\n");
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto known = state.find(ids[i]);
    const bool same = (*got)[i].has_value() == (known != state.end()) &&
                      (known == state.end() || ((*got)[i]->text == TortureDocument(ids[i], known->second).text &&
                                                SameBits((*got)[i]->vector,
                                                         TortureVector(ids[i], known->second.version))));
    if (!same) absl::StrAppend(&wrong, "get gives another ", ids[i], "\n");
  }
  return wrong;
}

std::string TortureDifference(const TortureState& found, const TortureState& expected) {
  const auto show = [](const TortureState& state, const std::string& id) {
    const auto it = state.find(id);
    return it == state.end() ? std::string("absent") : absl::StrCat("version ", it->second.version, " n ", it->second.number);
  };
  std::set<std::string> ids;
  for (const auto& [id, version] : found) ids.insert(id);
  for (const auto& [id, version] : expected) ids.insert(id);
  std::string text;
  int shown = 0;
  for (const std::string& id : ids) {
    if (show(found, id) == show(expected, id) || ++shown > 8) continue;
    absl::StrAppend(&text, id, " is ", show(found, id), ", should be ", show(expected, id), "\n");
  }
  return text;
}

std::string CheckTortureState(const Collection& collection, const TortureState& expected) {
  TortureState found;
  std::string wrong = ReadTortureState(collection, found);
  absl::StrAppend(&wrong, TortureDifference(found, expected));
  if (wrong.empty()) wrong = CheckTortureAnswers(collection, found);
  return wrong;
}

}  // namespace senvec
