#pragma once

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "senvec/v1/collection.grpc.pb.h"
#include "senvec/v1/embedding.grpc.pb.h"
#include "senvec/v1/evaluation.grpc.pb.h"
#include "service/server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace senvec {

// A server with the tiny model on a free port of this machine, and stubs to talk to it.
class TestServer : public testing::Test {
 protected:
  void SetUp() override {
    MakeTinyModel(folder_ / "model");
    Start();
  }

  ServerConfig Config() const {
    ServerConfig config;
    config.model = folder_ / "model";
    config.data = folder_ / "data";
    config.listen = "127.0.0.1:0";
    config.threads = 2;
    config.snapshots = folder_ / "snapshots";
    return config;
  }
  void Start() { Start(Config()); }
  void Start(const ServerConfig& config) {
    server_.reset();
    Connect(Server::Start(config));
  }
  void StartWith(std::unique_ptr<SentenceEncoder> encoder) {
    server_.reset();
    Connect(Server::StartWith(Config(), std::move(encoder)));
  }
  void Connect(absl::StatusOr<std::unique_ptr<Server>> server) {
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    embedding_ = v1::EmbeddingService::NewStub(channel_);
    collections_ = v1::CollectionService::NewStub(channel_);
    evaluations_ = v1::EvaluationService::NewStub(channel_);
  }

  // Calls METHOD of STUB with a deadline that no healthy call meets.
  template <typename Stub, typename Request, typename Response>
  static grpc::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                           const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return (stub.*method)(&context, request, response);
  }

  grpc::Status Embed(const v1::EmbedRequest& request, v1::EmbedResponse* response) {
    return Call(*embedding_, &v1::EmbeddingService::Stub::Embed, request, response);
  }
  grpc::Status Create(const std::string& name) {
    v1::CreateCollectionRequest request;
    request.set_name(name);
    v1::CreateCollectionResponse response;
    return Call(*collections_, &v1::CollectionService::Stub::CreateCollection, request, &response);
  }
  grpc::Status Upsert(const v1::UpsertDocumentsRequest& request, v1::UpsertDocumentsResponse* response) {
    return Call(*collections_, &v1::CollectionService::Stub::UpsertDocuments, request, response);
  }
  grpc::Status Search(const v1::SearchRequest& request, v1::SearchResponse* response) {
    return Call(*collections_, &v1::CollectionService::Stub::Search, request, response);
  }

  const TempDir folder_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::EmbeddingService::Stub> embedding_;
  std::unique_ptr<v1::CollectionService::Stub> collections_;
  std::unique_ptr<v1::EvaluationService::Stub> evaluations_;
};

}  // namespace senvec
