#include "service/rpc/collection_calls.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/file.h"
#include "service/rpc/snapshot_calls.h"
#include "tests/support/fake_context.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CollectionCallsTest : public testing::Test {
 protected:
  CollectionCallsTest() { Put("c", 1); }
  void Put(const std::string& name, int documents) {
    const auto collection = fake_.MakeCollection(name);
    for (int i = 0; i < documents; ++i) {
      const Document document = {.id = std::to_string(i), .vector = {1, 2}};
      EXPECT_TRUE(collection->Upsert(absl::MakeConstSpan(&document, 1)).ok());
    }
  }
  absl::Status SetAlias(const std::string& alias, const std::string& collection) {
    v1::SetAliasRequest request;
    request.set_alias(alias);
    request.set_collection(collection);
    v1::SetAliasResponse response;
    return HandleSetAlias(fake_.context(), request, &response);
  }
  absl::Status CreateSnapshot(const std::string& name, v1::CreateSnapshotResponse* response) {
    v1::CreateSnapshotRequest request;
    request.set_collection("c");
    request.set_name(name);
    return HandleCreateSnapshot(fake_.context(), request, response);
  }
  absl::Status Restore(const std::string& name, const std::string& collection, v1::RestoreSnapshotResponse* response) {
    v1::RestoreSnapshotRequest request;
    request.set_name(name);
    request.set_collection(collection);
    return HandleRestoreSnapshot(fake_.context(), request, response);
  }
  std::vector<std::string> Snapshots() {
    v1::ListSnapshotsResponse response;
    EXPECT_TRUE(HandleListSnapshots(fake_.context(), {}, &response).ok());
    std::vector<std::string> names;
    for (const v1::Snapshot& snapshot : response.snapshots()) names.push_back(snapshot.name());
    return names;
  }
  FakeContext fake_;
};

TEST_F(CollectionCallsTest, ACollectionTellsItsStatsAndAliases) {
  ASSERT_TRUE(SetAlias("live", "c").ok());
  v1::GetCollectionRequest request;
  request.set_name("live");
  v1::GetCollectionResponse response;
  ASSERT_TRUE(HandleGetCollection(fake_.context(), request, &response).ok());
  EXPECT_EQ(response.collection().name(), "c");
  EXPECT_EQ(response.collection().num_documents(), 1);
  EXPECT_THAT(response.collection().aliases(), ElementsAre("live"));
  EXPECT_GT(response.stats().disk_bytes(), 0);
  EXPECT_FALSE(response.stats().read_only());
  v1::ListCollectionsResponse list;
  ASSERT_TRUE(HandleListCollections(fake_.context(), {}, &list).ok());
  ASSERT_EQ(list.collections_size(), 1);
  EXPECT_THAT(list.collections(0).aliases(), ElementsAre("live"));
}

TEST_F(CollectionCallsTest, AliasesMoveAndKeepTheirCollection) {
  Put("d", 2);
  ASSERT_TRUE(SetAlias("live", "c").ok());
  v1::DropCollectionRequest drop;
  drop.set_name("c");
  v1::DropCollectionResponse dropped;
  const absl::Status kept = HandleDropCollection(fake_.context(), drop, &dropped);
  EXPECT_EQ(kept.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(kept.message()), HasSubstr("live"));
  ASSERT_TRUE(SetAlias("live", "d").ok());
  EXPECT_TRUE(HandleDropCollection(fake_.context(), drop, &dropped).ok());
  EXPECT_EQ((*fake_.context().store->Get("live"))->size(), 2);
  EXPECT_EQ(SetAlias("d", "d").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(SetAlias("a/b", "d").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SetAlias("x", "nothing").code(), absl::StatusCode::kNotFound);
  v1::ListAliasesResponse list;
  ASSERT_TRUE(HandleListAliases(fake_.context(), {}, &list).ok());
  ASSERT_EQ(list.aliases_size(), 1);
  EXPECT_EQ(list.aliases(0).collection(), "d");
  EXPECT_TRUE(SetAlias("live", "").ok());
  EXPECT_EQ(SetAlias("live", "").code(), absl::StatusCode::kNotFound);
}

TEST_F(CollectionCallsTest, ASnapshotIsListedRestoredAndDeleted) {
  v1::CreateSnapshotResponse created;
  ASSERT_TRUE(CreateSnapshot("monday", &created).ok());
  EXPECT_GT(created.snapshot().disk_bytes(), 0);
  EXPECT_EQ(CreateSnapshot("monday", &created).code(), absl::StatusCode::kAlreadyExists);
  const Document more = {.id = "more", .vector = {3, 4}};
  ASSERT_TRUE((*fake_.context().store->Get("c"))->Upsert(absl::MakeConstSpan(&more, 1)).ok());
  v1::RestoreSnapshotResponse restored;
  ASSERT_TRUE(Restore("monday", "again", &restored).ok());
  EXPECT_EQ(restored.collection().name(), "again");
  EXPECT_EQ(restored.collection().num_documents(), 1);
  EXPECT_EQ(Restore("monday", "c", &restored).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(Restore("tuesday", "x", &restored).message()), HasSubstr("there is no snapshot \"tuesday\"; there are: monday"));
  EXPECT_THAT(Snapshots(), ElementsAre("monday"));
  v1::DeleteSnapshotRequest erase;
  erase.set_name("monday");
  v1::DeleteSnapshotResponse erased;
  ASSERT_TRUE(HandleDeleteSnapshot(fake_.context(), erase, &erased).ok());
  EXPECT_THAT(Snapshots(), ElementsAre());
  EXPECT_EQ(HandleDeleteSnapshot(fake_.context(), erase, &erased).code(), absl::StatusCode::kNotFound);
}

TEST_F(CollectionCallsTest, SnapshotsHaveNamesAndNoPaths) {
  v1::CreateSnapshotResponse created;
  v1::RestoreSnapshotResponse restored;
  for (const char* name : {"../x", "/tmp/x", "a/b", ".hidden", ""}) {
    EXPECT_EQ(CreateSnapshot(name, &created).code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(Restore(name, "x", &restored).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  fake_.context().snapshots = "";
  const absl::Status none = CreateSnapshot("monday", &created);
  EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(none.message()), HasSubstr("--snapshots"));
}

TEST_F(CollectionCallsTest, ADamagedSnapshotIsRefusedByFile) {
  v1::CreateSnapshotResponse created;
  ASSERT_TRUE(CreateSnapshot("monday", &created).ok());
  const std::string path = JoinPath(fake_.context().snapshots, "monday/COLLECTION.json");
  ASSERT_TRUE(WriteFileAtomically(path, *ReadFile(path) + " ").ok());
  v1::RestoreSnapshotResponse restored;
  const absl::Status status = Restore("monday", "again", &restored);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("COLLECTION.json"));
  EXPECT_FALSE(fake_.context().store->Get("again").ok());
}

}  // namespace
}  // namespace senvec
