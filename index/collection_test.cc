#include "index/collection.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "base/file.h"
#include "base/hash.h"
#include "index/catalog.h"
#include "index/kv_store.h"
#include "index/local_collection.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
namespace fs = std::filesystem;

std::vector<std::string> notices;
void TakeNotice(absl::string_view message) { notices.emplace_back(message); }

// Small tails, so that a few rows meet everything that many would: tails, segments, merging.
class CollectionTest : public testing::TestWithParam<IndexKind> {
 protected:
  CollectionTest() { notices.clear(); }

  CollectionOptions Options() const {
    return {.name = "faq",
            .index = {.kind = GetParam(), .dim = 3},
            .model_fingerprint = "m1",
            .whitening_fingerprint = "w1",
            .model_directory = "models/m",
            .whitening_path = "w.safetensors",
            .query_prompt = "query: ",
            .passage_prompt = "passage: "};
  }
  void Make() {
    auto collection = LocalCollection::CreateIn(Folder(), Options(), runtime_, tuning_);
    ASSERT_TRUE(collection.ok()) << collection.status();
    collection_ = *std::move(collection);
  }
  void Reopen(bool for_reading = false) {
    collection_.reset();
    auto collection = LocalCollection::OpenIn(Folder(), for_reading, runtime_, tuning_);
    ASSERT_TRUE(collection.ok()) << collection.status();
    collection_ = *std::move(collection);
  }
  std::string Folder() const { return folder_ / "c"; }
  std::vector<std::string> HitIds(const std::vector<float>& query, SearchOptions options) {
    std::vector<std::string> ids;
    const auto results = collection_->Search(query, options);
    EXPECT_TRUE(results.ok()) << results.status();
    if (!results.ok()) return {};
    for (const Hit& hit : (*results)[0]) ids.push_back(hit.id);
    return ids;
  }
  std::vector<std::string> HitIds(const std::vector<float>& query, int32_t k) {
    return HitIds(query, SearchOptions{.k = k});
  }
  // n documents of distinct directions, the first of them id `first`.
  std::vector<Document> Many(int first, int n) {
    std::vector<Document> documents;
    for (int i = first; i < first + n; ++i) {
      const float angle = static_cast<float>(i) * 0.01f;
      documents.push_back({.id = std::to_string(i),
                           .text = "text " + std::to_string(i),
                           .metadata_json = R"({"n":)" + std::to_string(i) + "}",
                           .vector = {std::cos(angle), std::sin(angle), 0.1f}});
    }
    return documents;
  }
  void WaitForIndex() {
    for (int i = 0; i < 1000; ++i) {
      const CollectionStats stats = *collection_->Stats();
      if (stats.num_unindexed < tuning_.tail_rows) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "no index was built";
  }
  static bool Go(int64_t, int64_t) { return true; }

  const TempDir folder_;
  CollectionRuntime runtime_{.notice = TakeNotice};
  LocalCollection::Tuning tuning_{.tail_rows = 8, .max_waiting_rows = 1000};
  std::unique_ptr<Collection> collection_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CollectionTest, testing::Values(IndexKind::kExact, IndexKind::kHnsw, IndexKind::kIvf, IndexKind::kAuto),
                         [](const auto& kind) { return std::string(IndexKindName(kind.param)); });

Document Doc(const std::string& id, std::vector<float> vector, const std::string& metadata = R"({"k":1})") {
  return {.id = id, .text = "text of " + id, .metadata_json = metadata, .group = "g" + id, .vector = std::move(vector)};
}

TEST_P(CollectionTest, FindsWhatWasPutIn) {
  Make();
  EXPECT_EQ(*collection_->Upsert({Doc("a", {1, 0, 0}), Doc("b", {0, 1, 0}), Doc("c", {0.9f, 0.1f, 0})}), 3);
  const std::vector<std::vector<Hit>> results = *collection_->Search({1, 0, 0}, {.k = 2});
  const Hit& hit = results[0][0];
  EXPECT_EQ(hit.id, "a");
  EXPECT_EQ(hit.text, "text of a");
  EXPECT_EQ(hit.metadata_json, R"({"k":1})");
  EXPECT_EQ(hit.group, "ga");
  EXPECT_NEAR(hit.score, 1, 1e-6);
  EXPECT_THAT(HitIds({1, 0, 0}, 9), ElementsAre("a", "c", "b"));
}

TEST_P(CollectionTest, ReplacesAndDeletesById) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("a", {1, 0, 0}), Doc("b", {0, 1, 0})}).ok());
  EXPECT_EQ(*collection_->Upsert({Doc("a", {0, 0, 1}), Doc("d", {1, 0, 0})}), 1);
  EXPECT_EQ(collection_->size(), 3);
  EXPECT_THAT(HitIds({0, 0, 1}, 1), ElementsAre("a"));
  EXPECT_THAT(HitIds({1, 0, 0}, 1), ElementsAre("d"));
  EXPECT_EQ(*collection_->Delete({"a", "unknown", "a"}), 1);
  EXPECT_THAT(HitIds({0, 0, 1}, 9), UnorderedElementsAre("b", "d"));
}

