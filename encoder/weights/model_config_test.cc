#include "encoder/weights/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

constexpr char kBert[] = R"({"model_type": "bert", "vocab_size": 100, "hidden_size": 32,
  "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
  "max_position_embeddings": 40, "layer_norm_eps": 1e-12})";

TEST(ModelConfigTest, ReadsBert) {
  const ModelConfig config = ModelConfig::FromJson(kBert, "c").value();
  EXPECT_EQ(config.family, ModelFamily::kBert);
  EXPECT_EQ(config.head_size, 8);
  EXPECT_EQ(config.embedding_size, 32);
  EXPECT_EQ(config.position_offset, 0);
  EXPECT_EQ(config.pooler_activation, Activation::kTanh);
  EXPECT_FLOAT_EQ(config.layer_norm_eps, 1e-12f);
}

TEST(ModelConfigTest, RobertaPositionsStartAfterPadding) {
  const std::string json = absl::StrReplaceAll(
      kBert, {{"\"bert\"", "\"xlm-roberta\", \"pad_token_id\": 1"}});
  EXPECT_EQ(ModelConfig::FromJson(json, "c").value().position_offset, 2);
}

TEST(ModelConfigTest, RoFormerDefaultsToALinearPooler) {
  const std::string json =
      absl::StrReplaceAll(kBert, {{"\"bert\"", "\"roformer\", \"embedding_size\": 16, \"rotary_value\": true"}});
  const ModelConfig config = ModelConfig::FromJson(json, "c").value();
  EXPECT_EQ(config.family, ModelFamily::kRoFormer);
  EXPECT_EQ(config.embedding_size, 16);
  EXPECT_TRUE(config.rotary_value);
  EXPECT_EQ(config.pooler_activation, Activation::kIdentity);
}

TEST(ModelConfigTest, FaultsNameFileKeyAndRange) {
  const struct {
    const char* name;
    const char* from;
    const char* to;
    const char* message;
    absl::StatusCode code;
  } kCases[] = {
      {"other model", "\"bert\"", "\"llama\"", "\"model_type\" is \"llama\"", absl::StatusCode::kUnimplemented},
      {"no hidden size", "\"hidden_size\": 32,", "", "\"hidden_size\" is missing",
       absl::StatusCode::kInvalidArgument},
      {"negative", "\"vocab_size\": 100", "\"vocab_size\": -1", "\"vocab_size\" is -1",
       absl::StatusCode::kInvalidArgument},
      {"text for a number", "\"vocab_size\": 100", "\"vocab_size\": \"x\"", "must be an integer, got string",
       absl::StatusCode::kInvalidArgument},
      {"heads do not divide", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5",
       "multiple of num_attention_heads", absl::StatusCode::kInvalidArgument},
      {"epsilon zero", "1e-12", "0", "\"layer_norm_eps\" is 0", absl::StatusCode::kInvalidArgument},
      {"relative positions", "\"vocab_size\"", "\"position_embedding_type\": \"relative_key\", \"vocab_size\"",
       "only \"absolute\" is served", absl::StatusCode::kUnimplemented},
      {"unknown activation", "\"vocab_size\"", "\"hidden_act\": \"mish\", \"vocab_size\"",
       "\"hidden_act\" is \"mish\"", absl::StatusCode::kUnimplemented},
      {"not json", "{", "", "not valid JSON", absl::StatusCode::kInvalidArgument},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const auto result = ModelConfig::FromJson(absl::StrReplaceAll(kBert, {{c.from, c.to}}), "dir/config.json");
    EXPECT_EQ(result.status().code(), c.code);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
    EXPECT_THAT(std::string(result.status().message()), HasSubstr("dir/config.json"));
  }
}

TEST(ModelConfigTest, MissingFileIsNotFound) {
  EXPECT_EQ(ModelConfig::FromDirectory("no/such/folder").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
