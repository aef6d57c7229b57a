// What a server does with calls that wait while it starts, stops, or their callers leave. The encoder is a fake one that
// the tests hold.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <future>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/notification.h"
#include "tests/support/test_server.h"

namespace senvec {
namespace {

using grpc::StatusCode;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::ElementsAre;

v1::EmbedRequest Texts(const std::vector<std::string>& texts) {
  v1::EmbedRequest request;
  for (const std::string& text : texts) request.add_texts(text);
  return request;
}

// Sends one message on a bidirectional stream and keeps the first answer. Reflection's messages have no header in Debian's
// packages, so that they are written and searched as bytes.
class OneAnswer : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  OneAnswer(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& message)
      : stub_(channel) {
    grpc::Slice slice(message);
    request_ = grpc::ByteBuffer(&slice, 1);
    stub_.PrepareBidiStreamingCall(&context_, method, grpc::StubOptions(), this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&response_);
    StartCall();
  }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    done_.Notify();
  }
  std::string Wait() {
    done_.WaitForNotification();
    EXPECT_TRUE(status_.ok()) << status_.error_message();
    grpc::Slice slice;
    EXPECT_TRUE(response_.DumpToSingleSlice(&slice).ok());
    return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
  }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_, response_;
  grpc::Status status_;
  Notification done_;
};

class ServerLifeTest : public TestServer {
 protected:
  void SetUp() override {
    auto encoder = std::make_unique<FakeEncoder>();
    encoder_ = encoder.get();
    encoder_->before_encode = [this] {
      if (!entered_.HasBeenNotified()) entered_.Notify();
      gate_.WaitForNotification();
    };
    StartWith(std::move(encoder));
  }
  void TearDown() override {
    if (!gate_.HasBeenNotified()) gate_.Notify();
    server_.reset();
  }
  // A call that holds the encoder until gate_ is opened.
  std::future<grpc::Status> HoldEncoder() {
    auto held = std::async(std::launch::async, [this] {
      v1::EmbedResponse response;
      return Embed(Texts({"held"}), &response);
    });
    entered_.WaitForNotification();
    return held;
  }
  StatusCode Health_(const std::string& service, HealthCheckResponse* response) {
    HealthCheckRequest request;
    request.set_service(service);
    return Call(*Health::NewStub(channel_), &Health::Stub::Check, request, response).error_code();
  }

  FakeEncoder* encoder_ = nullptr;  // the server's
  Notification entered_, gate_;
};

TEST_F(ServerLifeTest, EachServiceHasAHealth) {
  for (const char* service : {"", "senvec.v1.EmbeddingService", "senvec.v1.CollectionService"}) {
    HealthCheckResponse response;
    EXPECT_EQ(Health_(service, &response), StatusCode::OK) << service;
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVING) << service;
  }
  HealthCheckResponse response;
  EXPECT_EQ(Health_("senvec.v1.Unknown", &response), StatusCode::NOT_FOUND);
}

