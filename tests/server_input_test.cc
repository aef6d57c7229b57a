// Bad input over gRPC: the code, a message that says what, where and what to do, and a server that goes on.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>

#include <cmath>
#include <filesystem>
#include <future>
#include <limits>

#include "base/file.h"
#include "tests/support/test_server.h"

namespace senvec {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

class ServerInputTest : public TestServer {
 protected:
  void SetUp() override {
    TestServer::SetUp();
    ASSERT_TRUE(Create("faq").ok());
  }
  // Whatever happened, the next caller is served.
  void TearDown() override {
    if (server_ == nullptr) return;
    v1::EmbedRequest request;
    request.add_texts("reset");
    v1::EmbedResponse response;
    EXPECT_TRUE(Embed(request, &response).ok());
  }
  void ExpectEmbed(const v1::EmbedRequest& request, StatusCode code, const std::string& part) {
    v1::EmbedResponse response;
    const grpc::Status status = Embed(request, &response);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(part));
  }
  void ExpectSearch(const v1::SearchRequest& request, StatusCode code, const std::string& part) {
    v1::SearchResponse response;
    const grpc::Status status = Search(request, &response);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(part));
  }
  void ExpectUpsert(const v1::UpsertDocumentsRequest& request, StatusCode code, const std::string& part) {
    v1::UpsertDocumentsResponse response;
    const grpc::Status status = Upsert(request, &response);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(part));
  }
  static v1::SearchRequest Query(const std::string& text, int k) {
    v1::SearchRequest request;
    request.set_collection("faq");
    request.set_k(k);
    request.add_queries()->set_text(text);
    return request;
  }
  static v1::UpsertDocumentsRequest OneDocument(const std::string& id, const std::string& text) {
    v1::UpsertDocumentsRequest request;
    request.set_collection("faq");
    request.add_documents()->set_id(id);
    request.mutable_documents(0)->set_text(text);
    return request;
  }
  static v1::UpsertDocumentsRequest OneVector(const std::vector<float>& values) {
    v1::UpsertDocumentsRequest request = OneDocument("x", "");
    request.mutable_documents(0)->mutable_vector()->mutable_values()->Add(values.begin(), values.end());
    return request;
  }
};

TEST_F(ServerInputTest, EmptyListsEmptyAndBlankTexts) {
  v1::EmbedRequest request;
  ExpectEmbed(request, StatusCode::INVALID_ARGUMENT, "texts has 0 elements");
  request.add_texts("");
  ExpectEmbed(request, StatusCode::INVALID_ARGUMENT, "texts[0] is empty");
  request.set_texts(0, " \n\t");
  ExpectEmbed(request, StatusCode::INVALID_ARGUMENT, "texts[0] is blank");
  ExpectSearch(Query("", 3), StatusCode::INVALID_ARGUMENT, "queries[0].text is empty");
  ExpectUpsert(OneDocument("a", " "), StatusCode::INVALID_ARGUMENT, "documents[0].text is blank");
  v1::SearchRequest none = Query("q", 3);
  none.clear_queries();
  ExpectSearch(none, StatusCode::INVALID_ARGUMENT, "queries has 0 elements");
  none.add_queries();
  ExpectSearch(none, StatusCode::INVALID_ARGUMENT, "queries[0] has neither text nor vector");
}

TEST_F(ServerInputTest, TooMuchAtOnce) {
  v1::EmbedRequest request;
  for (int i = 0; i < 4097; ++i) request.add_texts("a");
  ExpectEmbed(request, StatusCode::INVALID_ARGUMENT, "4096");
  v1::EmbedRequest large;
  large.add_texts(std::string((4 << 20) + 1, 'a'));
  ExpectEmbed(large, StatusCode::INVALID_ARGUMENT, "texts[0] has 4194305 bytes");
  v1::TokenizeRequest tokenize;
  tokenize.add_texts("a");
  tokenize.add_texts(large.texts(0));
  v1::TokenizeResponse response;
  const grpc::Status status = Call(*embedding_, &v1::EmbeddingService::Stub::Tokenize, tokenize, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("texts[1] has 4194305 bytes"));
}

