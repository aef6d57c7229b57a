#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <thread>

#include "base/file.h"
#include "index/hub_list.h"
#include "index/local_collection.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

constexpr size_t kDim = 6;

// What a collection should hold, and CSLS by definition.
class Reference {
 public:
  void Put(const std::string& id, const std::vector<float>& vector) { vectors_[id] = vector; }
  void Erase(const std::string& id) { vectors_.erase(id); }
  size_t size() const { return vectors_.size(); }
  std::string AnyId(std::mt19937& engine) const { return std::next(vectors_.begin(), static_cast<int64_t>(engine() % vectors_.size()))->first; }

  static double Dot(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (size_t i = 0; i < kDim; ++i) sum += double{a[i]} * b[i];
    return sum;
  }
  // The mean of the 10 largest.
  static double Mean(std::vector<double> cosines) {
    std::sort(cosines.rbegin(), cosines.rend());
    if (cosines.size() > 10) cosines.resize(10);
    double sum = 0;
    for (const double cosine : cosines) sum += cosine;
    return cosines.empty() ? 0 : sum / static_cast<double>(cosines.size());
  }
  double MeanOf(const std::string& id) const {
    std::vector<double> cosines;
    for (const auto& [other, vector] : vectors_) {
      if (other != id) cosines.push_back(Dot(vectors_.at(id), vector));
    }
    return Mean(cosines);
  }
  std::map<std::string, double> Scores(const std::vector<float>& query) const {
    std::vector<double> cosines;
    for (const auto& [id, vector] : vectors_) cosines.push_back(Dot(query, vector));
    const double query_mean = Mean(cosines);
    std::map<std::string, double> scores;
    for (const auto& [id, vector] : vectors_) scores[id] = 2 * Dot(query, vector) - query_mean - MeanOf(id);
    return scores;
  }

 private:
  std::map<std::string, std::vector<float>> vectors_;
};