TEST_F(ServerLifeTest, ReflectionListsTheServices) {
  const std::string list_services = "\x3a\x01*";  // field 7 of ServerReflectionRequest
  const std::string answer =
      OneAnswer(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", list_services).Wait();
  for (const char* service : {"senvec.v1.EmbeddingService", "senvec.v1.CollectionService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(answer, testing::HasSubstr(service));
  }
}

TEST_F(ServerLifeTest, HealthSaysNotServingDuringTheDrainAndTheCallAtWorkFinishes) {
  std::future<grpc::Status> held = HoldEncoder();
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service("senvec.v1.EmbeddingService");
  const auto watch = Health::NewStub(channel_)->Watch(&context, request);
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);

  auto shutdown = std::async(std::launch::async, [this] { server_->Shutdown(); });
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(held.wait_for(std::chrono::seconds(0)), std::future_status::timeout);  // still at work
  context.TryCancel();  // a watcher counts as a call, too
  static_cast<void>(watch->Finish());
  gate_.Notify();
  EXPECT_TRUE(held.get().ok());
  shutdown.get();
}

TEST_F(ServerLifeTest, ADeadlineThatPassesInTheQueueCostsTheEncoderNothing) {
  std::future<grpc::Status> held = HoldEncoder();
  std::atomic<bool> has_arrived = false;
  encoder_->before_tokenize = [&](absl::string_view) { has_arrived = true; };
  // A deadline long enough for the call to reach the server.
  auto deadline = std::chrono::system_clock::now();
  for (auto patience = std::chrono::milliseconds(50); !has_arrived; patience *= 2) {
    grpc::ClientContext context;
    deadline = std::chrono::system_clock::now() + patience;
    context.set_deadline(deadline);
    v1::EmbedResponse response;
    EXPECT_EQ(embedding_->Embed(&context, Texts({"late"}), &response).error_code(), StatusCode::DEADLINE_EXCEEDED);
  }
  // The server counts from when the call came, and a timeout travels rounded up: for it the deadline is a little later.
  // Calls that go there and back let that time pass, and the client's reset of the late call arrive before them.
  v1::GetModelResponse model;
  do {
    EXPECT_TRUE(Call(*embedding_, &v1::EmbeddingService::Stub::GetModel, v1::GetModelRequest(), &model).ok());
  } while (std::chrono::system_clock::now() < deadline + std::chrono::milliseconds(100));
  gate_.Notify();
  EXPECT_TRUE(held.get().ok());
  v1::EmbedResponse response;
  EXPECT_TRUE(Embed(Texts({"next"}), &response).ok());
  EXPECT_THAT(encoder_->batches(), ElementsAre(ElementsAre('h'), ElementsAre('n')));
}

// One token may wait: of three calls behind the one that holds the encoder, two are refused.
TEST_F(ServerLifeTest, AFullQueueSaysWhenToComeBack) {
  ServerConfig config = Config();
  config.data = folder_ / "other";
  config.scheduler.max_queued_tokens = 1;
  auto encoder = std::make_unique<FakeEncoder>();
  encoder->before_encode = encoder_->before_encode;
  Connect(Server::StartWith(config, std::move(encoder)));
  std::future<grpc::Status> held = HoldEncoder();
  Notification refused(2);
  std::vector<std::future<void>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::async(std::launch::async, [&] {
      grpc::ClientContext context;
      v1::EmbedResponse response;
      const grpc::Status status = embedding_->Embed(&context, Texts({"a"}), &response);
      if (status.ok()) return;
      EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
      EXPECT_THAT(status.error_message(), testing::HasSubstr("queue is full"));
      EXPECT_EQ(context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 1u);
      google::rpc::Status details;
      google::rpc::RetryInfo retry;
      EXPECT_TRUE(details.ParseFromString(status.error_details()));
      EXPECT_TRUE(details.details_size() == 1 && details.details(0).UnpackTo(&retry));
      EXPECT_GT(retry.retry_delay().nanos(), 0);
      refused.Notify();
    }));
  }
  refused.WaitForNotification();
  gate_.Notify();
  for (std::future<void>& call : calls) call.get();
  EXPECT_TRUE(held.get().ok());
}

// Each batch waits for a call that goes there and back, so that the server has read the cancellation long before the last
// of the sentences.
TEST_F(ServerLifeTest, ACancelledCallStopsCostingTheEncoder) {
  ServerConfig config = Config();
  config.data = folder_ / "other";
  config.scheduler.max_batch_tokens = 1;
  auto encoder = std::make_unique<FakeEncoder>();
  FakeEncoder& fake = *encoder;
  grpc::ClientContext context;
  Notification connected;
  fake.before_encode = [&] {
    connected.WaitForNotification();
    context.TryCancel();
    v1::GetModelResponse model;
    EXPECT_TRUE(Call(*embedding_, &v1::EmbeddingService::Stub::GetModel, v1::GetModelRequest(), &model).ok());
  };
  Connect(Server::StartWith(config, std::move(encoder)));
  connected.Notify();
  constexpr size_t kTexts = 1000;
  v1::EmbedResponse response;
  const grpc::Status status = embedding_->Embed(&context, Texts(std::vector<std::string>(kTexts, "text")), &response);
  EXPECT_EQ(status.error_code(), StatusCode::CANCELLED);
  // Until the next caller has the encoder alone.
  size_t before = 0, calls = 0;
  do {
    before = fake.batches().size();
    v1::EmbedResponse next;
    ASSERT_TRUE(Embed(Texts({"next"}), &next).ok());
    ++calls;
  } while (fake.batches().size() > before + 1);
  EXPECT_LT(fake.batches().size() - calls, kTexts);
}

}  // namespace
}  // namespace senvec
