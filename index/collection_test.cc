#include "index/collection.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <limits>
#include <thread>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class CollectionTest : public testing::TestWithParam<IndexKind> {
 protected:
  CollectionOptions Options() const {
    return {.name = "faq", .index = {.kind = GetParam(), .dim = 3}, .model_fingerprint = "m1", .whitening_fingerprint = "w1",
            .model_directory = "models/m", .whitening_path = "w.safetensors", .query_prompt = "query: ", .passage_prompt = "passage: "};
  }
  void Make() {
    auto collection = Collection::Create(folder_ / "c", Options());
    ASSERT_TRUE(collection.ok()) << collection.status();
    collection_ = *std::move(collection);
  }
  void Reopen() {
    collection_.reset();
    auto collection = Collection::Open(folder_ / "c");
    ASSERT_TRUE(collection.ok()) << collection.status();
    collection_ = *std::move(collection);
  }
  std::vector<std::string> HitIds(const std::vector<float>& query, int32_t k) {
    std::vector<std::string> ids;
    const std::vector<std::vector<Hit>> results = *collection_->Search(query, k);
    for (const Hit& hit : results[0]) ids.push_back(hit.id);
    return ids;
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "c")) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  const TempDir folder_;
  std::unique_ptr<Collection> collection_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CollectionTest, testing::Values(IndexKind::kExact, IndexKind::kHnsw),
                         [](const auto& kind) { return std::string(IndexKindName(kind.param)); });

Document Make(const std::string& id, std::vector<float> vector) {
  return {.id = id, .text = "text of " + id, .metadata_json = R"({"k":1})", .vector = std::move(vector)};
}

TEST_P(CollectionTest, FindsWhatWasPutIn) {
  Make();
  EXPECT_EQ(*collection_->Upsert({senvec::Make("a", {1, 0, 0}), senvec::Make("b", {0, 1, 0}), senvec::Make("c", {0.9f, 0.1f, 0})}), 3);
  const std::vector<std::vector<Hit>> results = *collection_->Search({1, 0, 0}, 2);
  const Hit& hit = results[0][0];
  EXPECT_EQ(hit.id, "a");
  EXPECT_EQ(hit.text, "text of a");
  EXPECT_EQ(hit.metadata_json, R"({"k":1})");
  EXPECT_NEAR(hit.score, 1, 1e-6);
  EXPECT_THAT(HitIds({1, 0, 0}, 9), ElementsAre("a", "c", "b"));
}

TEST_P(CollectionTest, ReplacesAndDeletesById) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0}), senvec::Make("b", {0, 1, 0})}).ok());
  EXPECT_EQ(*collection_->Upsert({senvec::Make("a", {0, 0, 1}), senvec::Make("d", {1, 0, 0})}), 1);
  EXPECT_EQ(collection_->size(), 3);
  EXPECT_THAT(HitIds({0, 0, 1}, 1), ElementsAre("a"));
  EXPECT_THAT(HitIds({1, 0, 0}, 1), ElementsAre("d"));
  EXPECT_EQ(*collection_->Delete({"a", "unknown"}), 1);
  EXPECT_THAT(HitIds({0, 0, 1}, 9), testing::UnorderedElementsAre("b", "d"));
}

TEST_P(CollectionTest, SearchesSeveralQueriesAtOnce) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0}), senvec::Make("b", {0, 1, 0})}).ok());
  const auto results = *collection_->Search({0, 1, 0, 1, 0, 0}, 1);
  EXPECT_EQ(results[0][0].id, "b");
  EXPECT_EQ(results[1][0].id, "a");
}

TEST_P(CollectionTest, GivesDocumentsBackInOrder) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("b", {0, 3, 4}), senvec::Make("a", {1, 0, 0}), senvec::Make("c", {1, 1, 0})}).ok());
  const auto got = *collection_->Get({"b", "x"});
  EXPECT_EQ(got[0]->text, "text of b");
  EXPECT_NEAR(got[0]->vector[1], 0.6, 1e-6);  // cosine stores length 1
  EXPECT_FALSE(got[1].has_value());
  std::vector<std::string> ids;
  const std::vector<Document> page = *collection_->Scan("a", 5);
  for (const Document& document : page) ids.push_back(document.id);
  EXPECT_THAT(ids, ElementsAre("b", "c"));
  EXPECT_EQ(collection_->Scan("", 1)->at(0).id, "a");
  EXPECT_FALSE(collection_->Scan("", 0).ok());
}

