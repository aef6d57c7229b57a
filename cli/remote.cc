#include "cli/remote.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "cli/search_messages.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "senvec/v1/collection.grpc.pb.h"
#include "senvec/v1/embedding.grpc.pb.h"
#include "service/rpc/scoring_messages.h"

namespace senvec {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(60);

class RemoteServerImpl : public RemoteServer {
 public:
  explicit RemoteServerImpl(const std::string& address) : address_(address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    // A proxy from the environment is no way to a server that is named by its address.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  absl::StatusOr<SearchAnswer> Search(const std::string& collection, const std::vector<std::string>& queries,
                                      const SearchAsk& ask) override {
    v1::SearchRequest request = SearchMessage(ask);
    request.set_collection(collection);
    for (const std::string& query : queries) request.add_queries()->set_text(query);
    v1::SearchResponse response;
    grpc::ClientContext context;
    SetDeadline(context, kTimeout);
    SENVEC_RETURN_IF_ERROR(
        Convert(v1::CollectionService::NewStub(channel_)->Search(&context, request, &response)));
    return AnswerOf(response, ask);
  }

  absl::Status SetScoring(const std::string& collection, const ScoringFile& scoring) override {
    v1::SetScoringRequest request;
    request.set_collection(collection);
    *request.mutable_scoring() = ScoringMessage(scoring);
    v1::SetScoringResponse response;
    grpc::ClientContext context;
    SetDeadline(context, kTimeout);
    return Convert(v1::CollectionService::NewStub(channel_)->SetScoring(&context, request, &response));
  }

  absl::StatusOr<SentenceEncoder::TextsResult> Embed(absl::Span<const std::string> texts, const std::string& prompt_name,
                                                     bool normalize) override {
    v1::EmbedRequest request;
    request.mutable_texts()->Add(texts.begin(), texts.end());
    if (!prompt_name.empty()) request.mutable_prompt()->set_name(prompt_name);
    if (!normalize) request.set_normalize(false);
    v1::EmbedResponse response;
    grpc::ClientContext context;
    SetDeadline(context, kTimeout);
    SENVEC_RETURN_IF_ERROR(Convert(v1::EmbeddingService::NewStub(channel_)->Embed(&context, request, &response)));
    if (response.errors_size() > 0) {
      const v1::ItemError& error = response.errors(0);
      return Convert({static_cast<grpc::StatusCode>(error.code()), error.message()});
    }
    SentenceEncoder::TextsResult result;
    for (const v1::Vector& vector : response.vectors()) {
      result.rows.insert(result.rows.end(), vector.values().begin(), vector.values().end());
    }
    result.num_tokens.assign(response.num_tokens().begin(), response.num_tokens().end());
    result.num_truncated.assign(response.num_truncated().begin(), response.num_truncated().end());
    return result;
  }

  absl::StatusOr<Model> GetModel() override {
    v1::GetModelResponse response;
    grpc::ClientContext context;
    SetDeadline(context, kTimeout);
    SENVEC_RETURN_IF_ERROR(
        Convert(v1::EmbeddingService::NewStub(channel_)->GetModel(&context, v1::GetModelRequest(), &response)));
    return Model{response.dim(), response.max_tokens()};
  }

  absl::Status CheckHealth(absl::Duration timeout) override {
    grpc::health::v1::HealthCheckRequest request;
    grpc::health::v1::HealthCheckResponse response;
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    SetDeadline(context, timeout);
    const grpc::Status status = grpc::health::v1::Health::NewStub(channel_)->Check(&context, request, &response);
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return absl::UnavailableError(absl::StrCat("no server answers at ", address_));
    }
    SENVEC_RETURN_IF_ERROR(Convert(status));
    if (response.status() == grpc::health::v1::HealthCheckResponse::SERVING) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("the server at ", address_, " is not serving (it starts or stops)"));
  }

 private:
  static void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  }
  absl::Status Convert(const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    const auto code = static_cast<absl::StatusCode>(status.error_code());
    if (code == absl::StatusCode::kUnavailable) {
      return absl::UnavailableError(absl::StrCat("the server at ", address_, " cannot be reached: ", status.error_message(),
                                                 "; is `senvec serve` running there?"));
    }
    return absl::Status(code, absl::StrCat("the server at ", address_, " says: ", status.error_message()));
  }

  const std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

std::unique_ptr<RemoteServer> RemoteServer::At(const std::string& address) {
  return std::make_unique<RemoteServerImpl>(address);
}

}  // namespace senvec
