#include "service/rpc/embedding_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/rpc/embed_stream.h"
#include "service/rpc/embed_task.h"
#include "service/rpc/requests.h"
#include "service/rpc/unary_call.h"

namespace senvec {
namespace {

// A text that is bad for itself gets a status of its own.
absl::StatusOr<EmbedTask> TaskOf(const RpcContext& context, const v1::EmbedRequest& request) {
  SENVEC_RETURN_IF_ERROR(CheckCount("texts", request.texts_size(), context.limits));
  EmbedTask task;
  SENVEC_ASSIGN_OR_RETURN(task.prompt, PromptOf(request.prompt(), request.has_prompt(), *context.encoder));
  task.texts.assign(request.texts().begin(), request.texts().end());
  for (size_t i = 0; i < task.texts.size(); ++i) {
    task.names.push_back(absl::StrCat("texts[", i, "]"));
    task.statuses.push_back(CheckText(task.names[i], task.texts[i], context.limits));
  }
  if (request.has_normalize()) task.options.normalize = request.normalize();
  task.max_tokens = request.max_tokens();
  task.refuse_truncation = request.refuse_truncation();
  return task;
}

void FillItems(const EmbedResult& result, size_t dim, v1::EmbedResponse* response) {
  for (size_t i = 0; i < result.statuses.size(); ++i) {
    v1::Vector* vector = response->add_vectors();
    const absl::Status& status = result.statuses[i];
    if (status.ok()) {
      const auto row = result.rows.begin() + i * dim;
      vector->mutable_values()->Add(row, row + dim);
      continue;
    }
    v1::ItemError* error = response->add_errors();
    error->set_index(static_cast<int32_t>(i));
    error->set_code(status.raw_code());
    error->set_message(std::string(status.message()));
  }
  response->mutable_num_tokens()->Add(result.num_tokens.begin(), result.num_tokens.end());
  response->mutable_num_truncated()->Add(result.num_truncated.begin(), result.num_truncated.end());
}

void FillResponse(const RpcContext& context, const EmbedResult& result, absl::Duration total,
                  v1::EmbedResponse* response) {
  const ModelInfo& model = context.encoder->info();
  FillItems(result, static_cast<size_t>(model.dim), response);
  response->set_model_fingerprint(model.fingerprint);
  response->set_whitening_fingerprint(model.whitening_fingerprint);
  response->set_precision(model.precision);
  *response->mutable_timings() = TimingsMessage(result, absl::ZeroDuration(), total);
}

absl::Status TokenizeTexts(const RpcContext& context, const v1::TokenizeRequest& request, const Caller& caller,
                           v1::TokenizeResponse* response) {
  SENVEC_RETURN_IF_ERROR(CheckCount("texts", request.texts_size(), context.limits));
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptOf(request.prompt(), request.has_prompt(), *context.encoder));
  for (int i = 0; i < request.texts_size(); ++i) {
    const std::string& text = request.texts(i);
    SENVEC_RETURN_IF_ERROR(caller.Check(context.now()));
    SENVEC_RETURN_IF_ERROR(CheckLength(absl::StrCat("texts[", i, "]"), text, context.limits));
    SENVEC_ASSIGN_OR_RETURN(const Encoding encoding, context.encoder->Tokenize(prompt, text, request.max_tokens()));
    v1::TokenizeResponse::Tokens* tokens = response->add_texts();
    tokens->mutable_ids()->Add(encoding.ids.begin(), encoding.ids.end());
    for (int32_t id : encoding.ids) tokens->add_tokens(context.encoder->tokenizer().IdToToken(id));
    tokens->set_num_truncated(encoding.num_truncated);
  }
  return absl::OkStatus();
}

}  // namespace

void HandleEmbed(const RpcContext& context, const v1::EmbedRequest& request, Caller caller,
                 v1::EmbedResponse* response, std::function<void(absl::Status)> done) {
  const absl::Time start = context.now();
  absl::StatusOr<EmbedTask> task = TaskOf(context, request);
  if (!task.ok()) return done(task.status());
  task->caller = std::move(caller);
  StartEmbed(context, *std::move(task),
             [&context, start, response, done = std::move(done)](absl::StatusOr<EmbedResult> result) {
               if (result.ok()) FillResponse(context, *result, context.now() - start, response);
               done(result.status());
             });
}

void EmbeddingService::StartEmbed(UnaryCall* call, const v1::EmbedRequest* request, v1::EmbedResponse* response) {
  HandleEmbed(*context_, *request, call->caller(), response,
              [call](const absl::Status& status) { call->Answer(status); });
}

grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* EmbeddingService::EmbedStream(
    grpc::CallbackServerContext* call) {
  return NewEmbedStream(context_, call);
}

void EmbeddingService::StartTokenize(UnaryCall* call, const v1::TokenizeRequest* request, v1::TokenizeResponse* response) {
  call->Answer(TokenizeTexts(*context_, *request, call->caller(), response));
}

void EmbeddingService::StartGetModel(UnaryCall* call, const v1::GetModelRequest*, v1::GetModelResponse* response) {
  const ModelInfo& info = context_->encoder->info();
  response->set_family(info.family);
  response->set_fingerprint(info.fingerprint);
  response->set_tokenizer(info.tokenizer);
  response->set_precision(info.precision);
  response->set_precision_report(info.precision_report);
  response->set_isa(info.isa);
  response->set_pooling(info.pooling);
  response->set_normalize(info.normalize);
  response->set_dim(info.dim);
  response->set_max_tokens(info.max_tokens);
  response->set_num_parameters(info.num_parameters);
  response->mutable_prompts()->insert(info.prompts.begin(), info.prompts.end());
  response->set_default_prompt_name(info.default_prompt_name);
  response->set_whitening_fingerprint(info.whitening_fingerprint);
  response->set_server_version(context_->version);
  call->Answer(absl::OkStatus());
}

grpc::ServerUnaryReactor* EmbeddingService::Embed(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::EmbedRequest, v1::EmbedResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::EmbedRequest* request, v1::EmbedResponse* response) {
        StartEmbed(call, request, response);
      });
}

grpc::ServerUnaryReactor* EmbeddingService::Tokenize(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::TokenizeRequest, v1::TokenizeResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::TokenizeRequest* request, v1::TokenizeResponse* response) {
        StartTokenize(call, request, response);
      });
}

grpc::ServerUnaryReactor* EmbeddingService::GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                             grpc::ByteBuffer* out) {
  return TypedCall<v1::GetModelRequest, v1::GetModelResponse>::Start(
      context, in, out, [this](UnaryCall* call, const v1::GetModelRequest* request, v1::GetModelResponse* response) {
        StartGetModel(call, request, response);
      });
}

}  // namespace senvec
