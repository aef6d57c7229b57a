#include "service/rpc/collection_messages.h"

#include <gmock/gmock.h>

#include "tests/support/fake_encoder.h"

namespace senvec {
namespace {

using testing::HasSubstr;

v1::CreateCollectionRequest Named(const std::string& name) {
  v1::CreateCollectionRequest request;
  request.set_name(name);
  return request;
}

TEST(OptionsOfTest, ZeroIsTheDefaultAndTheRestIsTaken) {
  const FakeEncoder encoder;
  const CollectionOptions plain = OptionsOf(Named("faq"), encoder).value();
  EXPECT_EQ(plain.index.kind, IndexKind::kAuto);
  EXPECT_EQ(plain.index.ef_search, VectorIndexOptions().ef_search);
  EXPECT_EQ(plain.index.codes, VectorStorage::kInt8);
  EXPECT_EQ(plain.index.dim, encoder.info().dim);
  v1::CreateCollectionRequest request = Named("faq");
  request.set_kind(v1::INDEX_KIND_IVF);
  request.set_metric(v1::METRIC_L2);
  request.set_codes(v1::VECTOR_STORAGE_FP16);
  request.set_rescoring(v1::VECTOR_STORAGE_FP16);
  request.set_nlist(64);
  request.set_nprobe(8);
  request.set_query_prompt("q: ");
  const CollectionOptions options = OptionsOf(request, encoder).value();
  EXPECT_EQ(options.index.kind, IndexKind::kIvf);
  EXPECT_EQ(options.index.metric, Metric::kL2);
  EXPECT_EQ(options.index.codes, VectorStorage::kFp16);
  EXPECT_EQ(options.index.rescoring, VectorStorage::kFp16);
  EXPECT_EQ(options.index.nlist, 64);
  EXPECT_EQ(options.index.nprobe, 8);
  EXPECT_EQ(options.query_prompt, "q: ");
}

TEST(OptionsOfTest, RefusesUnknownEnumsAndBadNames) {
  const FakeEncoder encoder;
  v1::CreateCollectionRequest request = Named("faq");
  request.set_kind(static_cast<v1::IndexKind>(77));
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("kind is 77"));
  request.set_kind(v1::INDEX_KIND_HNSW);
  request.set_metric(static_cast<v1::Metric>(9));
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("metric is 9"));
  request.set_metric(v1::METRIC_L2);
  request.set_codes(static_cast<v1::VectorStorage>(4));
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("codes is 4"));
  request.set_codes(v1::VECTOR_STORAGE_INT8);
  request.set_name("a/b");
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("a/b"));
}

TEST(OptionsOfTest, HubCorrectionGoesWithCosines) {
  const FakeEncoder encoder;
  v1::CreateCollectionRequest request = Named("faq");
  EXPECT_FALSE(OptionsOf(request, encoder)->hub_correction);
  request.set_hub_correction(true);
  EXPECT_TRUE(OptionsOf(request, encoder)->hub_correction);
  request.set_metric(v1::METRIC_L2);
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("hub_correction needs metric cosine"));
}

TEST(WriteOptionsOfTest, RelaxedIsByNameOnly) {
  EXPECT_TRUE(WriteOptionsOf(v1::DURABILITY_UNSPECIFIED).value().durable);
  EXPECT_FALSE(WriteOptionsOf(v1::DURABILITY_RELAXED).value().durable);
  EXPECT_THAT(std::string(WriteOptionsOf(static_cast<v1::Durability>(5)).status().message()), HasSubstr("durability is 5"));
}

TEST(FillHitTest, LeavesOutWhatIsNotWanted) {
  const Hit hit = {.id = "a", .score = 0.5, .text = "text", .metadata_json = "{}", .group = "g"};
  v1::SearchResponse::Hits hits;
  const int64_t whole = FillHit(Hit(hit), {}, hits.add_hits());
  const int64_t bare = FillHit(Hit(hit), {.text = false, .metadata = false}, hits.add_hits());
  EXPECT_EQ(whole - bare, 6);
  EXPECT_EQ(hits.hits(0).text(), "text");
  EXPECT_EQ(hits.hits(1).text(), "");
  EXPECT_EQ(hits.hits(1).metadata_json(), "");
  EXPECT_EQ(hits.hits(1).group(), "g");
  EXPECT_GE(whole + bare, static_cast<int64_t>(hits.ByteSizeLong()));
}

}  // namespace
}  // namespace senvec
