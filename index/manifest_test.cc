#include "index/manifest.h"

#include <gmock/gmock.h>

#include "index/document_file.h"

namespace senvec {
namespace {

Manifest Example() {
  Manifest manifest;
  manifest.options = {.name = "faq", .index = {.kind = IndexKind::kHnsw, .metric = Metric::kL2, .dim = 5}, .model_fingerprint = "m",
                      .whitening_fingerprint = "w", .model_directory = "d", .whitening_path = "p", .query_prompt = "q: ", .passage_prompt = "p: "};
  manifest.generation = 7;
  manifest.next_row_id = 12;
  manifest.num_documents = 9;
  manifest.documents = {"documents-7.bin", 100, 0x1234};
  manifest.vectors = {"vectors-7.idx", 200, 0xFFFFFFFFFFFFFFFFull};
  return manifest;
}

TEST(ManifestTest, ReadsBack) {
  const auto read = ParseManifest(SerializeManifest(Example()), "m");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(SerializeManifest(*read), SerializeManifest(Example()));
  EXPECT_EQ(read->vectors.checksum, 0xFFFFFFFFFFFFFFFFull);
  EXPECT_EQ(read->options.index.metric, Metric::kL2);
}

TEST(ManifestTest, EveryFlippedBitAndEveryTruncationIsDataLoss) {
  const std::string text = SerializeManifest(Example());
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    EXPECT_FALSE(ParseManifest(text.substr(0, i), "m").ok());
    for (int bit = 0; bit < 7; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto read = ParseManifest(flipped, "m");
      // White space and the like may change; what it says may not.
      if (read.ok()) {
        EXPECT_EQ(SerializeManifest(*read), text) << i;
      }
    }
  }
}

TEST(ManifestTest, ANewerFormatIsRefusedByName) {
  std::string text = SerializeManifest(Example());
  text.replace(text.find("\"format\": 1"), 11, "\"format\": 2");
  const absl::Status status = ParseManifest(text, "m").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("format 2"));
}

TEST(DocumentFileTest, ReadsBackAndRefusesEveryTruncation) {
  DocumentMap documents;
  documents["a"] = {1, "text", "{}"};
  documents[std::string("b\0c", 3)] = {2, "", ""};
  const std::string bytes = SerializeDocuments(documents);
  const auto read = ParseDocuments(bytes, "d");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(SerializeDocuments(*read), bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseDocuments(bytes.substr(0, size), "d").status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_FALSE(ParseDocuments(bytes + "x", "d").ok());
}

}  // namespace
}  // namespace senvec