TEST_F(ServerInputTest, ABadTextGetsAnErrorOfItsOwnAndTheOthersTheirVectors) {
  v1::EmbedRequest request;
  for (const std::string& text : {std::string("reset"), std::string(), std::string("\t"), std::string("parcel"),
                                  std::string((4 << 20) + 1, 'a')}) {
    request.add_texts(text);
  }
  v1::EmbedResponse response;
  const grpc::Status status = Embed(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.vectors_size(), 5);
  for (int i = 0; i < 5; ++i) {
    const bool is_good = i == 0 || i == 3;
    EXPECT_EQ(response.vectors(i).values_size(), is_good ? 24 : 0) << i;
    EXPECT_EQ(response.num_tokens(i) > 0, is_good) << i;
  }
  ASSERT_EQ(response.errors_size(), 3);
  EXPECT_EQ(response.errors(0).index(), 1);
  EXPECT_EQ(response.errors(0).code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(response.errors(0).message(), HasSubstr("texts[1] is empty"));
  EXPECT_THAT(response.errors(1).message(), HasSubstr("texts[2] is blank"));
  EXPECT_EQ(response.errors(2).index(), 4);
  v1::EmbedRequest alone;
  alone.add_texts("parcel");
  v1::EmbedResponse expected;
  ASSERT_TRUE(Embed(alone, &expected).ok());
  EXPECT_EQ(response.vectors(3).SerializeAsString(), expected.vectors(0).SerializeAsString());
}

TEST_F(ServerInputTest, ATooLongTextIsRefusedWhereCuttingIs) {
  v1::EmbedRequest request;
  request.add_texts("reset");
  request.add_texts(std::string(40, '.'));
  request.set_refuse_truncation(true);
  v1::EmbedResponse response;
  ASSERT_TRUE(Embed(request, &response).ok());
  ASSERT_EQ(response.errors_size(), 1);
  EXPECT_EQ(response.errors(0).code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(response.errors(0).message(), AllOf(HasSubstr("texts[1] has 42 tokens"), HasSubstr("limit is 32")));
  EXPECT_EQ(response.num_truncated(1), 0);
}

TEST_F(ServerInputTest, AMessageAboveTheLimitIsRefused) {
  ServerConfig config = Config();
  config.max_message_bytes = 4096;
  Start(config);
  v1::EmbedRequest request;
  request.add_texts(std::string(5000, 'a'));
  ExpectEmbed(request, StatusCode::RESOURCE_EXHAUSTED, "4096");
}

// A client that does not check its strings: proto3 forbids such a message.
TEST_F(ServerInputTest, InvalidUtf8IsRefused) {
  grpc::GenericStub stub(channel_);
  const std::string message = std::string("\x0a\x02\xff\xfe", 4);  // field 1, two bytes
  grpc::Slice slice(message);
  grpc::ByteBuffer request(&slice, 1), response;
  grpc::ClientContext context;
  std::promise<grpc::Status> promise;
  stub.UnaryCall(&context, "/senvec.v1.EmbeddingService/Embed", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) { promise.set_value(std::move(status)); });
  const grpc::Status status = promise.get_future().get();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("EmbedRequest"), HasSubstr("UTF-8")));
}

TEST_F(ServerInputTest, NulBytesInATextAreDroppedAndInAnIdRefused) {
  v1::EmbedRequest request;
  request.add_texts(std::string("re\0set", 6));
  request.add_texts("reset");
  v1::EmbedResponse response;
  ASSERT_TRUE(Embed(request, &response).ok());
  EXPECT_EQ(response.vectors(0).SerializeAsString(), response.vectors(1).SerializeAsString());
  ExpectUpsert(OneDocument(std::string("a\0b", 3), "reset"), StatusCode::INVALID_ARGUMENT, "NUL");
}

TEST_F(ServerInputTest, BadVectors) {
  std::vector<float> values(24, 1.0f);
  values[5] = std::numeric_limits<float>::quiet_NaN();
  ExpectUpsert(OneVector(values), StatusCode::INVALID_ARGUMENT, "documents[0].vector value 5 is nan");
  values[5] = std::numeric_limits<float>::infinity();
  ExpectUpsert(OneVector(values), StatusCode::INVALID_ARGUMENT, "documents[0].vector value 5 is inf");
  ExpectUpsert(OneVector(std::vector<float>(24)), StatusCode::INVALID_ARGUMENT, "zero vector");
  ExpectUpsert(OneVector(std::vector<float>(23, 1)), StatusCode::INVALID_ARGUMENT, "documents[0].vector has 23 values");
  v1::SearchRequest search = Query("", 1);
  search.mutable_queries(0)->mutable_vector()->add_values(1);
  ExpectSearch(search, StatusCode::INVALID_ARGUMENT, "queries[0].vector has 1 values; the collection's vectors have 24");
  search.mutable_queries(0)->mutable_vector()->mutable_values()->Resize(24, 0);
  search.mutable_queries(0)->mutable_vector()->set_values(0, std::numeric_limits<float>::quiet_NaN());
  ExpectSearch(search, StatusCode::INVALID_ARGUMENT, "queries[0].vector value 0 is nan");
}