TEST_P(CollectionTest, KeepsEverythingAcrossSaveAndOpen) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0}), senvec::Make("怎么", {0, 1, 0}), senvec::Make("c", {0, 0, 1})}).ok());
  ASSERT_TRUE(collection_->Delete({"c"}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  Reopen();
  EXPECT_EQ(collection_->size(), 2);
  EXPECT_THAT(HitIds({0, 1, 0}, 1), ElementsAre("怎么"));
  EXPECT_EQ(collection_->options().query_prompt, "query: ");
  EXPECT_EQ(collection_->options().model_fingerprint, "m1");
  EXPECT_EQ(collection_->options().whitening_path, "w.safetensors");
  ASSERT_TRUE(collection_->Upsert({senvec::Make("d", {0, 0, 1})}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  Reopen();
  EXPECT_THAT(HitIds({0, 0, 1}, 1), ElementsAre("d"));
}

TEST_P(CollectionTest, WhatWasNotSavedIsNotThereAndWhatWasIs) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0})}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  ASSERT_TRUE(collection_->Upsert({senvec::Make("b", {0, 1, 0})}).ok());
  Reopen();
  EXPECT_EQ(collection_->size(), 1);
}

TEST_P(CollectionTest, ACrashBeforeTheManifestLeavesTheLastSave) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0})}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  // The next generation's files, whole or half, without a manifest that names them.
  ASSERT_TRUE(WriteFileAtomically(folder_ / "c/documents-3.bin", "half").ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ / "c/vectors-3.idx.tmp", "half").ok());
  Reopen();
  EXPECT_THAT(HitIds({1, 0, 0}, 5), ElementsAre("a"));
  ASSERT_TRUE(collection_->Upsert({senvec::Make("b", {0, 1, 0})}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  Reopen();
  EXPECT_EQ(collection_->size(), 2);
}

TEST_P(CollectionTest, ASaveLeavesOneGenerationAndAnIdleOneWritesNothing) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0})}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  const auto files = Files();
  EXPECT_EQ(files.size(), 4u);  // lock, manifest, documents, vectors
  ASSERT_TRUE(collection_->Save().ok());
  EXPECT_EQ(Files(), files);
}

TEST_P(CollectionTest, RefusesBadDocumentsAndKeepsWhatItHas) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0})}).ok());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  struct Case {
    Document document;
    const char* fault;
  };
  for (const Case& c : {Case{senvec::Make("", {1, 0, 0}), "0 bytes"}, Case{senvec::Make(std::string(513, 'x'), {1, 0, 0}), "513 bytes"},
                        Case{senvec::Make(std::string("a\0b", 3), {1, 0, 0}), "NUL"}, Case{senvec::Make("\xff", {1, 0, 0}), "UTF-8"},
                        Case{senvec::Make("b", {1, 0}), "2 values"}, Case{senvec::Make("b", {1, nan, 0}), "value 1"},
                        Case{senvec::Make("b", {0, 0, 0}), "zero vector"},
                        Case{{.id = "b", .metadata_json = "[1]", .vector = {1, 0, 0}}, "no JSON object"},
                        Case{{.id = "b", .metadata_json = "{", .vector = {1, 0, 0}}, "metadata_json"}}) {
    const absl::Status status = collection_->Upsert({senvec::Make("good", {0, 1, 0}), c.document}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.fault;
    EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr("1"), HasSubstr(c.fault)));
  }
  EXPECT_THAT(std::string(collection_->Upsert({senvec::Make("b", {1, 0, 0}), senvec::Make("b", {1, 0, 0})}).status().message()),
              HasSubstr("twice"));
  EXPECT_EQ(collection_->size(), 1);
  EXPECT_THAT(HitIds({0, 1, 0}, 5), ElementsAre("a"));
}

TEST_P(CollectionTest, RefusesBytesThatGrpcCouldNotSend) {
  Make();
  Document document = senvec::Make("1", {1, 0, 0});
  document.text = "caf\xff";
  EXPECT_THAT(std::string(collection_->Upsert({document}).status().message()), HasSubstr("its text is no valid UTF-8"));
  document.text = "café";
  document.metadata_json = "{\"k\":\"\xe9\"}";
  EXPECT_THAT(std::string(collection_->Upsert({document}).status().message()), HasSubstr("metadata_json"));
  document.metadata_json.clear();
  document.id = "\xff";
  const std::string message(collection_->Upsert({document}).status().message());
  EXPECT_THAT(message, HasSubstr("its id is no valid UTF-8"));
  EXPECT_EQ(message.find('\xff'), std::string::npos) << "the message itself goes over gRPC";
  EXPECT_EQ(collection_->size(), 0);
}

