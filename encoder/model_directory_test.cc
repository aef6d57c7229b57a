#include "encoder/model_directory.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

class ModelDirectoryTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    ASSERT_TRUE(MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  }
  void WriteModules(const std::string& more = "") {
    Write("modules.json", R"([{"type":"sentence_transformers.models.Transformer","path":""},
        {"type":"sentence_transformers.models.Pooling","path":"1_Pooling"})" + more + "]");
  }
  absl::StatusOr<ModelDirectory> Read() { return ModelDirectory::Read(folder_.path()); }
  std::string Message() { return std::string(Read().status().message()); }

  const TempDir folder_;
};

TEST_F(ModelDirectoryTest, ReadsPoolingDenseAndNormalize) {
  WriteModules(R"(,{"type":"sentence_transformers.models.Dense","path":"2_Dense"},
                  {"type":"sentence_transformers.models.Normalize","path":"3_Normalize"})");
  Write("1_Pooling/config.json", R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false})");
  const auto directory = Read();
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ(directory->pooling, Pooling::kCls);
  EXPECT_THAT(directory->dense_folders, testing::ElementsAre(folder_ / "2_Dense"));
  EXPECT_TRUE(directory->normalize);
}

TEST_F(ModelDirectoryTest, ReadsTheNewerNameOfAPooling) {
  WriteModules();
  Write("1_Pooling/config.json", R"({"pooling_mode":"lasttoken"})");
  EXPECT_EQ(Read()->pooling, Pooling::kLast);
}

TEST_F(ModelDirectoryTest, APlainDirectoryHasNoPoolingOfItsOwnAndIsNormalised) {
  const auto directory = Read();
  ASSERT_TRUE(directory.ok());
  EXPECT_FALSE(directory->pooling.has_value());
  EXPECT_TRUE(directory->normalize);
}

TEST_F(ModelDirectoryTest, ModulesWithoutNormalizeLeaveVectorsAsTheyAre) {
  WriteModules();
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true})");
  EXPECT_FALSE(Read()->normalize);
}

TEST_F(ModelDirectoryTest, RefusesToLowerCaseTheTextByItself) {
  Write("sentence_bert_config.json", R"({"max_seq_length":128,"do_lower_case":false})");
  EXPECT_TRUE(Read().ok());
  Write("sentence_bert_config.json", R"({"max_seq_length":128,"do_lower_case":true})");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(), testing::AllOf(HasSubstr("do_lower_case"), HasSubstr("set it to false")));
}

TEST_F(ModelDirectoryTest, TakesTheLimitFromTheFirstFileThatHasOne) {
  EXPECT_EQ(Read()->max_tokens, 0);
  Write("tokenizer_config.json", R"({"model_max_length":1000000000000000019884624838656})");
  EXPECT_EQ(Read()->max_tokens, 0);
  Write("tokenizer_config.json", R"({"model_max_length":512})");
  EXPECT_EQ(Read()->max_tokens, 512);
  Write("sentence_bert_config.json", R"({"max_seq_length":128})");
  EXPECT_EQ(Read()->max_tokens, 128);
}

TEST_F(ModelDirectoryTest, ReadsPrompts) {
  Write("config_sentence_transformers.json",
        R"({"prompts":{"query":"query: ","passage":"passage: "},"default_prompt_name":"query"})");
  const auto directory = Read();
  EXPECT_EQ(directory->prompts.at("passage"), "passage: ");
  EXPECT_EQ(directory->default_prompt_name, "query");
  Write("config_sentence_transformers.json", R"({"prompts":{},"default_prompt_name":"query"})");
  EXPECT_THAT(Message(), HasSubstr("default_prompt_name"));
}

TEST_F(ModelDirectoryTest, NamesWhatItDoesNotServe) {
  WriteModules(R"(,{"type":"sentence_transformers.models.CNN","path":"2"})");
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true})");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(), HasSubstr("CNN"));
  WriteModules();
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true})");
  EXPECT_THAT(Message(), HasSubstr("more than one pooling"));
  Write("1_Pooling/config.json", R"({"pooling_mode_weightedmean_tokens":true})");
  EXPECT_THAT(Message(), HasSubstr("pooling_mode_weightedmean_tokens"));
}

TEST_F(ModelDirectoryTest, RefusesAPathThatLeavesTheFolder) {
  WriteModules(R"(,{"type":"sentence_transformers.models.Dense","path":"../other"})");
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true})");
  EXPECT_THAT(Message(), HasSubstr("leaves the model's folder"));
}

TEST_F(ModelDirectoryTest, NamesAMissingPoolingFile) {
  WriteModules();
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(), HasSubstr("1_Pooling/config.json"));
}

TEST(ModelDirectoryPathTest, SaysHowToGetAModelWhenThereIsNone) {
  const auto directory = ModelDirectory::Read("/nonexistent/model");
  EXPECT_EQ(directory.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(directory.status().message()), HasSubstr("get-model.sh"));
}

}  // namespace
}  // namespace senvec