TEST_P(CollectionTest, SearchesSeveralQueriesAtOnce) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("a", {1, 0, 0}), Doc("b", {0, 1, 0})}).ok());
  const auto results = *collection_->Search({0, 1, 0, 1, 0, 0}, {.k = 1});
  EXPECT_EQ(results[0][0].id, "b");
  EXPECT_EQ(results[1][0].id, "a");
}

TEST_P(CollectionTest, GivesDocumentsBackInOrder) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("b", {0, 3, 4}), Doc("a", {1, 0, 0}), Doc("c", {1, 1, 0})}).ok());
  const auto got = *collection_->Get({"b", "x"});
  EXPECT_EQ(got[0]->text, "text of b");
  EXPECT_NEAR(got[0]->vector[1], 0.6, 1e-6);  // cosine stores length 1
  EXPECT_FALSE(got[1].has_value());
  std::vector<std::string> ids;
  const std::vector<Document> page = *collection_->Scan({.after_id = "a", .limit = 5});
  for (const Document& document : page) ids.push_back(document.id);
  EXPECT_THAT(ids, ElementsAre("b", "c"));
  EXPECT_EQ(collection_->Scan({.limit = 1})->at(0).id, "a");
  EXPECT_FALSE(collection_->Scan({.limit = 0}).ok());
}

TEST_P(CollectionTest, KeepsEverythingWithoutBeingToldToSave) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("a", {1, 0, 0}), Doc("怎么", {0, 1, 0}), Doc("c", {0, 0, 1})}).ok());
  ASSERT_TRUE(collection_->Delete({"c"}).ok());
  Reopen();
  EXPECT_EQ(collection_->size(), 2);
  EXPECT_THAT(HitIds({0, 1, 0}, 1), ElementsAre("怎么"));
  EXPECT_EQ(collection_->options().query_prompt, "query: ");
  EXPECT_EQ(collection_->options().model_fingerprint, "m1");
  EXPECT_EQ(collection_->options().whitening_path, "w.safetensors");
  ASSERT_TRUE(collection_->Upsert({Doc("d", {0, 0, 1})}).ok());
  Reopen(/*for_reading=*/true);
  EXPECT_THAT(HitIds({0, 0, 1}, 1), ElementsAre("d"));
}

TEST_P(CollectionTest, SearchesTailsAndSegmentsAsOne) {
  Make();
  for (int i = 0; i < 100; i += 5) ASSERT_TRUE(collection_->Upsert(Many(i, 5)).ok());
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 3), ElementsAre("0", "1", "2"));
  WaitForIndex();
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 3), ElementsAre("0", "1", "2"));
  EXPECT_EQ(HitIds({1, 0, 0.1f}, 100).size(), 100u);
  ASSERT_TRUE(collection_->Delete({"1", "97"}).ok());
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 3), ElementsAre("0", "2", "3"));
  Reopen();
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 3), ElementsAre("0", "2", "3"));
  EXPECT_EQ(collection_->size(), 98);
}

TEST_P(CollectionTest, OptimizeLeavesOneSegmentWithoutRemovedRows) {
  Make();
  for (int i = 0; i < 60; i += 5) ASSERT_TRUE(collection_->Upsert(Many(i, 5)).ok());
  ASSERT_TRUE(collection_->Delete({"0", "59", "30"}).ok());
  ASSERT_TRUE(collection_->Optimize(Go).ok());
  const CollectionStats stats = *collection_->Stats();
  EXPECT_EQ(stats.num_segments, 1);
  EXPECT_EQ(stats.num_unindexed, 0);
  EXPECT_EQ(stats.num_removed_rows, 0);
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 2), ElementsAre("1", "2"));
  ASSERT_TRUE(collection_->Upsert(Many(0, 1)).ok());
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 2), ElementsAre("0", "1"));
}