class CollectionHubsTest : public testing::Test {
 protected:
  CollectionOptions Options() const {
    CollectionOptions options;
    options.name = "hubs";
    options.index.dim = kDim;
    options.index.kind = IndexKind::kExact;
    options.hub_correction = true;
    return options;
  }
  void Make() { collection_ = *LocalCollection::CreateIn(folder_ / "c", Options(), {}, tuning_); }
  void Reopen(bool for_reading = false) {
    collection_.reset();
    auto opened = LocalCollection::OpenIn(folder_ / "c", for_reading, {}, tuning_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    collection_ = *std::move(opened);
  }
  std::vector<float> Vector() {
    std::normal_distribution<float> normal;
    std::vector<float> vector(kDim);
    double squares = 0;
    for (float& value : vector) {
      value = normal(engine_);
      squares += double{value} * value;
    }
    for (float& value : vector) value /= static_cast<float>(std::sqrt(squares));
    return vector;
  }
  void Put(const std::string& id) {
    const std::vector<float> vector = Vector();
    ASSERT_TRUE(collection_->Upsert(std::vector<Document>{{id, "", "", "", vector}}, {}).ok());
    reference_.Put(id, vector);
  }
  void Erase(const std::string& id) {
    ASSERT_TRUE(collection_->Delete(std::vector<std::string>{id}, {}).ok());
    reference_.Erase(id);
  }
  absl::Status BringUpToDate() {
    return collection_->Optimize([](int64_t, int64_t) { return true; });
  }
  void ExpectExact() {
    const std::vector<float> query = Vector();
    const auto results = collection_->Search(query, {.k = 1000, .correct_hubs = true, .hub_candidates = 1000});
    ASSERT_TRUE(results.ok()) << results.status();
    const auto scores = reference_.Scores(query);
    ASSERT_EQ((*results)[0].size(), scores.size());
    float last = 10;
    for (const Hit& hit : (*results)[0]) {
      ASSERT_NEAR(hit.score, scores.at(hit.id), 1e-5) << hit.id;
      EXPECT_LE(hit.score, last);
      last = hit.score;
    }
  }

  std::mt19937 engine_{5};
  const TempDir folder_;
  LocalCollection::Tuning tuning_{.tail_rows = 8};
  std::unique_ptr<LocalCollection> collection_;
  Reference reference_;
};

TEST_F(CollectionHubsTest, EqualTheDefinitionAfterWritesAndRestarts) {
  Make();
  int next = 0;
  for (int step = 0; step < 40; ++step) {
    for (uint32_t i = 0; i < engine_() % 6; ++i) Put(std::to_string(next++));
    if (reference_.size() > 3) {
      for (uint32_t i = 0; i < engine_() % 3; ++i) Put(reference_.AnyId(engine_));
      for (uint32_t i = 0; i < engine_() % 3; ++i) Erase(reference_.AnyId(engine_));
    }
    // Closed at once, so that little or nothing of the work was done.
    if (step % 4 == 1) {
      ASSERT_NO_FATAL_FAILURE(Reopen());
    }
    if (step % 2 == 1) continue;
    ASSERT_TRUE(BringUpToDate().ok());
    ASSERT_NO_FATAL_FAILURE(ExpectExact()) << "step " << step;
    if (step % 8 == 0) {
      ASSERT_NO_FATAL_FAILURE(Reopen(/*for_reading=*/true));
      ASSERT_NO_FATAL_FAILURE(ExpectExact()) << "step " << step;
      ASSERT_NO_FATAL_FAILURE(Reopen());
    }
  }
}

TEST_F(CollectionHubsTest, TheBackgroundFollowsWrites) {
  Make();
  for (int i = 0; i < 50; ++i) Put(std::to_string(i));
  while ((*collection_->Stats()).num_uncorrected > 0) std::this_thread::yield();
  ExpectExact();
}

TEST_F(CollectionHubsTest, ASnapshotHasThem) {
  Make();
  for (int i = 0; i < 30; ++i) Put(std::to_string(i));
  ASSERT_TRUE(BringUpToDate().ok());
  ASSERT_TRUE(collection_->Snapshot(folder_ / "copy").ok());
  collection_ = *LocalCollection::OpenIn(folder_ / "copy", /*for_reading=*/true, {}, tuning_);
  EXPECT_EQ(collection_->Stats()->num_uncorrected, 0);
  ExpectExact();
}

TEST_F(CollectionHubsTest, RowsThatAreNotComparedYetCountAsTheAverage) {
  Make();
  for (int i = 0; i < 30; ++i) Put(std::to_string(i));
  ASSERT_TRUE(BringUpToDate().ok());
  const std::vector<float> query = Vector();
  CollectionRuntime runtime;
  runtime.background_indexing = false;
  collection_.reset();
  collection_ = *LocalCollection::OpenIn(folder_ / "c", false, runtime, tuning_);
  ASSERT_TRUE(collection_->Upsert(std::vector<Document>{{"new", "", "", "", query}}, {}).ok());
  Reopen(/*for_reading=*/true);
  EXPECT_EQ(collection_->Stats()->num_uncorrected, 1);
  double sum = 0;
  for (int i = 0; i < 30; ++i) sum += reference_.MeanOf(std::to_string(i));
  const auto results = *collection_->Search(query, {.k = 31, .correct_hubs = true});
  const auto plain = *collection_->Search(query, {.k = 10});
  double query_mean = 0;
  for (const Hit& hit : plain[0]) query_mean += hit.score / 10;
  for (const Hit& hit : results[0]) {
    if (hit.id != "new") continue;
    EXPECT_NEAR(hit.score, 2 - query_mean - sum / 30, 1e-5);
  }
}

TEST_F(CollectionHubsTest, TheBestOfTheCandidatesAreReturned) {
  Make();
  for (int i = 0; i < 60; ++i) Put(std::to_string(i));
  ASSERT_TRUE(BringUpToDate().ok());
  const std::vector<float> query = Vector();
  const auto all = *collection_->Search(query, {.k = 20, .correct_hubs = true, .hub_candidates = 20});
  const auto few = *collection_->Search(query, {.k = 5, .correct_hubs = true, .hub_candidates = 20});
  ASSERT_EQ(few[0].size(), 5u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(few[0][i].id, all[0][i].id);
}

TEST_F(CollectionHubsTest, NeedTheOptionAndCosines) {
  CollectionOptions options = Options();
  options.index.metric = Metric::kL2;
  EXPECT_THAT(std::string(options.Validate().message()), HasSubstr("hub_correction needs metric cosine, and the metric is l2"));
  options = Options();
  options.hub_correction = false;
  collection_ = *LocalCollection::CreateIn(folder_ / "c", options, {}, tuning_);
  const auto results = collection_->Search(Vector(), {.correct_hubs = true});
  EXPECT_EQ(results.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(results.status().message()), HasSubstr("collection \"hubs\" keeps no hub corrections"));
}

TEST(HubListTest, ComesBackTheSameOrNotAtAll) {
  const std::vector<HubNeighbor> list = {{7, 0.5f}, {9, 0.5f}, {1, -0.25f}};
  const std::string bytes = SerializeHubList(list);
  EXPECT_EQ(bytes.size(), 25u);
  EXPECT_EQ(*ParseHubList(bytes), list);
  EXPECT_TRUE(ParseHubList(SerializeHubList({}))->empty());
  EXPECT_FALSE(ParseHubList("").ok());
  EXPECT_FALSE(ParseHubList(bytes.substr(0, 24)).ok());
  EXPECT_FALSE(ParseHubList("\2" + bytes.substr(1)).ok());
  EXPECT_FALSE(ParseHubList(SerializeHubList({{1, 0.1f}, {2, 0.2f}})).ok());
  EXPECT_FALSE(ParseHubList(SerializeHubList({{2, 0.1f}, {2, 0.1f}})).ok());
  EXPECT_FALSE(ParseHubList(SerializeHubList({{1, std::nanf("")}})).ok());
  EXPECT_FALSE(ParseHubList(SerializeHubList({{1, 2.f}})).ok());
}

}  // namespace
}  // namespace senvec