TEST_P(CollectionTest, ReadersShareAFolderAndWriteNothing) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("1", {1, 0, 0})}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  EXPECT_EQ(Collection::OpenForReading(folder_ / "c").status().code(), absl::StatusCode::kFailedPrecondition);
  collection_.reset();
  fs::remove(folder_ / "c/LOCK");
  const std::vector<std::string> files = Files();
  const auto unlocked = Collection::OpenForReading(folder_ / "c");
  ASSERT_TRUE(unlocked.ok()) << unlocked.status();
  EXPECT_EQ(Files(), files);
  Reopen();
  collection_.reset();
  const auto first = Collection::OpenForReading(folder_ / "c"), second = Collection::OpenForReading(folder_ / "c");
  ASSERT_TRUE(first.ok() && second.ok()) << second.status();
  EXPECT_EQ((*second)->Search({1, 0, 0}, 1)->at(0)[0].id, "1");
  EXPECT_THAT(std::string((*first)->Upsert({senvec::Make("2", {1, 0, 0})}).status().message()), HasSubstr("for reading"));
  EXPECT_EQ((*first)->Delete({"1"}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE((*first)->Save().ok());
  EXPECT_EQ(Collection::Open(folder_ / "c").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(CollectionTest, ADamagedFileIsNamed) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("a", {1, 0, 0})}).ok());
  ASSERT_TRUE(collection_->Save().ok());
  collection_.reset();
  for (const std::string& name : Files()) {
    if (name == "LOCK") continue;
    const std::string path = folder_ / ("c/" + name), whole = *ReadFile(path);
    for (const std::string& damaged : {whole.substr(0, whole.size() / 2), std::string(), [&] {
           std::string flipped = whole;
           flipped[flipped.size() / 2] ^= 4;
           return flipped;
         }()}) {
      ASSERT_TRUE(WriteFileAtomically(path, damaged).ok());
      const absl::Status status = Collection::Open(folder_ / "c").status();
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr(name));
    }
    fs::remove(path);
    EXPECT_FALSE(Collection::Open(folder_ / "c").ok()) << name;
    ASSERT_TRUE(WriteFileAtomically(path, whole).ok());
  }
  EXPECT_TRUE(Collection::Open(folder_ / "c").ok());
}

TEST_P(CollectionTest, RefusesASecondOne) {
  Make();
  EXPECT_EQ(Collection::Create(folder_ / "c", Options()).status().code(), absl::StatusCode::kAlreadyExists);
  const absl::Status locked = Collection::Open(folder_ / "c").status();
  EXPECT_EQ(locked.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(locked.message()), HasSubstr("in use by another process"));
}

TEST_P(CollectionTest, ReadersAndAWriterWorkAtOnce) {
  Make();
  ASSERT_TRUE(collection_->Upsert({senvec::Make("base", {1, 0, 0})}).ok());
  std::thread writer([&] {
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(collection_->Upsert({senvec::Make("w" + std::to_string(i % 20), {0, 1, 0.01f * static_cast<float>(i)})}).ok());
      if (i % 7 == 0) {
        ASSERT_TRUE(collection_->Delete({"w" + std::to_string(i % 20)}).ok());
      }
      if (i % 25 == 0) {
        ASSERT_TRUE(collection_->Save().ok());
      }
    }
  });
  std::thread reader([&] {
    for (int i = 0; i < 100; ++i) EXPECT_THAT(HitIds({1, 0, 0}, 1), ElementsAre("base"));
  });
  writer.join();
  reader.join();
}

TEST(CollectionPathTest, SaysWhenThereIsNone) {
  const absl::Status status = Collection::Open("/nonexistent/c").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("index build"));
}

TEST(CollectionOptionsTest, RefusesNamesThatWouldNotBeFolders) {
  for (const char* name : {"", ".hidden", "a/b", "a b", "..", "问"}) {
    EXPECT_FALSE((CollectionOptions{.name = name, .index = {.dim = 3}}).Validate().ok()) << name;
  }
  EXPECT_FALSE((CollectionOptions{.name = std::string(129, 'a'), .index = {.dim = 3}}).Validate().ok());
  EXPECT_TRUE((CollectionOptions{.name = "Faq_1.v-2", .index = {.dim = 3}}).Validate().ok());
}

}  // namespace
}  // namespace senvec