TEST_P(CollectionTest, RowsPutInForBuildingAreSearchedAfterOptimize) {
  runtime_.background_indexing = false;
  Make();
  ASSERT_TRUE(collection_->Upsert(Many(0, 50), {.durable = false, .notes = {{"position", "50"}}}).ok());
  ASSERT_TRUE(collection_->Delete({"3"}).ok());
  EXPECT_FALSE(collection_->Search({1, 0, 0}, {}).ok());
  Reopen();
  EXPECT_EQ(*collection_->Note("position"), "50");
  ASSERT_TRUE(collection_->Upsert(Many(50, 10)).ok());
  ASSERT_TRUE(collection_->Optimize(Go).ok());
  runtime_.background_indexing = true;
  Reopen();
  EXPECT_EQ(collection_->Stats()->num_segments, 1);
  EXPECT_EQ(HitIds({1, 0, 0.1f}, 100).size(), 59u);
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 4), ElementsAre("0", "1", "2", "4"));
}

TEST_P(CollectionTest, FiltersSearchCountScanAndDelete) {
  Make();
  ASSERT_TRUE(collection_->Upsert(Many(0, 40)).ok());
  EXPECT_THAT(HitIds({1, 0, 0.1f}, {.k = 3, .filter = "n >= 10 and n != 11"}), ElementsAre("10", "12", "13"));
  EXPECT_EQ(*collection_->Count("n < 15"), 15);
  EXPECT_EQ(*collection_->Count(""), 40);
  const auto page = collection_->Scan({.after_id = "10", .limit = 2, .filter = "n in (10, 5, 11, 39)"});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT((std::vector<std::string>{page->at(0).id, page->at(1).id}), ElementsAre("11", "39"));
  EXPECT_EQ(*collection_->DeleteMatching("n < 35"), 35);
  EXPECT_EQ(collection_->size(), 5);
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 9), ElementsAre("35", "36", "37", "38", "39"));
  const absl::Status bad = collection_->Count("n >=").status();
  EXPECT_EQ(bad.code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(CollectionTest, MinScoreLeavesOutWhatIsFar) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("a", {1, 0, 0}), Doc("b", {0.8f, 0.6f, 0}), Doc("c", {0, 1, 0})}).ok());
  EXPECT_THAT(HitIds({1, 0, 0}, {.min_score = 0.7f}), ElementsAre("a", "b"));
  EXPECT_THAT(HitIds({1, 0, 0}, {.k = 1, .min_score = 0.7f}), ElementsAre("a"));
}

TEST_P(CollectionTest, MetadataIsPatchedWithoutTheVector) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("a", {1, 0, 0}, R"({"k":1,"old":true})"), Doc("b", {0, 1, 0})}).ok());
  ASSERT_TRUE(collection_->UpdateMetadata("a", R"({"k":2,"old":null,"new":["x"]})").ok());
  EXPECT_EQ(*collection_->Count("k = 2 and not exists(old) and new = \"x\""), 1);
  EXPECT_EQ(*collection_->Count("k = 1"), 1);
  EXPECT_EQ(collection_->Get({"a"})->at(0)->metadata_json, R"({"k":2,"new":["x"]})");
  EXPECT_THAT(HitIds({1, 0, 0}, 1), ElementsAre("a"));
  EXPECT_EQ(collection_->UpdateMetadata("x", "{}").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(collection_->UpdateMetadata("a", "[]").code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(CollectionTest, ASearchShowsTheMetadataOfNowThoughItFoundTheDocumentBefore) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("a", {1, 0, 0}, R"({"k":0})"), Doc("b", {0, 1, 0}, R"({"k":7})")}).ok());
  const std::vector<float> both = {1, 0, 0, 0, 1, 0};
  for (int k = 1; k <= 3; ++k) {
    ASSERT_EQ((*collection_->Search({1, 0, 0}, {.k = 1}))[0][0].metadata_json, absl::StrCat(R"({"k":)", k - 1, "}"));
    ASSERT_TRUE(collection_->UpdateMetadata("a", absl::StrCat(R"({"k":)", k, "}")).ok());
    const auto results = *collection_->Search(both, {.k = 2});
    EXPECT_EQ(results[0][0].metadata_json, absl::StrCat(R"({"k":)", k, "}"));
    EXPECT_EQ(results[1][1].metadata_json, absl::StrCat(R"({"k":)", k, "}"));
    EXPECT_EQ(results[0][1].metadata_json, R"({"k":7})");
  }
}

