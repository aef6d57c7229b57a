#include "service/rpc/document_calls.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_context.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Documents "a" to "j" with metadata {"n":0} to {"n":9}.
class DocumentCallsTest : public testing::Test {
 protected:
  DocumentCallsTest() {
    collection_ = fake_.MakeCollection("c");
    v1::UpsertDocumentsRequest request;
    request.set_collection("c");
    for (int i = 0; i < 10; ++i) {
      v1::Document* document = request.add_documents();
      document->set_id(std::string(1, static_cast<char>('a' + i)));
      document->set_text(absl::StrCat("text", i));
      document->set_metadata_json(absl::StrCat("{\"n\":", i, "}"));
    }
    v1::UpsertDocumentsResponse response;
    EXPECT_TRUE(Upsert(request, &response).ok());
  }
  absl::Status Upsert(const v1::UpsertDocumentsRequest& request, v1::UpsertDocumentsResponse* response) {
    return FakeContext::Wait([&](std::function<void(absl::Status)> done) {
      HandleUpsert(fake_.context(), request, {}, response, std::move(done));
    });
  }
  int64_t Count(const std::string& filter) {
    v1::CountDocumentsRequest request;
    request.set_collection("c");
    request.set_filter(filter);
    v1::CountDocumentsResponse response;
    EXPECT_TRUE(HandleCount(fake_.context(), request, &response).ok());
    return response.count();
  }

  FakeContext fake_;
  std::shared_ptr<Collection> collection_;
};

TEST_F(DocumentCallsTest, CountsAndDeletesByFilter) {
  EXPECT_EQ(Count(""), 10);
  EXPECT_EQ(Count("n >= 7"), 3);
  v1::DeleteDocumentsRequest request;
  request.set_collection("c");
  request.set_filter("n >= 7");
  v1::DeleteDocumentsResponse response;
  ASSERT_TRUE(HandleDelete(fake_.context(), request, &response).ok());
  EXPECT_EQ(response.num_deleted(), 3);
  EXPECT_EQ(Count(""), 7);
  request.add_ids("a");
  EXPECT_THAT(std::string(HandleDelete(fake_.context(), request, &response).message()), HasSubstr("ids and filter are both set"));
  request.clear_filter();
  request.set_durability(static_cast<v1::Durability>(9));
  EXPECT_THAT(std::string(HandleDelete(fake_.context(), request, &response).message()), HasSubstr("durability is 9"));
  EXPECT_EQ(Count(""), 7);
}

TEST_F(DocumentCallsTest, PagesAreTakenOneAfterTheOther) {
  v1::ListDocumentsRequest request;
  request.set_collection("c");
  request.set_limit(3);
  request.set_filter("n != 4");
  std::string ids;
  int pages = 0;
  do {
    v1::ListDocumentsResponse response;
    ASSERT_TRUE(HandleList(fake_.context(), request, &response).ok());
    for (const v1::Document& document : response.documents()) ids += document.id();
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(ids, "abcdfghij");
  EXPECT_EQ(pages, 3);  // the last one is full, and known to be the last
}

TEST_F(DocumentCallsTest, APageTokenIsForItsOwnList) {
  v1::ListDocumentsRequest request;
  request.set_collection("c");
  request.set_limit(3);
  v1::ListDocumentsResponse response;
  ASSERT_TRUE(HandleList(fake_.context(), request, &response).ok());
  request.set_page_token(response.next_page_token());
  request.set_filter("n > 1");
  EXPECT_THAT(std::string(HandleList(fake_.context(), request, &response).message()), HasSubstr("page_token is not of this list"));
  request.clear_filter();
  request.set_after_id("a");
  EXPECT_THAT(std::string(HandleList(fake_.context(), request, &response).message()), HasSubstr("both set"));
  request.clear_after_id();
  request.set_page_token("x");
  EXPECT_EQ(HandleList(fake_.context(), request, &response).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(DocumentCallsTest, PagesEndBeforeTheyAreTooLarge) {
  fake_.context().limits.max_answer_bytes = 60;
  v1::ListDocumentsRequest request;
  request.set_collection("c");
  v1::ListDocumentsResponse response;
  ASSERT_TRUE(HandleList(fake_.context(), request, &response).ok());
  EXPECT_GT(response.documents_size(), 0);
  EXPECT_LT(response.documents_size(), 5);
  EXPECT_FALSE(response.next_page_token().empty());
  fake_.context().limits.max_answer_bytes = 5;
  response.Clear();
  EXPECT_THAT(std::string(HandleList(fake_.context(), request, &response).message()), HasSubstr("max_answer_bytes"));
}

TEST_F(DocumentCallsTest, PartsThatAreNotWantedAreLeftOut) {
  v1::GetDocumentsRequest request;
  request.set_collection("c");
  request.add_ids("a");
  request.set_with_text(false);
  request.set_with_metadata(false);
  request.set_with_vectors(true);
  v1::GetDocumentsResponse response;
  ASSERT_TRUE(HandleGet(fake_.context(), request, &response).ok());
  EXPECT_EQ(response.documents(0).text(), "");
  EXPECT_EQ(response.documents(0).metadata_json(), "");
  EXPECT_THAT(response.documents(0).vector().values(), ElementsAre('t', 5));
  v1::ListDocumentsRequest list;
  list.set_collection("c");
  list.set_with_text(false);
  v1::ListDocumentsResponse listed;
  ASSERT_TRUE(HandleList(fake_.context(), list, &listed).ok());
  EXPECT_EQ(listed.documents(0).text(), "");
  EXPECT_EQ(listed.documents(0).metadata_json(), "{\"n\":0}");
  EXPECT_THAT(listed.documents(0).vector().values(), IsEmpty());
}

TEST_F(DocumentCallsTest, MetadataIsPatchedAndEachBadUpdateIsTold) {
  v1::UpdateMetadataRequest request;
  request.set_collection("c");
  const auto add = [&](const std::string& id, const std::string& patch) {
    v1::UpdateMetadataRequest::Update* update = request.add_updates();
    update->set_id(id);
    update->set_patch_json(patch);
  };
  add("a", R"({"lang":"en"})");
  add("unknown", R"({"lang":"en"})");
  add("b", "[1]");
  add("a", R"({"n":null,"m":{"x":1}})");
  add("zzz", "{}");
  v1::UpdateMetadataResponse response;
  ASSERT_TRUE(HandleUpdateMetadata(fake_.context(), request, &response).ok());
  EXPECT_EQ(response.num_updated(), 2);
  ASSERT_EQ(response.errors_size(), 3);
  EXPECT_EQ(response.errors(0).index(), 1);
  EXPECT_EQ(response.errors(0).code(), static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_EQ(response.errors(1).index(), 2);
  EXPECT_EQ(response.errors(1).code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(response.errors(1).message(), HasSubstr("updates[2]: "));
  const std::vector<std::string> ids = {"a"};
  EXPECT_EQ((*collection_->Get(ids))[0]->metadata_json, R"({"lang":"en","m":{"x":1}})");
  EXPECT_EQ(Count("lang = \"en\""), 1);
}

}  // namespace
}  // namespace senvec
