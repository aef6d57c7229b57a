#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "index/collection_store.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CollectionOptions Named(const std::string& name) { return {.name = name, .index = {.dim = 2}}; }

class CollectionStoreTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    store_.reset();
    auto store = CollectionStore::Open(folder_ / "data");
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  const TempDir folder_;
  std::unique_ptr<CollectionStore> store_;
};

TEST_F(CollectionStoreTest, CreatesListsAndKeeps) {
  ASSERT_TRUE(store_->Create(Named("b")).ok());
  ASSERT_TRUE(store_->Create(Named("a")).ok());
  ASSERT_TRUE((*store_->Get("a"))->Upsert({{.id = "1", .text = "t", .metadata_json = "", .vector = {1, 0}}}).ok());
  Reopen();
  EXPECT_THAT(store_->List(), ElementsAre("a", "b"));
  EXPECT_EQ((*store_->Get("a"))->size(), 1);
}

TEST_F(CollectionStoreTest, RefusesADuplicateAndAnUnknownName) {
  ASSERT_TRUE(store_->Create(Named("a")).ok());
  EXPECT_EQ(store_->Create(Named("a")).status().code(), absl::StatusCode::kAlreadyExists);
  const absl::Status status = store_->Get("z").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("there are: a"));
  EXPECT_EQ(store_->Drop("z").code(), absl::StatusCode::kNotFound);
}

TEST_F(CollectionStoreTest, ADroppedCollectionLivesUntilItsLastUserLetsGo) {
  std::shared_ptr<Collection> collection = *store_->Create(Named("a"));
  ASSERT_TRUE(collection->Upsert({{.id = "1", .text = "t", .metadata_json = "", .vector = {1, 0}}}).ok());
  ASSERT_TRUE(store_->Drop("a").ok());
  EXPECT_THAT(store_->List(), ElementsAre());
  EXPECT_EQ(collection->Search({1, 0}, {.k = 1})->at(0).size(), 1u);
  ASSERT_TRUE(store_->Create(Named("a")).ok());
  Reopen();
  EXPECT_EQ((*store_->Get("a"))->size(), 0);
}

TEST_F(CollectionStoreTest, ADroppedCollectionNeverWritesIntoItsSuccessor) {
  std::shared_ptr<Collection> old = *store_->Create(Named("a"));
  ASSERT_TRUE(old->Upsert({{.id = "1", .text = "t", .metadata_json = "", .vector = {1, 0}}}).ok());
  ASSERT_TRUE(store_->Drop("a").ok());
  ASSERT_TRUE(store_->Create(Named("a")).ok());
  EXPECT_FALSE(old->Upsert({{.id = "2", .text = "t", .metadata_json = "", .vector = {1, 0}}}).ok());
  old.reset();
  Reopen();
  EXPECT_EQ((*store_->Get("a"))->size(), 0);
}

TEST_F(CollectionStoreTest, AFailedDropLeavesTheCollectionAsItWas) {
  ASSERT_TRUE(store_->Create(Named("a")).ok());
  std::filesystem::rename(folder_ / "data/a", folder_ / "elsewhere");
  EXPECT_THAT(std::string(store_->Drop("a").message()), HasSubstr("cannot drop collection \"a\""));
  std::filesystem::rename(folder_ / "elsewhere", folder_ / "data/a");
  const auto collection = store_->Get("a");
  ASSERT_TRUE(collection.ok()) << collection.status();
  ASSERT_TRUE((*collection)->Upsert({{.id = "1", .text = "t", .metadata_json = "", .vector = {1, 0}}}).ok());
  EXPECT_TRUE(store_->Drop("a").ok());
  EXPECT_EQ(store_->Drop("a").code(), absl::StatusCode::kNotFound);
}

TEST_F(CollectionStoreTest, CallsForOneNameTakeTurns) {
  std::vector<std::thread> threads;
  std::atomic<int> created = 0, dropped = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const absl::Status status = store_->Create(Named("a")).status();
        EXPECT_TRUE(status.ok() || absl::IsAlreadyExists(status)) << status;
        created += status.ok();
        const absl::Status drop = store_->Drop("a");
        EXPECT_TRUE(drop.ok() || absl::IsNotFound(drop)) << drop;
        dropped += drop.ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, dropped);
  EXPECT_THAT(store_->List(), ElementsAre());
}

