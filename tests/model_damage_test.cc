// A model directory with one bit flipped somewhere: an error that names the file, or a model that loads and works. Never a
// crash. (Weights have no checksum: a flip in one is another weight.)
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "encoder/sentence_encoder.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace senvec {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr char kTokenizerJson[] = R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[
{"id":0,"content":"[PAD]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
{"id":2,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
"pre_tokenizer":{"type":"BertPreTokenizer"},
"post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},"decoder":null,
"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
"vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"reset":4,"##ting":5,"a":6}}})";

class ModelDamageTest : public testing::Test {
 protected:
  ModelDamageTest() {
    MakeTinyModel(model_);
    std::filesystem::remove(JoinPath(model_, "vocab.txt"));
    Write("tokenizer.json", kTokenizerJson);
  }
  void Write(const std::string& name, const std::string& bytes) {
    // Many times a test, so that nothing is synced.
    std::ofstream(JoinPath(model_, name), std::ios::binary) << bytes;
  }
  std::string Read(const std::string& name) const { return *ReadFile(JoinPath(model_, name)); }

  // The status of loading, and of encoding once that worked.
  absl::Status LoadAndEncode() {
    const auto encoder = SentenceEncoder::Load(model_, {}, &pool_);
    if (!encoder.ok()) return encoder.status();
    const auto result = (*encoder)->EncodeTexts({"resetting a reset?", "a"}, "", {});
    EXPECT_TRUE(result.ok()) << result.status();
    return absl::OkStatus();
  }
  // Flips one bit of each `step`-th byte in [begin, end).
  void FlipBits(const std::string& name, size_t begin, size_t end, size_t step) {
    const std::string whole = Read(name);
    end = std::min(end, whole.size());
    for (size_t i = begin; i < end; i += step) {
      std::string damaged = whole;
      damaged[i] ^= static_cast<char>(1 << (i / step % 8));
      Write(name, damaged);
      const absl::Status status = LoadAndEncode();
      if (status.ok()) continue;
      // A tensor with another name or shape may be the configuration's fault as well.
      EXPECT_THAT(std::string(status.message()), AnyOf(HasSubstr(name), HasSubstr("the weights do not fit config.json")))
          << "byte " << i;
      EXPECT_TRUE(absl::IsInvalidArgument(status) || absl::IsUnimplemented(status)) << status << ", byte " << i;
    }
    Write(name, whole);
  }

  const TempDir folder_;
  const std::string model_ = folder_ / "model";
  ThreadPool pool_{1};
};

TEST_F(ModelDamageTest, TheWholeModelLoads) { EXPECT_TRUE(LoadAndEncode().ok()); }

TEST_F(ModelDamageTest, BitFlipsInTokenizerJson) { FlipBits("tokenizer.json", 0, std::string::npos, 5); }

TEST_F(ModelDamageTest, BitFlipsInTheHeadOfTheWeights) {
  const std::string bytes = Read("model.safetensors");
  FlipBits("model.safetensors", 0, 8 + static_cast<unsigned char>(bytes[0]) + 256u * static_cast<unsigned char>(bytes[1]), 7);
}

TEST_F(ModelDamageTest, BitFlipsInTheWeights) { FlipBits("model.safetensors", 8192, std::string::npos, 1999); }

TEST_F(ModelDamageTest, BitFlipsInConfigJson) { FlipBits("config.json", 0, std::string::npos, 5); }

TEST_F(ModelDamageTest, CutFilesAreRefusedByName) {
  for (const char* name : {"tokenizer.json", "model.safetensors", "config.json"}) {
    const std::string whole = Read(name);
    for (size_t length = 0; length + 2 < whole.size(); length += 1 + whole.size() / 40) {
      Write(name, whole.substr(0, length));
      const absl::Status status = LoadAndEncode();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name << ", " << length << " bytes: " << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr(name));
    }
    Write(name, whole);
  }
}

TEST_F(ModelDamageTest, AnEmptyOrForeignTokenizerIsRefusedByName) {
  for (const char* json : {"", "{}", "[]", "null", R"({"model":{"type":"BPE","vocab":{},"merges":[]}})"}) {
    Write("tokenizer.json", json);
    const absl::Status status = LoadAndEncode();
    EXPECT_FALSE(status.ok()) << json;
    EXPECT_THAT(std::string(status.message()), HasSubstr("tokenizer.json")) << json;
  }
}

}  // namespace
}  // namespace senvec
