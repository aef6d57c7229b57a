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

absl::StatusOr<std::vector<Encoding>> TokenizeAll(const RpcContext& context, const EmbedTask& task) {
  std::vector<Encoding> encodings;
  encodings.reserve(task.texts.size());
  for (const std::string& text : task.texts) {
    SENVEC_ASSIGN_OR_RETURN(Encoding encoding, context.encoder->Tokenize(task.prompt, text, task.max_tokens));
    encodings.push_back(std::move(encoding));
  }
  return encodings;
}

absl::Status CheckTexts(const google::protobuf::RepeatedPtrField<std::string>& texts, const RpcLimits& limits) {
  SENVEC_RETURN_IF_ERROR(CheckCount("texts", texts.size(), limits));
  for (int i = 0; i < texts.size(); ++i) {
    SENVEC_RETURN_IF_ERROR(CheckText(absl::StrCat("texts[", i, "]"), texts[i], limits));
  }
  return absl::OkStatus();
}

absl::StatusOr<EmbedTask> TaskOf(const RpcContext& context, const v1::EmbedRequest& request) {
  SENVEC_RETURN_IF_ERROR(CheckTexts(request.texts(), context.limits));
  EmbedTask task;
  SENVEC_ASSIGN_OR_RETURN(task.prompt, PromptOf(request.prompt(), request.has_prompt(), *context.encoder));
  task.texts.assign(request.texts().begin(), request.texts().end());
  if (request.has_normalize()) task.options.normalize = request.normalize();
  task.max_tokens = request.max_tokens();
  return task;
}

void FillResponse(const RpcContext& context, const EmbedResult& result, absl::Duration total, v1::EmbedResponse* response) {
  const size_t dim = static_cast<size_t>(context.encoder->info().dim);
  for (size_t begin = 0; begin < result.rows.size(); begin += dim) {
    response->add_vectors()->mutable_values()->Add(result.rows.begin() + begin, result.rows.begin() + begin + dim);
  }
  response->mutable_num_tokens()->Add(result.num_tokens.begin(), result.num_tokens.end());
  response->mutable_num_truncated()->Add(result.num_truncated.begin(), result.num_truncated.end());
  response->set_model_fingerprint(context.encoder->info().fingerprint);
  response->set_whitening_fingerprint(context.encoder->info().whitening_fingerprint);
  v1::Timings& timings = *response->mutable_timings();
  timings.set_tokenize_us(absl::ToInt64Microseconds(result.tokenize));
  timings.set_queue_us(absl::ToInt64Microseconds(result.queue));
  timings.set_encode_us(absl::ToInt64Microseconds(result.encode));
  timings.set_total_us(absl::ToInt64Microseconds(total));
}

absl::Status TokenizeTexts(const RpcContext& context, const v1::TokenizeRequest& request, v1::TokenizeResponse* response) {
  SENVEC_RETURN_IF_ERROR(CheckCount("texts", request.texts_size(), context.limits));
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptOf(request.prompt(), request.has_prompt(), *context.encoder));
  for (const std::string& text : request.texts()) {
    SENVEC_ASSIGN_OR_RETURN(const Encoding encoding, context.encoder->Tokenize(prompt, text, request.max_tokens()));
    v1::TokenizeResponse::Tokens* tokens = response->add_texts();
    tokens->mutable_ids()->Add(encoding.ids.begin(), encoding.ids.end());
    for (int32_t id : encoding.ids) tokens->add_tokens(context.encoder->tokenizer().IdToToken(id));
    tokens->set_num_truncated(encoding.num_truncated);
  }
  return absl::OkStatus();
}

}  // namespace

void StartEmbed(const RpcContext& context, EmbedTask task, std::function<void(absl::StatusOr<EmbedResult>)> done) {
  if (task.texts.empty()) return done(EmbedResult());
  const absl::Time start = context.now();
  absl::StatusOr<std::vector<Encoding>> encodings = TokenizeAll(context, task);
  if (!encodings.ok()) return done(encodings.status());
  auto result = std::make_shared<EmbedResult>();
  for (const Encoding& encoding : *encodings) {
    result->num_tokens.push_back(static_cast<int32_t>(encoding.ids.size()));
    result->num_truncated.push_back(encoding.num_truncated);
  }
  result->tokenize = context.now() - start;
  auto shared_done = std::make_shared<std::function<void(absl::StatusOr<EmbedResult>)>>(std::move(done));
  const absl::Status submitted = context.scheduler->Submit(
      {.sentences = *std::move(encodings),
       .options = task.options,
       .deadline = task.deadline,
       .is_cancelled = std::move(task.is_cancelled),
       .done = [result, shared_done](absl::StatusOr<EncodeScheduler::Encoded> encoded) {
         if (!encoded.ok()) return (*shared_done)(encoded.status());
         result->rows = std::move(encoded->rows);
         result->queue = encoded->queued;
         result->encode = encoded->encoding;
         (*shared_done)(std::move(*result));
       }});
  if (!submitted.ok()) (*shared_done)(submitted);
}

void HandleEmbed(const RpcContext& context, const v1::EmbedRequest& request, absl::Time deadline,
                 std::function<bool()> is_cancelled, v1::EmbedResponse* response,
                 std::function<void(absl::Status)> done) {
  const absl::Time start = context.now();
  absl::StatusOr<EmbedTask> task = TaskOf(context, request);
  if (!task.ok()) return done(task.status());
  task->deadline = deadline;
  task->is_cancelled = std::move(is_cancelled);
  StartEmbed(context, *std::move(task),
             [&context, start, response, done = std::move(done)](absl::StatusOr<EmbedResult> result) {
               if (result.ok()) FillResponse(context, *result, context.now() - start, response);
               done(result.status());
             });
}

void EmbeddingService::StartEmbed(UnaryCall* call, const v1::EmbedRequest* request, v1::EmbedResponse* response) {
  HandleEmbed(*context_, *request, call->deadline(), call->IsCancelled(), response,
              [call](const absl::Status& status) { call->Answer(status); });
}

grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* EmbeddingService::EmbedStream(
    grpc::CallbackServerContext* call) {
  return NewEmbedStream(context_, call);
}

void EmbeddingService::StartTokenize(UnaryCall* call, const v1::TokenizeRequest* request, v1::TokenizeResponse* response) {
  call->Answer(TokenizeTexts(*context_, *request, response));
}

void EmbeddingService::StartGetModel(UnaryCall* call, const v1::GetModelRequest*, v1::GetModelResponse* response) {
  const ModelInfo& info = context_->encoder->info();
  response->set_family(info.family);
  response->set_fingerprint(info.fingerprint);
  response->set_tokenizer(info.tokenizer);
  response->set_precision(info.precision);
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
