#include "service/rpc/requests.h"

#include <gmock/gmock.h>

#include "tests/support/fake_encoder.h"

namespace senvec {
namespace {

using testing::HasSubstr;

TEST(CheckTextTest, RefusesEmptyBlankAndTooLongByName) {
  const RpcLimits limits = {.max_text_bytes = 10};
  EXPECT_TRUE(CheckText("texts[0]", "ok", limits).ok());
  EXPECT_THAT(std::string(CheckText("texts[3]", "", limits).message()), HasSubstr("texts[3] is empty"));
  EXPECT_THAT(std::string(CheckText("texts[3]", " \t\n\u3000", limits).message()), HasSubstr("texts[3] is blank"));
  EXPECT_THAT(std::string(CheckText("texts[3]", "12345678901", limits).message()), HasSubstr("11 bytes"));
}

TEST(CheckCountTest, RefusesNoneAndTooMany) {
  const RpcLimits limits = {.max_texts = 2};
  EXPECT_TRUE(CheckCount("texts", 2, limits).ok());
  EXPECT_THAT(std::string(CheckCount("texts", 0, limits).message()), HasSubstr("texts has 0 elements"));
  EXPECT_THAT(std::string(CheckCount("texts", 3, limits).message()), HasSubstr("split"));
}

TEST(OptionsOfTest, RefusesUnknownEnumsAndBadNames) {
  const FakeEncoder encoder;
  v1::CreateCollectionRequest request;
  request.set_name("faq");
  EXPECT_TRUE(OptionsOf(request, encoder).ok());
  request.set_kind(static_cast<v1::IndexKind>(77));
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("kind is 77"));
  request.set_kind(v1::INDEX_KIND_HNSW);
  request.set_metric(static_cast<v1::Metric>(9));
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("metric is 9"));
  request.set_metric(v1::METRIC_L2);
  request.set_name("a/b");
  EXPECT_THAT(std::string(OptionsOf(request, encoder).status().message()), HasSubstr("a/b"));
}

TEST(CheckModelTest, NamesBothModelsAndTheRemedy) {
  const CollectionOptions options = {.name = "faq", .index = {}, .model_fingerprint = "old"};
  ModelInfo model;
  model.fingerprint = "new";
  const absl::Status status = CheckModel(options, model);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr("old"), HasSubstr("new"), HasSubstr("build the collection again")));
  model.fingerprint = "old";
  EXPECT_TRUE(CheckModel(options, model).ok());
}

}  // namespace
}  // namespace senvec