TEST_P(CollectionTest, ABadDocumentChangesNothing) {
  Make();
  ASSERT_TRUE(collection_->Upsert({Doc("a", {1, 0, 0})}).ok());
  struct Case {
    const char* name;
    Document document;
    const char* fault;
  };
  Document no_object = Doc("x", {1, 0, 0}, "[1]");
  Document bad_group = Doc("x", {1, 0, 0});
  bad_group.group = std::string(600, 'g');
  Document bad_text = Doc("x", {1, 0, 0});
  bad_text.text = "\xff";
  for (const Case& c : {Case{"no id", Doc("", {1, 0, 0}), "1 to 512"},
                        Case{"long id", Doc(std::string(513, 'x'), {1, 0, 0}), "513 bytes"},
                        Case{"NUL in id", Doc(std::string("a\0b", 3), {1, 0, 0}), "NUL"},
                        Case{"group", bad_group, "group"}, Case{"text", bad_text, "UTF-8"},
                        Case{"metadata", no_object, "object"}, Case{"dim", Doc("x", {1, 0}), "2 values"},
                        Case{"zero", Doc("x", {0, 0, 0}), "zero"},
                        Case{"nan", Doc("x", {1, std::numeric_limits<float>::quiet_NaN(), 0}), "nan"}}) {
    const absl::Status status = collection_->Upsert({Doc("y", {0, 1, 0}), c.document}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.fault)) << c.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr("document 1")) << c.name;
  }
  EXPECT_EQ(collection_->size(), 1);
  EXPECT_FALSE(collection_->Upsert({Doc("d", {1, 0, 0}), Doc("d", {0, 1, 0})}).ok());
}

TEST_P(CollectionTest, AnotherProcessMayReadButNotWrite) {
  Make();
  EXPECT_EQ(Collection::Open(Folder()).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(collection_->Upsert(Many(0, 20)).ok());
  Reopen(/*for_reading=*/true);
  const auto other = LocalCollection::OpenIn(Folder(), true, runtime_, tuning_);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ((*other)->size(), 20);
  EXPECT_EQ(collection_->Upsert({Doc("a", {1, 0, 0})}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(collection_->Stats()->read_only);
}

TEST_P(CollectionTest, ADamagedIndexIsBuiltAgain) {
  Make();
  ASSERT_TRUE(collection_->Upsert(Many(0, 40)).ok());
  ASSERT_TRUE(collection_->Optimize(Go).ok());
  collection_.reset();
  for (const auto& file : fs::directory_iterator(Folder() + "/segments")) fs::resize_file(file.path(), 100);
  EXPECT_EQ(LocalCollection::OpenIn(Folder(), true, runtime_, tuning_).status().code(),
            absl::StatusCode::kFailedPrecondition);
  Reopen();
  EXPECT_THAT(notices, testing::Contains(HasSubstr("damaged")));
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 3), ElementsAre("0", "1", "2"));
  EXPECT_EQ(collection_->size(), 40);
  WaitForIndex();
  for (const auto& file : fs::directory_iterator(Folder() + "/segments")) fs::remove(file.path());
  Reopen();
  EXPECT_THAT(HitIds({1, 0, 0.1f}, 3), ElementsAre("0", "1", "2"));
}

// As a newer Senvec would have left it: all but the index's version is as this one writes it.
TEST_P(CollectionTest, AnIndexOfANewerFormatIsRefusedAndLeftAsItIs) {
  Make();
  ASSERT_TRUE(collection_->Upsert(Many(0, 40)).ok());
  ASSERT_TRUE(collection_->Optimize(Go).ok());
  collection_.reset();
  std::string index, store;
  for (const auto& file : fs::directory_iterator(Folder() + "/segments")) index = file.path().string();
  for (const auto& entry : fs::directory_iterator(Folder())) {
    if (entry.path().filename().string().rfind("store-", 0) == 0) store = entry.path().string();
  }
  std::string bytes = *ReadFile(index);
  bytes[8] = 99;
  ASSERT_TRUE(WriteFileAtomically(index, bytes).ok());
  {
    const auto tables = *KvStore::Open(store, {});
    SegmentList list = *ParseSegments(**tables->Get(Table::kMeta, kSegmentsKey, nullptr), store);
    list.segments.at(0).head_checksum = Checksum64(absl::string_view(bytes).substr(0, 4096));
    const auto batch = tables->NewBatch();
    batch->Put(Table::kMeta, kSegmentsKey, SerializeSegments(list));
    ASSERT_TRUE(tables->Write(*batch, /*sync=*/true).ok());
  }
  for (bool for_reading : {true, false}) {
    const absl::Status status = LocalCollection::OpenIn(Folder(), for_reading, runtime_, tuning_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr(index), HasSubstr("99"), HasSubstr("newer")));
  }
  EXPECT_TRUE(*ReadFile(index) == bytes);
}

