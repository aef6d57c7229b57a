// Random operations on a collection and on a map, which must agree after each step: seeded, so that a failure repeats.
// SENVEC_MODEL_OPERATIONS and SENVEC_MODEL_SEED make a longer or another run (scripts/torture.sh).
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "index/local_collection.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

constexpr int kDim = 8;

int64_t FromEnvironment(const char* name, int64_t fallback) {
  const char* text = std::getenv(name);
  int64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : fallback;
}

bool Go(int64_t, int64_t) { return true; }

struct Known {
  std::string text;
  std::string group;
  int64_t number = 0;
  std::vector<float> vector;  // of length 1
};

class Model {
 public:
  Model(std::string folder, uint64_t seed) : folder_(std::move(folder)), random_(seed) {}

  void Create() {
    CollectionOptions options{.name = "m", .index = {.kind = IndexKind::kAuto, .dim = kDim}, .model_fingerprint = "f"};
    auto made = LocalCollection::CreateIn(folder_ + "/0", options, {}, tuning_);
    ASSERT_TRUE(made.ok()) << made.status();
    collection_ = *std::move(made);
  }

  // One random step, and what it must have done.
  void Step() {
    const int64_t dice = Below(1000);
    if (dice < 450) {
      Upsert();
    } else if (dice < 560) {
      Delete();
    } else if (dice < 640) {
      Patch();
    } else if (dice < 800) {
      Search();
    } else if (dice < 900) {
      Get();
    } else if (dice < 950) {
      Count();
    } else if (dice < 985) {
      Scan();
    } else if (dice < 991) {
      DeleteMatching();
    } else if (dice < 994) {
      Optimize();
    } else if (dice < 998) {
      Restart();
    } else {
      RestartFromSnapshot();
    }
  }

  void CheckAll() {
    ASSERT_EQ(collection_->size(), static_cast<int64_t>(known_.size()));
    const auto all = collection_->Scan({.limit = 1000000});
    ASSERT_TRUE(all.ok()) << all.status();
    ASSERT_EQ(all->size(), known_.size());
    auto expected = known_.begin();
    for (const Document& document : *all) {
      ASSERT_EQ(document.id, expected->first);
      ASSERT_NO_FATAL_FAILURE(Same(document, expected->second));
      ++expected;
    }
  }

 private:
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  std::string RandomId() { return absl::StrCat("d", Below(400)); }

  std::vector<float> RandomVector() {
    std::vector<float> vector(kDim);
    double squares = 0;
    for (float& value : vector) {
      value = static_cast<float>(Below(2001) - 1000) / 1000.0f;
      squares += double{value} * value;
    }
    if (squares == 0) return RandomVector();
    for (float& value : vector) value = static_cast<float>(value / std::sqrt(squares));
    return vector;
  }

  static std::string Metadata(int64_t number) {
    return absl::StrCat(R"({"even":)", number % 2 == 0 ? "true" : "false", R"(,"n":)", number, "}");
  }

  static void Same(const Document& document, const Known& known) {
    ASSERT_EQ(document.text, known.text);
    ASSERT_EQ(document.group, known.group);
    ASSERT_EQ(document.metadata_json, Metadata(known.number));
    for (int d = 0; d < kDim; ++d) ASSERT_NEAR(document.vector[d], known.vector[d], 1e-6);
  }

  void Upsert() {
    std::map<std::string, Known> batch;
    for (int64_t i = Below(8) + 1; i > 0; --i) {
      const int64_t number = Below(100);
      batch[RandomId()] = {absl::StrCat("t", Below(1000000)), Below(2) == 0 ? "" : absl::StrCat("g", Below(9)), number,
                           RandomVector()};
    }
    std::vector<Document> documents;
    int64_t expected_new = 0;
    for (const auto& [id, known] : batch) {
      documents.push_back({id, known.text, Metadata(known.number), known.group, known.vector});
      expected_new += known_.contains(id) ? 0 : 1;
      known_[id] = known;
    }
    const auto inserted = collection_->Upsert(documents, {.durable = Below(4) != 0});
    ASSERT_TRUE(inserted.ok()) << inserted.status();
    ASSERT_EQ(*inserted, expected_new);
  }

  void Delete() {
    std::vector<std::string> ids;
    for (int64_t i = Below(4) + 1; i > 0; --i) ids.push_back(RandomId());
    int64_t expected = 0;
    for (const std::string& id : ids) expected += static_cast<int64_t>(known_.erase(id));
    const auto removed = collection_->Delete(ids);
    ASSERT_TRUE(removed.ok()) << removed.status();
    ASSERT_EQ(*removed, expected);
  }

  void Patch() {
    const std::string id = RandomId();
    const int64_t number = Below(100);
    const absl::Status status = collection_->UpdateMetadata(id, Metadata(number));
    const auto found = known_.find(id);
    ASSERT_EQ(status.ok(), found != known_.end()) << status;
    if (status.ok()) found->second.number = number;
  }