TEST_F(CollectionStoreTest, ADamagedCollectionDoesNotStopTheOthers) {
  ASSERT_TRUE(store_->Create(Named("bad")).ok());
  ASSERT_TRUE(store_->Create(Named("good")).ok());
  store_.reset();
  ASSERT_TRUE(WriteFileAtomically(folder_ / "data/bad/COLLECTION.json", "{\"format\":").ok());
  Reopen();
  EXPECT_THAT(store_->List(), ElementsAre("good"));
  ASSERT_EQ(store_->damaged().size(), 1u);
  EXPECT_EQ(store_->Get("bad").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(store_->Create(Named("bad")).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(store_->Drop("bad").ok());
  EXPECT_TRUE(store_->Create(Named("bad")).ok());
}

TEST_F(CollectionStoreTest, AnotherProcessIsKeptOutAndToldWhoHoldsTheFolder) {
  const pid_t child = ::fork();
  if (child == 0) {
    const absl::Status status = CollectionStore::Open(folder_ / "data").status();
    const bool told = status.code() == absl::StatusCode::kFailedPrecondition &&
                      status.message().find(std::to_string(::getppid())) != absl::string_view::npos;
    ::_exit(told ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
}

TEST_F(CollectionStoreTest, FoldersThatAreNoCollectionsAreLeftAlone) {
  std::filesystem::create_directories(folder_ / "data/notes");
  Reopen();
  EXPECT_THAT(store_->List(), ElementsAre());
  EXPECT_TRUE(DirectoryExists(folder_ / "data/notes"));
}

TEST_F(CollectionStoreTest, AnAliasStandsForACollectionAndMoves) {
  ASSERT_TRUE(store_->Create(Named("a")).ok());
  ASSERT_TRUE(store_->Create(Named("b")).ok());
  ASSERT_TRUE(store_->SetAlias("live", "a").ok());
  EXPECT_EQ((*store_->Get("live"))->options().name, "a");
  EXPECT_EQ(store_->Drop("a").code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(store_->SetAlias("live", "b").ok());
  Reopen();
  EXPECT_EQ((*store_->Get("live"))->options().name, "b");
  EXPECT_TRUE(store_->Drop("a").ok());
  EXPECT_EQ(store_->SetAlias("b", "b").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->SetAlias("other", "a").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Create(Named("live")).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(store_->SetAlias("live", "").ok());
  EXPECT_EQ(store_->SetAlias("live", "").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(store_->Aliases().empty());
}

TEST_F(CollectionStoreTest, ASnapshotIsRestoredUnderANewName) {
  const auto collection = *store_->Create(Named("a"));
  ASSERT_TRUE(collection->Upsert({{.id = "1", .text = "t", .metadata_json = "", .vector = {1, 0}}}).ok());
  ASSERT_TRUE(collection->Snapshot(folder_ / "snap").ok());
  ASSERT_TRUE(collection->Delete({"1"}).ok());
  const auto restored = store_->Restore(folder_ / "snap", "b");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ((*restored)->size(), 1);
  EXPECT_EQ((*restored)->options().name, "b");
  EXPECT_EQ(store_->Restore(folder_ / "snap", "a").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(store_->List(), ElementsAre("a", "b"));
}

TEST_F(CollectionStoreTest, ARestoredCollectionIsThereAfterwards) {
  ASSERT_TRUE((*store_->Create(Named("a")))->Snapshot(folder_ / "snap").ok());
  ASSERT_TRUE(store_->Restore(folder_ / "snap", "b").ok());
  Reopen();
  EXPECT_THAT(store_->List(), ElementsAre("a", "b"));
  EXPECT_EQ((*store_->Get("b"))->options().name, "b");
}

TEST_F(CollectionStoreTest, ADamagedSnapshotIsNotRestored) {
  const auto collection = *store_->Create(Named("a"));
  ASSERT_TRUE(collection->Snapshot(folder_ / "snap").ok());
  std::string text = *ReadFile(folder_ / "snap/COLLECTION.json");
  text[20] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(folder_ / "snap/COLLECTION.json", text).ok());
  const absl::Status status = store_->Restore(folder_ / "snap", "b").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("COLLECTION.json"));
  EXPECT_THAT(store_->List(), ElementsAre("a"));
}

}  // namespace
}  // namespace senvec
