#include <gmock/gmock.h>

#include <cmath>
#include <future>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/support/test_server.h"

namespace senvec {
namespace {

using testing::ElementsAre;

class ServerTest : public TestServer {};

v1::EmbedRequest Texts(const std::vector<std::string>& texts) {
  v1::EmbedRequest request;
  for (const std::string& text : texts) request.add_texts(text);
  return request;
}

std::vector<float> Row(const v1::EmbedResponse& response, int i) {
  return {response.vectors(i).values().begin(), response.vectors(i).values().end()};
}

TEST_F(ServerTest, EmbedsAsTheEncoderDoes) {
  ThreadPool pool(1);
  const auto encoder = *SentenceEncoder::Load(folder_ / "model", {}, &pool);
  const auto expected = *encoder->EncodeTexts({"reset my password", "where is my parcel?"}, "query: ", {});
  v1::EmbedRequest request = Texts({"reset my password", "where is my parcel?"});
  request.mutable_prompt()->set_name("query");
  v1::EmbedResponse response;
  ASSERT_TRUE(Embed(request, &response).ok());
  std::vector<float> rows = Row(response, 0);
  const std::vector<float> second = Row(response, 1);
  rows.insert(rows.end(), second.begin(), second.end());
  EXPECT_EQ(rows, expected.rows);
  EXPECT_EQ(response.model_fingerprint(), encoder->info().fingerprint);
  EXPECT_EQ(response.num_tokens(0), expected.num_tokens[0]);
  EXPECT_EQ(response.precision(), "fp32");
  EXPECT_EQ(response.errors_size(), 0);
  EXPECT_GT(response.timings().total_us(), 0);
  request.mutable_prompt()->set_text("query: ");
  v1::EmbedResponse again;
  ASSERT_TRUE(Embed(request, &again).ok());
  EXPECT_EQ(Row(again, 0), Row(response, 0));
}

TEST_F(ServerTest, NormalizesWhenAsked) {
  v1::EmbedRequest request = Texts({"reset"});
  request.set_normalize(true);
  v1::EmbedResponse response;
  ASSERT_TRUE(Embed(request, &response).ok());
  double squares = 0;
  for (float value : Row(response, 0)) squares += double{value} * value;
  EXPECT_NEAR(squares, 1, 1e-6);
}

TEST_F(ServerTest, CutsLongTextsAndSaysSo) {
  v1::EmbedResponse response;
  ASSERT_TRUE(Embed(Texts({std::string(1 << 20, '.')}), &response).ok());
  EXPECT_EQ(response.num_tokens(0), 32);
  EXPECT_EQ(response.num_truncated(0), (1 << 20) - 30);
}

TEST_F(ServerTest, StreamsAnswersToRequestsById) {
  grpc::ClientContext context;
  const auto stream = embedding_->EmbedStream(&context);
  constexpr int kRequests = 200;  // more than the server keeps in work
  std::thread writer([&] {
    for (int i = 0; i < kRequests; ++i) {
      v1::EmbedStreamRequest request;
      request.set_request_id(std::to_string(i));
      *request.mutable_request() = Texts({i % 2 == 0 ? "reset" : "parcel", "a"});
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  std::map<std::string, std::vector<float>> rows;
  v1::EmbedStreamResponse response;
  while (stream->Read(&response)) rows[response.request_id()] = Row(response.response(), 0);
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(rows.size(), static_cast<size_t>(kRequests));
  EXPECT_EQ(rows["0"], rows["198"]);
  EXPECT_NE(rows["0"], rows["1"]);
}

TEST_F(ServerTest, AStreamEndsWithTheFaultOfABadRequest) {
  grpc::ClientContext context;
  const auto stream = embedding_->EmbedStream(&context);
  v1::EmbedStreamRequest request;
  request.set_request_id("bad one");
  ASSERT_TRUE(stream->Write(request));
  v1::EmbedStreamResponse response;
  while (stream->Read(&response)) {
  }
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("bad one"));
}

TEST_F(ServerTest, ACancelledStreamEndsAndTheServerGoesOn) {
  grpc::ClientContext context;
  const auto stream = embedding_->EmbedStream(&context);
  v1::EmbedStreamRequest request;
  *request.mutable_request() = Texts({"a"});
  ASSERT_TRUE(stream->Write(request));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  v1::EmbedResponse response;
  EXPECT_TRUE(Embed(Texts({"a"}), &response).ok());
}

TEST_F(ServerTest, TokenizesAndDescribesTheModel) {
  v1::TokenizeRequest request;
  request.add_texts("reset password");
  request.add_texts("");
  v1::TokenizeResponse response;
  ASSERT_TRUE(Call(*embedding_, &v1::EmbeddingService::Stub::Tokenize, request, &response).ok());
  EXPECT_THAT(response.texts(0).tokens(), ElementsAre("[CLS]", "reset", "password", "[SEP]"));
  EXPECT_EQ(response.texts(1).ids_size(), 2);
  v1::GetModelResponse model;
  ASSERT_TRUE(Call(*embedding_, &v1::EmbeddingService::Stub::GetModel, v1::GetModelRequest(), &model).ok());
  EXPECT_EQ(model.dim(), 24);
  EXPECT_EQ(model.family(), "bert");
  EXPECT_EQ(model.prompts().at("query"), "query: ");
}

TEST_F(ServerTest, ADocumentIsFoundByItsMeaning) {
  ASSERT_TRUE(Create("faq").ok());
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("faq");
  for (const char* text : {"reset my password", "where is my parcel?", "重置密码"}) {
    v1::Document* document = upsert.add_documents();
    document->set_id(text);
    document->set_text(text);
    document->set_metadata_json(R"({"lang":"x"})");
  }
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(Upsert(upsert, &upserted).ok());
  EXPECT_EQ(upserted.num_inserted(), 3);
  v1::SearchRequest search;
  search.set_collection("faq");
  search.set_k(10);
  search.add_queries()->set_text("where is my parcel?");
  search.add_queries()->set_text("重置密码");
  v1::SearchResponse found;
  ASSERT_TRUE(Search(search, &found).ok());
  ASSERT_EQ(found.results_size(), 2);
  EXPECT_EQ(found.results(0).hits_size(), 3);  // k above n gives all
  // The query's and the passage's prompts differ, so that its score is not 1.
  EXPECT_EQ(found.results(0).hits(0).metadata_json(), R"({"lang":"x"})");
  EXPECT_GE(found.results(0).hits(0).score(), found.results(0).hits(1).score());
  EXPECT_GT(found.timings().total_us(), 0);
  EXPECT_EQ(found.model_fingerprint(), server_->model().fingerprint);
  EXPECT_EQ(found.whitening_fingerprint(), "");
  EXPECT_EQ(found.precision(), "fp32");
  EXPECT_THAT(found.num_tokens(), ElementsAre(9, 8));  // [CLS] query : … [SEP]
  EXPECT_THAT(found.num_truncated(), ElementsAre(0, 0));
}

TEST_F(ServerTest, AnOptimisationStreamsHowFarItIs) {
  ASSERT_TRUE(Create("faq").ok());
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("faq");
  for (int i = 0; i < 500; ++i) {
    v1::Document* document = upsert.add_documents();
    document->set_id(std::to_string(i));
    for (int d = 0; d < 24; ++d) document->mutable_vector()->add_values(std::sin(static_cast<float>((i + 1) * (d + 1))));
  }
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(Upsert(upsert, &upserted).ok());
  grpc::ClientContext context;
  v1::OptimizeCollectionRequest request;
  request.set_collection("faq");
  const auto stream = collections_->OptimizeCollection(&context, request);
  v1::OptimizeCollectionResponse response, last;
  while (stream->Read(&response)) {
    EXPECT_FALSE(last.finished());
    EXPECT_LE(response.num_done(), response.num_total());
    last = response;
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(last.finished());
  EXPECT_EQ(last.num_done(), 500);
  v1::GetCollectionRequest get;
  get.set_name("faq");
  v1::GetCollectionResponse got;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::GetCollection, get, &got).ok());
  EXPECT_EQ(got.stats().num_segments(), 1);
  EXPECT_EQ(got.stats().num_unindexed(), 0);
  request.set_collection("fqa");
  grpc::ClientContext other;
  const auto unknown = collections_->OptimizeCollection(&other, request);
  EXPECT_FALSE(unknown->Read(&response));
  EXPECT_EQ(unknown->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServerTest, AnAliasMovesFromOneCollectionToAnother) {
  ASSERT_TRUE(Create("old").ok());
  ASSERT_TRUE(Create("new").ok());
  const auto set = [&](const std::string& collection) {
    v1::SetAliasRequest request;
    request.set_alias("live");
    request.set_collection(collection);
    v1::SetAliasResponse response;
    return Call(*collections_, &v1::CollectionService::Stub::SetAlias, request, &response).ok();
  };
  ASSERT_TRUE(set("old"));
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("live");
  upsert.add_documents()->set_id("1");
  upsert.mutable_documents(0)->set_text("reset");
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(Upsert(upsert, &upserted).ok());
  v1::SearchRequest search;
  search.set_collection("live");
  search.set_k(1);
  search.add_queries()->set_text("reset");
  v1::SearchResponse found;
  ASSERT_TRUE(Search(search, &found).ok());
  EXPECT_EQ(found.results(0).hits_size(), 1);
  ASSERT_TRUE(set("new"));
  ASSERT_TRUE(Search(search, &found).ok());
  EXPECT_EQ(found.results(0).hits_size(), 0);
  server_->Shutdown();
  Start();
  ASSERT_TRUE(Search(search, &found).ok());
  EXPECT_EQ(found.results(0).hits_size(), 0);
}

TEST_F(ServerTest, ASnapshotIsMadeAndRestoredWhileOthersSearch) {
  ASSERT_TRUE(Create("faq").ok());
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("faq");
  upsert.add_documents()->set_id("1");
  upsert.mutable_documents(0)->set_text("reset");
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(Upsert(upsert, &upserted).ok());
  v1::CreateSnapshotRequest create;
  create.set_collection("faq");
  create.set_name("monday");
  v1::CreateSnapshotResponse created;
  const grpc::Status made = Call(*collections_, &v1::CollectionService::Stub::CreateSnapshot, create, &created);
  ASSERT_TRUE(made.ok()) << made.error_message();
  v1::RestoreSnapshotRequest restore;
  restore.set_name("monday");
  restore.set_collection("faq2");
  v1::RestoreSnapshotResponse restored;
  const grpc::Status back = Call(*collections_, &v1::CollectionService::Stub::RestoreSnapshot, restore, &restored);
  ASSERT_TRUE(back.ok()) << back.error_message();
  EXPECT_EQ(restored.collection().num_documents(), 1);
  v1::SearchRequest search;
  search.set_collection("faq2");
  search.set_k(1);
  search.add_queries()->set_text("reset");
  v1::SearchResponse found;
  ASSERT_TRUE(Search(search, &found).ok());
  EXPECT_EQ(found.results(0).hits(0).id(), "1");
}

TEST_F(ServerTest, AGraphCollectionIsSearchedOverGrpc) {
  v1::CreateCollectionRequest create;
  create.set_name("graph");
  create.set_kind(v1::INDEX_KIND_HNSW);
  create.set_metric(v1::METRIC_L2);
  create.set_m(8);
  v1::CreateCollectionResponse created;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::CreateCollection, create, &created).ok());
  EXPECT_EQ(created.collection().kind(), v1::INDEX_KIND_HNSW);
  EXPECT_EQ(created.collection().metric(), v1::METRIC_L2);
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("graph");
  for (int i = 0; i < 24; ++i) {
    v1::Document* document = upsert.add_documents();
    document->set_id("d" + std::to_string(i));
    for (int d = 0; d < 24; ++d) document->mutable_vector()->add_values(std::sin(0.01f * static_cast<float>(i * (d + 1))));
  }
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(Upsert(upsert, &upserted).ok());
  v1::SearchRequest search;
  search.set_collection("graph");
  search.set_k(1);
  for (int i : {3, 17}) *search.add_queries()->mutable_vector() = upsert.documents(i).vector();
  v1::SearchResponse found;
  ASSERT_TRUE(Search(search, &found).ok());
  EXPECT_EQ(found.results(0).hits(0).id(), "d3");
  EXPECT_EQ(found.results(1).hits(0).id(), "d17");
  EXPECT_EQ(found.precision(), "");  // nothing was encoded
  EXPECT_THAT(found.num_tokens(), ElementsAre(0, 0));
  server_->Shutdown();
  Start();
  v1::SearchResponse again;
  ASSERT_TRUE(Search(search, &again).ok());
  EXPECT_EQ(again.results(1).hits(0).id(), "d17");
}

TEST_F(ServerTest, SearchesByVectorAndSeesEveryWrite) {
  ASSERT_TRUE(Create("v").ok());
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("v");
  for (int i = 0; i < 3; ++i) {
    v1::Document* document = upsert.add_documents();
    document->set_id("d" + std::to_string(i));
    for (int d = 0; d < 24; ++d) document->mutable_vector()->add_values(d == i ? 1.0f : 0.0f);
  }
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(Upsert(upsert, &upserted).ok());
  v1::SearchRequest search;
  search.set_collection("v");
  search.set_k(1);
  *search.add_queries()->mutable_vector() = upsert.documents(1).vector();
  v1::SearchResponse found;
  ASSERT_TRUE(Search(search, &found).ok());
  EXPECT_EQ(found.results(0).hits(0).id(), "d1");
  EXPECT_NEAR(found.results(0).hits(0).score(), 1, 1e-6);

  v1::DeleteDocumentsRequest erase;
  erase.set_collection("v");
  erase.add_ids("d1");
  erase.add_ids("unknown");
  v1::DeleteDocumentsResponse erased;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::DeleteDocuments, erase, &erased).ok());
  EXPECT_EQ(erased.num_deleted(), 1);
  v1::GetDocumentsRequest get;
  get.set_collection("v");
  get.add_ids("d2");
  get.add_ids("d1");
  get.set_with_vectors(true);
  v1::GetDocumentsResponse got;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::GetDocuments, get, &got).ok());
  EXPECT_EQ(got.documents(0).vector().values(2), 1.0f);
  EXPECT_THAT(got.missing_ids(), ElementsAre("d1"));
  v1::ListDocumentsRequest list;
  list.set_collection("v");
  list.set_after_id("d0");
  v1::ListDocumentsResponse listed;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::ListDocuments, list, &listed).ok());
  ASSERT_EQ(listed.documents_size(), 1);
  EXPECT_EQ(listed.documents(0).id(), "d2");
  EXPECT_FALSE(listed.documents(0).has_vector());
}