  void Search() {
    const std::vector<float> query = RandomVector();
    const int64_t bound = Below(100);
    SearchOptions options{.k = static_cast<int32_t>(Below(20) + 1), .ef_search = 400};
    const bool with_filter = Below(2) == 0;
    if (with_filter) options.filter = absl::StrCat("n >= ", bound, " and even = true");
    std::vector<std::pair<double, std::string>> expected;
    for (const auto& [id, known] : known_) {
      if (with_filter && (known.number < bound || known.number % 2 != 0)) continue;
      double score = 0;
      for (int d = 0; d < kDim; ++d) score += double{query[d]} * known.vector[d];
      expected.emplace_back(-score, id);
    }
    std::sort(expected.begin(), expected.end());
    const auto found = collection_->Search(query, options);
    ASSERT_TRUE(found.ok()) << found.status();
    const std::vector<Hit>& hits = found->at(0);
    ASSERT_EQ(hits.size(), std::min<size_t>(expected.size(), static_cast<size_t>(options.k)));
    for (size_t i = 0; i < hits.size(); ++i) {
      // Ties and last bits may change places; every hit is one that is there, with its own score.
      ASSERT_NEAR(hits[i].score, -expected[i].first, 1e-5);
      const auto known = known_.find(hits[i].id);
      ASSERT_TRUE(known != known_.end()) << hits[i].id;
      ASSERT_EQ(hits[i].text, known->second.text);
    }
  }

  void Get() {
    const std::string id = RandomId();
    const auto got = collection_->Get({id});
    ASSERT_TRUE(got.ok()) << got.status();
    const auto known = known_.find(id);
    ASSERT_EQ(got->at(0).has_value(), known != known_.end());
    if (known == known_.end()) return;
    ASSERT_NO_FATAL_FAILURE(Same(*got->at(0), known->second));
  }

  void Count() {
    const int64_t bound = Below(100);
    const auto count = collection_->Count(absl::StrCat("not n < ", bound));
    ASSERT_TRUE(count.ok()) << count.status();
    ASSERT_EQ(*count, std::count_if(known_.begin(), known_.end(),
                                    [&](const auto& entry) { return entry.second.number >= bound; }));
  }

  void Scan() {
    const std::string after = RandomId();
    const auto page = collection_->Scan({.after_id = after, .limit = 3, .with_vectors = false});
    ASSERT_TRUE(page.ok()) << page.status();
    auto expected = known_.upper_bound(after);
    for (const Document& document : *page) ASSERT_EQ(document.id, (expected++)->first);
    ASSERT_TRUE(page->size() == 3 || expected == known_.end());
  }

  void DeleteMatching() {
    const int64_t number = Below(100);
    int64_t expected = 0;
    for (auto it = known_.begin(); it != known_.end();) {
      const bool matches = it->second.number == number;
      expected += matches ? 1 : 0;
      it = matches ? known_.erase(it) : std::next(it);
    }
    const auto removed = collection_->DeleteMatching(absl::StrCat("n = ", number));
    ASSERT_TRUE(removed.ok()) << removed.status();
    ASSERT_EQ(*removed, expected);
  }

  void Optimize() {
    ASSERT_TRUE(collection_->Optimize(Go).ok());
    const auto stats = collection_->Stats();
    ASSERT_LE(stats->num_segments, 1);
    ASSERT_EQ(stats->num_removed_rows, 0);
  }

  void Restart() {
    const std::string folder = absl::StrCat(folder_, "/", generation_);
    collection_.reset();
    auto opened = LocalCollection::OpenIn(folder, false, {}, tuning_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    collection_ = *std::move(opened);
    ASSERT_NO_FATAL_FAILURE(CheckAll());
  }

  void RestartFromSnapshot() {
    const std::string old_folder = absl::StrCat(folder_, "/", generation_);
    const std::string new_folder = absl::StrCat(folder_, "/", generation_ + 1);
    const absl::Status status = collection_->Snapshot(new_folder);
    ASSERT_TRUE(status.ok()) << status;
    ++generation_;
    ASSERT_NO_FATAL_FAILURE(Restart());
    std::filesystem::remove_all(old_folder);
  }

  const std::string folder_;
  const LocalCollection::Tuning tuning_{.tail_rows = 64, .max_waiting_rows = 10000};
  std::mt19937_64 random_;
  std::map<std::string, Known> known_;
  int generation_ = 0;
  std::unique_ptr<Collection> collection_;
};

TEST(CollectionModelTest, RandomOperationsAgreeWithAMap) {
  const int64_t operations = FromEnvironment("SENVEC_MODEL_OPERATIONS", 3000);
  const int64_t seed = FromEnvironment("SENVEC_MODEL_SEED", 1);
  const TempDir folder;
  Model model(folder / "", static_cast<uint64_t>(seed));
  ASSERT_NO_FATAL_FAILURE(model.Create());
  for (int64_t i = 0; i < operations; ++i) {
    ASSERT_NO_FATAL_FAILURE(model.Step()) << "seed " << seed << ", operation " << i;
  }
  ASSERT_NO_FATAL_FAILURE(model.CheckAll());
}

}  // namespace
}  // namespace senvec