TEST_P(CollectionTest, FilesOfAnotherCollectionAreRefused) {
  Make();
  const auto other = LocalCollection::CreateIn(folder_ / "d", Options(), runtime_, tuning_);
  ASSERT_TRUE(other.ok());
  collection_.reset();
  fs::path ours, theirs;
  for (const auto& entry : fs::directory_iterator(folder_ / "c")) {
    if (entry.path().filename().string().rfind("store-", 0) == 0) ours = entry.path();
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "d")) {
    if (entry.path().filename().string().rfind("store-", 0) == 0) theirs = entry.path();
  }
  fs::remove_all(ours);
  fs::copy(theirs, ours, fs::copy_options::recursive);
  const absl::Status status = LocalCollection::OpenIn(Folder(), false, runtime_, tuning_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("another collection"));
}

TEST_P(CollectionTest, AnEarlierFormatIsRefusedWithTheRemedy) {
  fs::create_directories(Folder());
  std::ofstream(Folder() + "/MANIFEST.json") << "{}";
  const absl::Status status = LocalCollection::OpenIn(Folder(), false, runtime_, tuning_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("build it again"));
}

TEST_P(CollectionTest, ASnapshotIsTheCollectionAsItWas) {
  Make();
  ASSERT_TRUE(collection_->Upsert(Many(0, 30)).ok());
  ASSERT_TRUE(collection_->Optimize(Go).ok());
  ASSERT_TRUE(collection_->Upsert(Many(30, 5)).ok());
  ASSERT_TRUE(collection_->Snapshot(folder_ / "snap").ok());
  ASSERT_TRUE(collection_->DeleteMatching("n < 100").ok());
  ASSERT_TRUE(collection_->Optimize(Go).ok());
  EXPECT_EQ(collection_->size(), 0);
  EXPECT_EQ(collection_->Snapshot(folder_ / "snap").code(), absl::StatusCode::kAlreadyExists);
  const auto snapshot = LocalCollection::OpenIn(folder_ / "snap", true, runtime_, tuning_);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ((*snapshot)->size(), 35);
  EXPECT_EQ((*(*snapshot)->Search({1, 0, 0.1f}, {.k = 1}))[0][0].id, "0");
}

TEST_P(CollectionTest, WritersAndReadersWorkAtOnce) {
  Make();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(collection_->Upsert(Many(t * 1000 + i * 5, 5)).ok());
        if (i % 4 == 3) {
          ASSERT_TRUE(collection_->Delete({std::to_string(t * 1000 + i * 5)}).ok());
        }
        // What was written is seen.
        const auto got = collection_->Get({std::to_string(t * 1000 + i * 5 + 1)});
        ASSERT_TRUE(got.ok() && got->at(0).has_value());
      }
    });
  }
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto hits = collection_->Search({1, 0, 0.1f}, {.k = 5, .filter = i % 2 == 0 ? "" : "n >= 3"});
        ASSERT_TRUE(hits.ok()) << hits.status();
        for (const Hit& hit : hits->at(0)) ASSERT_EQ(hit.text, "text " + hit.id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(collection_->size(), 3 * (100 - 5));
  Reopen();
  EXPECT_EQ(collection_->size(), 3 * (100 - 5));
}

TEST_P(CollectionTest, ADroppedCollectionIsReadButNotWritten) {
  Make();
  ASSERT_TRUE(collection_->Upsert(Many(0, 30)).ok());
  ASSERT_TRUE(collection_->Retire(folder_ / "gone").ok());
  fs::remove_all(folder_ / "gone");
  EXPECT_EQ(HitIds({1, 0, 0.1f}, 100).size(), 30u);
  EXPECT_EQ(collection_->Upsert(Many(0, 1)).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(Folder()));
}

}  // namespace
}  // namespace senvec
