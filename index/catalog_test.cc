#include "index/catalog.h"

#include <gmock/gmock.h>

#include "index/collection_file.h"
#include "index/snapshot.h"

namespace senvec {
namespace {

TEST(CatalogTest, StateAndSegmentsReadBack) {
  const CollectionState state{"0123", 12, 9};
  EXPECT_EQ(*ParseState(SerializeState(state), "s"), state);
  const SegmentList list{3, 12, {{"00000001.idx", 7, 4096, 0xFFFFFFFFFFFFFFFFull}, {"00000002.idx", 5, 100, 1}}};
  EXPECT_EQ(*ParseSegments(SerializeSegments(list), "s"), list);
}

TEST(CatalogTest, WhatCannotBeIsDataLoss) {
  for (const char* bytes : {"", "{", "[]", "{}", R"({"uuid":"x","next_row":-1,"num_documents":0})",
                            R"({"uuid":"x","next_row":1,"num_documents":2})",
                            R"({"uuid":"x","next_row":4294967297,"num_documents":2})"}) {
    EXPECT_EQ(ParseState(bytes, "s").status().code(), absl::StatusCode::kDataLoss) << bytes;
  }
  for (const char* file : {"", "a/b", ".x"}) {
    SegmentList list{1, 1, {{file, 1, 1, 1}}};
    EXPECT_EQ(ParseSegments(SerializeSegments(list), "s").status().code(), absl::StatusCode::kDataLoss) << file;
  }
}

CollectionFile Example() {
  CollectionFile file;
  file.uuid = "00ff";
  file.options = {.name = "faq",
                  .index = {.kind = IndexKind::kIvf, .metric = Metric::kL2, .dim = 5, .nlist = 7, .codes = VectorStorage::kFp16},
                  .model_fingerprint = "m",
                  .whitening_fingerprint = "w",
                  .model_directory = "d",
                  .whitening_path = "p",
                  .query_prompt = "q: ",
                  .passage_prompt = "p: "};
  return file;
}

TEST(CollectionFileTest, ReadsBack) {
  const auto read = ParseCollectionFile(SerializeCollectionFile(Example()), "m");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(SerializeCollectionFile(*read), SerializeCollectionFile(Example()));
  EXPECT_EQ(read->options.index.metric, Metric::kL2);
  EXPECT_EQ(read->options.index.codes, VectorStorage::kFp16);
  EXPECT_EQ(read->options.index.nlist, 7);
}

TEST(CollectionFileTest, EveryFlippedBitAndEveryTruncationIsNoticed) {
  const std::string text = SerializeCollectionFile(Example());
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    EXPECT_FALSE(ParseCollectionFile(text.substr(0, i), "m").ok());
    for (int bit = 0; bit < 7; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto read = ParseCollectionFile(flipped, "m");
      // White space and the like may change; what it says may not.
      if (read.ok()) {
        EXPECT_EQ(SerializeCollectionFile(*read), text) << i;
      }
    }
  }
}

TEST(CollectionFileTest, ANewerFormatIsRefusedByName) {
  std::string text = SerializeCollectionFile(Example());
  text.replace(text.find("\"format\": 2"), 11, "\"format\": 3");
  const absl::Status status = ParseCollectionFile(text, "m").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("format 3"));
}

TEST(SnapshotListTest, ReadsBackAndRefusesNamesThatLeaveTheFolder) {
  const std::vector<SnapshotFile> files = {{"store/CURRENT", 16, 0xFFFFFFFFFFFFFFFFull}, {"COLLECTION.json", 1, 2}};
  EXPECT_EQ(*ParseSnapshot(SerializeSnapshot(files), "s"), files);
  for (const char* name : {"", "../x", "/etc/x", "a/../../x", "./x"}) {
    EXPECT_EQ(ParseSnapshot(SerializeSnapshot({{name, 1, 1}}), "s").status().code(), absl::StatusCode::kDataLoss) << name;
  }
}

}  // namespace
}  // namespace senvec
