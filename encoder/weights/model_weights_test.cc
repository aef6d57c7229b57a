#include "encoder/weights/model_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "encoder/weights/safetensors_writer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;

constexpr char kConfig[] = R"({"model_type": "bert", "vocab_size": 5, "hidden_size": 4,
  "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 6})";

using Shapes = std::map<std::string, std::vector<int64_t>>;

Shapes BertShapes() {
  Shapes shapes = {{"embeddings.word_embeddings.weight", {5, 4}},
                   {"embeddings.position_embeddings.weight", {6, 4}},
                   {"embeddings.token_type_embeddings.weight", {2, 4}},
                   {"embeddings.LayerNorm.weight", {4}},
                   {"embeddings.LayerNorm.bias", {4}},
                   {"pooler.dense.weight", {4, 4}},
                   {"pooler.dense.bias", {4}}};
  const std::string layer = "encoder.layer.0.";
  for (const char* name : {"attention.self.query", "attention.self.key", "attention.self.value",
                           "attention.output.dense"}) {
    shapes[layer + name + ".weight"] = {4, 4};
    shapes[layer + name + ".bias"] = {4};
  }
  shapes[layer + "intermediate.dense.weight"] = {8, 4};
  shapes[layer + "intermediate.dense.bias"] = {8};
  shapes[layer + "output.dense.weight"] = {4, 8};
  shapes[layer + "output.dense.bias"] = {4};
  for (const char* name : {"attention.output.LayerNorm", "output.LayerNorm"}) {
    shapes[layer + name + ".weight"] = {4};
    shapes[layer + name + ".bias"] = {4};
  }
  return shapes;
}

absl::StatusOr<ModelWeights> MapShapes(const Shapes& shapes, absl::string_view config_json = kConfig) {
  static const std::string zeros(4096, '\0');
  std::vector<TensorView> tensors;
  for (const auto& [name, shape] : shapes) {
    TensorView view{name, DType::kF32, shape, {}};
    view.bytes = absl::string_view(zeros).substr(0, view.num_elements() * 4);
    tensors.push_back(view);
  }
  const TempDir temp;
  const std::string path = temp / "model.safetensors";
  EXPECT_TRUE(WriteSafetensors(path, tensors, {}).ok());
  const auto source = WeightSource::OpenSafetensors(path);
  if (!source.ok()) return source.status();
  return ModelWeights::Map(ModelConfig::FromJson(config_json, "config").value(), *source);
}

TEST(ModelWeightsTest, PrefixedUnprefixedAndOldNamesAreOneModel) {
  for (const char* prefix : {"", "bert.", "roberta.", "roformer."}) {
    SCOPED_TRACE(prefix);
    Shapes shapes;
    for (const auto& [name, shape] : BertShapes()) {
      shapes[prefix + absl::StrReplaceAll(name, {{"LayerNorm.weight", "LayerNorm.gamma"},
                                                 {"LayerNorm.bias", "LayerNorm.beta"}})] = shape;
    }
    shapes["cls.predictions.bias"] = {5};
    shapes[std::string(prefix) + "embeddings.position_ids"] = {1, 6};
    const auto weights = MapShapes(shapes);
    ASSERT_TRUE(weights.ok()) << weights.status();
    EXPECT_EQ(weights->layers.size(), 1u);
    EXPECT_TRUE(weights->pooler.has_value());
  }
}

TEST(ModelWeightsTest, APoolerWithoutPrefixBesidePrefixedNamesIsTaken) {
  Shapes shapes;
  for (const auto& [name, shape] : BertShapes()) {
    shapes[(name.starts_with("pooler") ? "" : "bert.") + name] = shape;
  }
  EXPECT_TRUE(MapShapes(shapes)->pooler.has_value());
}

TEST(ModelWeightsTest, AMissingPoolerIsRecorded) {
  Shapes shapes = BertShapes();
  shapes.erase("pooler.dense.weight");
  shapes.erase("pooler.dense.bias");
  const auto weights = MapShapes(shapes);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_FALSE(weights->pooler.has_value());
}

TEST(ModelWeightsTest, RoFormerNeedsNoPositionsAndProjectsEmbeddings) {
  Shapes shapes;
  for (const auto& [name, shape] : BertShapes()) {
    if (name == "embeddings.position_embeddings.weight") continue;
    std::vector<int64_t> mapped = shape;
    if (name.starts_with("embeddings.")) mapped.back() = 3;
    shapes["roformer." + name] = mapped;
  }
  shapes["roformer.embeddings_project.weight"] = {4, 3};
  shapes["roformer.embeddings_project.bias"] = {4};
  shapes["roformer.encoder.embed_positions.weight"] = {6, 2};
  const std::string config =
      absl::StrReplaceAll(kConfig, {{"\"bert\"", "\"roformer\", \"embedding_size\": 3"}});
  const auto weights = MapShapes(shapes, config);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_TRUE(weights->embedding_projection.has_value());
  EXPECT_FALSE(weights->position_embeddings.has_value());
}

TEST(ModelWeightsTest, EveryFaultIsInOneMessage) {
  Shapes shapes = BertShapes();
  shapes.erase("encoder.layer.0.attention.self.key.bias");
  shapes["encoder.layer.1.attention.self.key.bias"] = {4};
  shapes["embeddings.LayerNorm.bias"] = {3};
  const auto weights = MapShapes(shapes);
  ASSERT_EQ(weights.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(weights.status().message());
  EXPECT_THAT(message, HasSubstr("encoder.layer.0.attention.self.key.bias [4] is missing"));
  EXPECT_THAT(message, HasSubstr("encoder.layer.1.attention.self.key.bias is unexpected"));
  EXPECT_THAT(message, HasSubstr("embeddings.LayerNorm.bias has shape [3], expected [4]"));
}

TEST(ModelWeightsTest, OneTensorUnderTwoNamesIsAFault) {
  Shapes shapes = BertShapes();
  shapes["bert.pooler.dense.bias"] = {4};
  EXPECT_THAT(std::string(MapShapes(shapes).status().message()), HasSubstr("are the same tensor"));
}

}  // namespace
}  // namespace senvec