TEST_F(ServerInputTest, KOutOfRange) {
  ExpectSearch(Query("reset", 0), StatusCode::INVALID_ARGUMENT, "k is 0; it must be in [1, 10000]");
  ExpectSearch(Query("reset", -1), StatusCode::INVALID_ARGUMENT, "k is -1");
  ExpectSearch(Query("reset", 10001), StatusCode::INVALID_ARGUMENT, "k is 10001");
  v1::SearchResponse response;
  EXPECT_TRUE(Search(Query("reset", 10000), &response).ok());  // more than there are is no error
}

TEST_F(ServerInputTest, QueriesTimesKIsBounded) {
  v1::SearchRequest request = Query("reset", 10000);
  while (request.queries_size() < 101) *request.add_queries() = request.queries(0);
  ExpectSearch(request, StatusCode::INVALID_ARGUMENT,
               "101 queries with k = 10000 ask for 1010000 hits; a call takes at most 1000000");
  request.mutable_queries()->RemoveLast();
  v1::SearchResponse response;
  EXPECT_TRUE(Search(request, &response).ok());
}

TEST_F(ServerInputTest, AnAnswerDoesNotOutgrowItsLimit) {
  ServerConfig config = Config();
  config.limits.max_answer_bytes = 4096;
  Start(config);
  for (const char* id : {"1", "2", "3"}) {
    v1::UpsertDocumentsResponse response;
    ASSERT_TRUE(Upsert(OneDocument(id, "reset " + std::string(2000, '.')), &response).ok());
  }
  const auto expect_too_large = [](const grpc::Status& status, const char* remedy) {
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), AllOf(HasSubstr("more than 4096 bytes"), HasSubstr(remedy)));
  };
  v1::SearchResponse found;
  EXPECT_TRUE(Search(Query("reset", 2), &found).ok());
  expect_too_large(Search(Query("reset", 3), &found), "lower k");
  v1::GetDocumentsRequest get;
  get.set_collection("faq");
  for (const char* id : {"1", "2", "3"}) get.add_ids(id);
  v1::GetDocumentsResponse got;
  expect_too_large(Call(*collections_, &v1::CollectionService::Stub::GetDocuments, get, &got), "fewer ids");
  v1::ListDocumentsRequest list;
  list.set_collection("faq");
  v1::ListDocumentsResponse listed;
  EXPECT_TRUE(Call(*collections_, &v1::CollectionService::Stub::ListDocuments, list, &listed).ok());
  EXPECT_EQ(listed.documents_size(), 2);  // the third is on the next page
  EXPECT_FALSE(listed.next_page_token().empty());
}

TEST_F(ServerInputTest, UnknownCollectionsAreToldByEveryCall) {
  v1::SearchRequest search = Query("reset", 1);
  search.set_collection("fqa");
  ExpectSearch(search, StatusCode::NOT_FOUND, "there is no collection \"fqa\"; there are: faq");
  const auto expect_not_found = [](const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
    EXPECT_THAT(status.error_message(), HasSubstr("there is no collection \"fqa\"; there are: faq"));
  };
  using Stub = v1::CollectionService::Stub;
  v1::UpsertDocumentsRequest upsert = OneDocument("a", "reset");
  upsert.set_collection("fqa");
  v1::UpsertDocumentsResponse upserted;
  expect_not_found(Upsert(upsert, &upserted));
  v1::DeleteDocumentsRequest erase;
  erase.set_collection("fqa");
  erase.add_ids("a");
  v1::DeleteDocumentsResponse erased;
  expect_not_found(Call(*collections_, &Stub::DeleteDocuments, erase, &erased));
  v1::GetDocumentsRequest get;
  get.set_collection("fqa");
  get.add_ids("a");
  v1::GetDocumentsResponse got;
  expect_not_found(Call(*collections_, &Stub::GetDocuments, get, &got));
  v1::ListDocumentsRequest list;
  list.set_collection("fqa");
  v1::ListDocumentsResponse listed;
  expect_not_found(Call(*collections_, &Stub::ListDocuments, list, &listed));
  v1::GetCollectionRequest describe;
  describe.set_name("fqa");
  v1::GetCollectionResponse described;
  expect_not_found(Call(*collections_, &Stub::GetCollection, describe, &described));
  v1::DropCollectionRequest drop;
  drop.set_name("fqa");
  v1::DropCollectionResponse dropped;
  expect_not_found(Call(*collections_, &Stub::DropCollection, drop, &dropped));
}

