#include "service/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "service/rpc/collection_service.h"
#include "service/rpc/embedding_service.h"
#include "service/rpc/evaluation_service.h"

namespace senvec {
namespace {

constexpr size_t kMaxWaitingCalls = 4096;
constexpr size_t kMaxWaitingLongCalls = 64;
constexpr size_t kMaxWaitingEvaluations = 8;  // the service takes fewer

void LogNotice(absl::string_view message) { spdlog::info("{}", std::string(message)); }

class ServerImpl : public Server {
 public:
  ServerImpl(const ServerConfig& config, EncoderLoader load, std::unique_ptr<SentenceEncoder> encoder)
      : config_(config), load_(load), encoder_(std::move(encoder)) {}
  ~ServerImpl() override { Shutdown(); }

  absl::Status Load() {
    pool_ = ThreadPool::ForThisProcess(config_.threads);
    SENVEC_ASSIGN_OR_RETURN(
        store_, CollectionStore::Open(config_.data, {.pool = pool_.get(), .cache_bytes = config_.cache_bytes, .notice = LogNotice}));
    for (const CollectionStore::Damaged& damaged : store_->damaged()) {
      spdlog::error("collection {} is left out: {}", damaged.name, std::string(damaged.status.message()));
    }
    if (encoder_ == nullptr) {
      SENVEC_ASSIGN_OR_RETURN(encoder_, load_(config_, pool_.get()));
    }
    scheduler_ = std::make_unique<EncodeScheduler>(encoder_.get(), config_.scheduler, absl::Now);
    work_ = std::make_unique<WorkQueue>(config_.work_threads, kMaxWaitingCalls);
    long_work_ = std::make_unique<WorkQueue>(1, kMaxWaitingLongCalls);
    evaluation_work_ = std::make_unique<WorkQueue>(1, kMaxWaitingEvaluations);
    context_ = {.encoder = encoder_.get(), .scheduler = scheduler_.get(), .store = store_.get(), .work = work_.get(),
                .long_work = long_work_.get(), .evaluations = evaluation_work_.get(), .pool = pool_.get(), .snapshots = config_.snapshots, .limits = config_.limits, .version = SENVEC_VERSION, .now = absl::Now};
    return absl::OkStatus();
  }

  absl::Status Listen() {
    embedding_ = std::make_unique<EmbeddingService>(&context_);
    collections_ = std::make_unique<CollectionService>(&context_);
    evaluations_ = std::make_unique<EvaluationService>(&context_);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    // Two servers on one port would share the calls between them.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(static_cast<int>(config_.max_message_bytes));
    builder.SetMaxSendMessageSize(-1);
    builder.SetResourceQuota(grpc::ResourceQuota("senvec").Resize(static_cast<size_t>(config_.memory_quota_bytes)));
    builder.AddListeningPort(config_.listen, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(embedding_.get());
    builder.RegisterService(collections_.get());
    builder.RegisterService(evaluations_.get());
    grpc_ = builder.BuildAndStart();
    if (grpc_ == nullptr || port_ == 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", config_.listen,
                                                 ": the port is taken or the address is not this machine's; choose another with --listen HOST:PORT"));
    }
    grpc::HealthCheckServiceInterface& health = *grpc_->GetHealthCheckService();
    for (const char* service : {v1::EmbeddingService::service_full_name(), v1::CollectionService::service_full_name(),
                                v1::EvaluationService::service_full_name()}) {
      health.SetServingStatus(service, true);
    }
    health.SetServingStatus(true);
    return absl::OkStatus();
  }

  int port() const override { return port_; }
  const ModelInfo& model() const override { return encoder_->info(); }

  void Shutdown() override {
    {
      MutexLock lock(&mutex_);
      if (stopping_) return;
      stopping_ = true;
    }
    if (grpc_ != nullptr) {
      grpc_->GetHealthCheckService()->SetServingStatus(false);
      grpc_->Shutdown(absl::ToChronoTime(absl::Now() + config_.drain));
    }
    if (scheduler_ != nullptr) scheduler_->Shutdown();
    if (work_ != nullptr) work_->Shutdown();
    if (long_work_ != nullptr) long_work_->Shutdown();
    if (evaluation_work_ != nullptr) evaluation_work_->Shutdown();
    if (grpc_ != nullptr) grpc_->Wait();
    // Nobody holds a collection any more: they close, and let go of their folders.
    store_.reset();
  }

 private:
  const ServerConfig config_;
  const EncoderLoader load_;  // for when there is no encoder yet
  int port_ = 0;
  // In the order of use: what comes later works with what came before.
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<CollectionStore> store_;
  std::unique_ptr<SentenceEncoder> encoder_;
  std::unique_ptr<EncodeScheduler> scheduler_;
  std::unique_ptr<WorkQueue> work_;
  std::unique_ptr<WorkQueue> long_work_;
  std::unique_ptr<WorkQueue> evaluation_work_;
  RpcContext context_;
  std::unique_ptr<EmbeddingService> embedding_;
  std::unique_ptr<CollectionService> collections_;
  std::unique_ptr<EvaluationService> evaluations_;
  std::unique_ptr<grpc::Server> grpc_;
  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SentenceEncoder>> LoadCpuEngine(const ServerConfig& config, ThreadPool* pool) {
  return SentenceEncoder::Load(config.model, config.load, pool);
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config, EncoderLoader load) {
  SENVEC_RETURN_IF_ERROR(config.Validate());
  auto server = std::make_unique<ServerImpl>(config, load, nullptr);
  SENVEC_RETURN_IF_ERROR(server->Load());
  SENVEC_RETURN_IF_ERROR(server->Listen());
  return server;
}

absl::StatusOr<std::unique_ptr<Server>> Server::StartWith(const ServerConfig& config,
                                                          std::unique_ptr<SentenceEncoder> encoder) {
  auto server = std::make_unique<ServerImpl>(config, nullptr, std::move(encoder));
  SENVEC_RETURN_IF_ERROR(server->Load());
  SENVEC_RETURN_IF_ERROR(server->Listen());
  return server;
}

}  // namespace senvec
