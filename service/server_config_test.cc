#include "service/server_config.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

using testing::HasSubstr;

absl::StatusOr<ServerConfig> Read(absl::string_view json) { return ServerConfig::FromJson(json, "senvec.json", {}); }

TEST(ServerConfigTest, ReadsWhatIsGivenAndKeepsTheRest) {
  const auto config = Read(R"({"model":"m","data":"d","max_texts":7,"drain_s":0.5,"pooling":"cls","threads":2})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->model, "m");
  EXPECT_EQ(config->limits.max_texts, 7);
  EXPECT_EQ(config->drain, absl::Milliseconds(500));
  EXPECT_EQ(config->load.pooling, Pooling::kCls);
  EXPECT_EQ(config->listen, ServerConfig().listen);
  EXPECT_TRUE(config->Validate().ok());
}

TEST(ServerConfigTest, NamesFileKeyValueAndRange) {
  EXPECT_THAT(std::string(Read(R"({"max_texts":0})").status().message()),
              testing::AllOf(HasSubstr("senvec.json"), HasSubstr("\"max_texts\" is 0"), HasSubstr("[1,")));
  EXPECT_THAT(std::string(Read(R"({"listen":5})").status().message()), HasSubstr("a string"));
  EXPECT_THAT(std::string(Read(R"({"drain_s":-1})").status().message()), HasSubstr("seconds"));
  EXPECT_THAT(std::string(Read(R"({"pooling":"median"})").status().message()), HasSubstr("median"));
  EXPECT_THAT(std::string(Read(R"({"lisen":"x"})").status().message()), testing::AllOf(HasSubstr("lisen"), HasSubstr("listen")));
  EXPECT_FALSE(Read("[]").ok());
  EXPECT_FALSE(Read("{").ok());
}

TEST(ServerConfigTest, WhatIsWrittenReadsBack) {
  ServerConfig config;
  EXPECT_EQ(Read(config.ToJson())->ToJson(), config.ToJson());
  config = *Read(R"({"model":"m","data":"d","max_texts":7,"drain_s":0.5,"pooling":"cls","threads":2,"device":"cuda:1",
                     "precision":"auto","max_batch_tokens":99,"cache_bytes":0,"snapshots":"s","isa":"avx2"})");
  const auto again = Read(config.ToJson());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->ToJson(), config.ToJson());
  EXPECT_EQ(again->load.pooling, Pooling::kCls);
  EXPECT_EQ(again->device, "cuda:1");
  EXPECT_EQ(again->drain, absl::Milliseconds(500));
}

TEST(ServerConfigTest, KnowsDevicesByTheirNames) {
  ServerConfig config;
  config.model = "m";
  config.data = "d";
  for (const char* device : {"", "cpu", "cuda", "cuda:0", "cuda:12"}) {
    config.device = device;
    EXPECT_TRUE(config.Validate().ok()) << device;
  }
  for (const char* device : {"gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "cuda1"}) {
    config.device = device;
    EXPECT_THAT(config.Validate().message(), HasSubstr("choose cpu, cuda or cuda:N")) << device;
  }
}

TEST(ServerConfigTest, ValidatesTheAddress) {
  ServerConfig config;
  config.model = "m";
  config.data = "d";
  for (const char* listen : {"nohost", ":80", "h:", "h:99999", "h:x"}) {
    config.listen = listen;
    EXPECT_THAT(std::string(config.Validate().message()), HasSubstr(listen));
  }
  config.listen = "[::1]:0";
  EXPECT_TRUE(config.Validate().ok());
}

}  // namespace
}  // namespace senvec