TEST_F(ServerInputTest, DuplicateAndBadCollectionNames) {
  const grpc::Status twice = Create("faq");
  EXPECT_EQ(twice.error_code(), StatusCode::ALREADY_EXISTS);
  const grpc::Status name = Create("../escape");
  EXPECT_EQ(name.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(name.error_message(), HasSubstr("../escape"));
  EXPECT_EQ(Create("").error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServerInputTest, UnknownEnums) {
  v1::CreateCollectionRequest request;
  request.set_name("e");
  request.set_kind(static_cast<v1::IndexKind>(42));
  v1::CreateCollectionResponse response;
  const grpc::Status status = Call(*collections_, &v1::CollectionService::Stub::CreateCollection, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("kind is 42"));
}

TEST_F(ServerInputTest, MissingFields) {
  ExpectUpsert(OneDocument("", "text"), StatusCode::INVALID_ARGUMENT, "documents[0].id is missing");
  v1::UpsertDocumentsRequest none;
  none.set_collection("faq");
  ExpectUpsert(none, StatusCode::INVALID_ARGUMENT, "documents has 0 elements");
  v1::UpsertDocumentsRequest nowhere = OneDocument("a", "reset");
  nowhere.clear_collection();
  ExpectUpsert(nowhere, StatusCode::NOT_FOUND, "there is no collection \"\"");
}

TEST_F(ServerInputTest, AnUpsertWithOneBadDocumentChangesNothing) {
  v1::UpsertDocumentsRequest request = OneDocument("good", "reset");
  v1::Document* bad = request.add_documents();
  bad->set_id("bad");
  bad->set_text("parcel");
  bad->set_metadata_json("[1,2]");
  ExpectUpsert(request, StatusCode::INVALID_ARGUMENT, "document 1 (id \"bad\")");
  v1::GetCollectionRequest get;
  get.set_name("faq");
  v1::GetCollectionResponse got;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::GetCollection, get, &got).ok());
  EXPECT_EQ(got.collection().num_documents(), 0);
}

TEST_F(ServerInputTest, UnknownPromptAndTokenLimit) {
  v1::EmbedRequest request;
  request.add_texts("reset");
  request.mutable_prompt()->set_name("title");
  ExpectEmbed(request, StatusCode::INVALID_ARGUMENT, "the model has no prompt \"title\"; it has none, passage, query");
  request.clear_prompt();
  request.set_max_tokens(1000);
  ExpectEmbed(request, StatusCode::INVALID_ARGUMENT, "max_tokens is 1000; for this model it must be in [2, 32]");
}

TEST_F(ServerInputTest, ACollectionOfAnotherModelIsNotSearchedByText) {
  server_->Shutdown();
  ServerConfig config = Config();
  config.load.pooling = Pooling::kCls;
  Start(config);
  ExpectSearch(Query("reset", 1), StatusCode::FAILED_PRECONDITION, "build the collection again");
}

TEST_F(ServerInputTest, ATakenPortIsTold) {
  ServerConfig config = Config();
  config.data = folder_ / "other";
  config.listen = "127.0.0.1:" + std::to_string(server_->port());
  const absl::Status status = Server::Start(config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(config.listen), HasSubstr("--listen")));
}

TEST_F(ServerInputTest, ALockedDataDirectoryIsTold) {
  const absl::Status status = Server::Start(Config()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use by another process"));
}

TEST_F(ServerInputTest, ADamagedCollectionIsListedAndTheOthersServe) {
  ASSERT_TRUE(Create("hurt").ok());
  server_->Shutdown();
  server_.reset();
  const std::string path = folder_ / "data/hurt/COLLECTION.json";
  std::string bytes = *ReadFile(path);
  bytes[bytes.size() / 2] ^= 16;
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  Start();
  v1::ListCollectionsResponse list;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::ListCollections, v1::ListCollectionsRequest(), &list).ok());
  ASSERT_EQ(list.damaged_size(), 1);
  EXPECT_THAT(list.damaged(0).error(), HasSubstr("COLLECTION.json"));
  EXPECT_EQ(list.collections_size(), 1);
  v1::SearchRequest search = Query("reset", 1);
  search.set_collection("hurt");
  ExpectSearch(search, StatusCode::DATA_LOSS, "cannot be used");
}

TEST_F(ServerInputTest, ADamagedModelDirectoryIsToldByFile) {
  for (const char* name : {"model.safetensors", "config.json", "vocab.txt"}) {
    MakeTinyModel(folder_ / "broken");
    ServerConfig config = Config();
    config.model = folder_ / "broken";
    config.data = folder_ / "other";
    const std::string path = folder_ / (std::string("broken/") + name), whole = *ReadFile(path);
    ASSERT_TRUE(WriteFileAtomically(path, whole.substr(0, 12)).ok());
    const absl::Status cut = Server::Start(config).status();
    EXPECT_EQ(cut.code(), absl::StatusCode::kInvalidArgument) << cut;
    EXPECT_THAT(std::string(cut.message()), HasSubstr(name));
    std::filesystem::remove(path);
    const absl::Status missing = Server::Start(config).status();
    EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound) << name;
    EXPECT_THAT(std::string(missing.message()), HasSubstr(name));
  }
}

}  // namespace
}  // namespace senvec
