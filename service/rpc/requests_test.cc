#include "service/rpc/requests.h"

#include <gmock/gmock.h>


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

TEST(CheckNameTest, TakesWhatMayBeAFolder) {
  for (const char* name : {"a", "A-9_.x", "a.b"}) EXPECT_TRUE(CheckName("name", name).ok()) << name;
  for (const std::string& name : {std::string(), std::string(".a"), std::string(".."), std::string("a/b"), std::string("a\0b", 3), std::string("é"), std::string(129, 'a')}) {
    EXPECT_EQ(CheckName("name", name).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_THAT(std::string(CheckName("alias", "../x").message()), HasSubstr("alias is \"../x\""));
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