TEST_F(ServerTest, KeepsCollectionsAcrossARestart) {
  ASSERT_TRUE(Create("kept").ok());
  v1::UpsertDocumentsRequest upsert;
  upsert.set_collection("kept");
  upsert.add_documents()->set_id("1");
  upsert.mutable_documents(0)->set_text("reset");
  v1::UpsertDocumentsResponse upserted;
  ASSERT_TRUE(Upsert(upsert, &upserted).ok());
  server_->Shutdown();
  Start();
  v1::ListCollectionsResponse list;
  ASSERT_TRUE(Call(*collections_, &v1::CollectionService::Stub::ListCollections, v1::ListCollectionsRequest(), &list).ok());
  ASSERT_EQ(list.collections_size(), 1);
  EXPECT_EQ(list.collections(0).num_documents(), 1);
  EXPECT_EQ(list.collections(0).passage_prompt(), "passage: ");
  v1::DropCollectionRequest drop;
  drop.set_name("kept");
  v1::DropCollectionResponse dropped;
  EXPECT_TRUE(Call(*collections_, &v1::CollectionService::Stub::DropCollection, drop, &dropped).ok());
  EXPECT_FALSE(DirectoryExists(folder_ / "data/kept"));
}

TEST_F(ServerTest, AnswersManyClientsAtOnceWithTheSameBits) {
  v1::EmbedResponse expected;
  ASSERT_TRUE(Embed(Texts({"how do i reset my password"}), &expected).ok());
  std::vector<std::future<void>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::async(std::launch::async, [&, i] {
      for (int j = 0; j < 10; ++j) {
        v1::EmbedResponse response;
        std::vector<std::string> texts(1 + i, "where is my parcel?");
        texts.push_back("how do i reset my password");
        ASSERT_TRUE(Embed(Texts(texts), &response).ok());
        EXPECT_EQ(Row(response, i + 1), Row(expected, 0));
      }
    }));
  }
  for (auto& client : clients) client.get();
}

TEST_F(ServerTest, HealthFollowsTheServersLife) {
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(Call(*health, &grpc::health::v1::Health::Stub::Check, grpc::health::v1::HealthCheckRequest(), &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->Shutdown();
  EXPECT_EQ(Call(*health, &grpc::health::v1::Health::Stub::Check, grpc::health::v1::HealthCheckRequest(), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServerTest, APassedDeadlineIsTold) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  v1::EmbedResponse response;
  EXPECT_EQ(embedding_->Embed(&context, Texts({"a"}), &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace senvec
