// What must hold for every precision, length, batch and number of threads.
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "encoder/sentence_encoder.h"
#include "encoder/weights/safetensors_writer.h"
#include "tests/support/temp_dir.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// This program's own allocator: the C library's, counted.
namespace {
std::atomic<int64_t> allocation_count{0};
}  // namespace
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void* malloc(size_t size) {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
}
int64_t CountAllocations() { return allocation_count.load(); }
#else
int64_t CountAllocations() { return 0; }
#endif

namespace senvec {
namespace {

namespace fs = std::filesystem;

// A BERT with 512 positions, 2 blocks, 32 wide, and random weights of the size that training gives.
class EncodePropertyTest : public testing::TestWithParam<const char*> {
 protected:
  static constexpr int64_t kHidden = 32, kInner = 64, kVocab = 100, kPositions = 512, kLayers = 2;

  void SetUp() override {
    const nlohmann::json config = {
        {"model_type", "bert"},        {"vocab_size", kVocab},
        {"hidden_size", kHidden},      {"num_hidden_layers", kLayers},
        {"num_attention_heads", 4},    {"intermediate_size", kInner},
        {"hidden_act", "gelu"},        {"max_position_embeddings", kPositions},
        {"type_vocab_size", 2},        {"layer_norm_eps", 1e-12},
        {"pad_token_id", 0}};
    ASSERT_TRUE(WriteFileAtomically(folder_ / "config.json", config.dump()).ok());
    std::string vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (int i = 5; i < kVocab; ++i) vocab += "w" + std::to_string(i) + "\n";
    ASSERT_TRUE(WriteFileAtomically(folder_ / "vocab.txt", vocab).ok());
    ASSERT_TRUE(WriteFileAtomically(folder_ / "tokenizer_config.json", R"({"do_lower_case":true})").ok());
    AddTensors();
    ASSERT_TRUE(WriteSafetensors(folder_ / "model.safetensors", tensors_, {}).ok());
  }

  void Add(const std::string& name, std::vector<int64_t> shape, float mean, float deviation) {
    int64_t size = 1;
    for (int64_t length : shape) size *= length;
    std::normal_distribution<float> normal(mean, deviation);
    data_.emplace_back(size);
    for (float& value : data_.back()) value = normal(engine_);
    tensors_.push_back({name, DType::kF32, std::move(shape),
                        {reinterpret_cast<const char*>(data_.back().data()), size * sizeof(float)}});
  }
  void AddNorm(const std::string& name) {
    Add(name + ".weight", {kHidden}, 1, 0.1f);
    Add(name + ".bias", {kHidden}, 0, 0.1f);
  }
  void AddLinear(const std::string& name, int64_t out, int64_t in) {
    Add(name + ".weight", {out, in}, 0, 1 / std::sqrt(static_cast<float>(in)));
    Add(name + ".bias", {out}, 0, 0.1f);
  }
  void AddTensors() {
    data_.reserve(100);  // what tensors_ points into stays in place
    Add("embeddings.word_embeddings.weight", {kVocab, kHidden}, 0, 1);
    Add("embeddings.position_embeddings.weight", {kPositions, kHidden}, 0, 0.3f);
    Add("embeddings.token_type_embeddings.weight", {2, kHidden}, 0, 0.3f);
    AddNorm("embeddings.LayerNorm");
    for (int64_t i = 0; i < kLayers; ++i) {
      const std::string layer = "encoder.layer." + std::to_string(i) + ".";
      for (const char* part : {"query", "key", "value"}) AddLinear(layer + "attention.self." + part, kHidden, kHidden);
      AddLinear(layer + "attention.output.dense", kHidden, kHidden);
      AddNorm(layer + "attention.output.LayerNorm");
      AddLinear(layer + "intermediate.dense", kInner, kHidden);
      AddLinear(layer + "output.dense", kHidden, kInner);
      AddNorm(layer + "output.LayerNorm");
    }
  }

  std::unique_ptr<SentenceEncoder> Load(ThreadPool* pool, Pooling pooling = Pooling::kMean) {
    auto encoder = SentenceEncoder::Load(folder_.path(), {.pooling = pooling, .precision = GetParam()}, pool);
    EXPECT_TRUE(encoder.ok()) << encoder.status();
    return encoder.ok() ? *std::move(encoder) : nullptr;
  }
  Encoding Sentence(size_t length) {
    Encoding encoding;
    std::uniform_int_distribution<int32_t> id(0, kVocab - 1);
    for (size_t i = 0; i < length; ++i) {
      encoding.ids.push_back(id(engine_));
      encoding.type_ids.push_back(0);
    }
    return encoding;
  }
  static std::vector<float> Encode(const SentenceEncoder& encoder, const std::vector<const Encoding*>& sentences) {
    std::vector<float> rows(sentences.size() * encoder.info().dim);
    EXPECT_TRUE(encoder.Encode(sentences, {}, absl::MakeSpan(rows)).ok());
    return rows;
  }

  const TempDir folder_;
  std::mt19937 engine_{7};
  std::vector<std::vector<float>> data_;
  std::vector<TensorView> tensors_;
};

INSTANTIATE_TEST_SUITE_P(Precisions, EncodePropertyTest, testing::Values("fp32", "bf16", "int8"),
                         [](const auto& precision) { return std::string(precision.param); });

TEST_P(EncodePropertyTest, BitsAreTheSentencesOwnForEveryLengthAndBatch) {
  ThreadPool one(1), three(3);
  for (Pooling pooling : {Pooling::kMean, Pooling::kCls}) {
    const auto alone = Load(&one, pooling), shared = Load(&three, pooling);
    std::vector<Encoding> sentences;
    for (size_t length : {1, 2, 3, 13, 14, 15, 16, 17, 31, 64, 65, 127, 200, 383, 511, 512}) {
      sentences.push_back(Sentence(length));
    }
    std::vector<std::vector<float>> expected;
    for (const Encoding& sentence : sentences) expected.push_back(Encode(*alone, {&sentence}));
    std::uniform_int_distribution<size_t> any(0, sentences.size() - 1);
    for (size_t size : {1, 2, 3, 17, 100, 1000}) {
      std::vector<size_t> picks;
      std::vector<const Encoding*> batch;
      for (size_t i = 0; i < size; ++i) {
        // Long ones are rare in the largest batch, so that it stays quick.
        picks.push_back(size < 1000 || i % 50 == 0 ? any(engine_) : i % 8);
        batch.push_back(&sentences[picks.back()]);
      }
      const std::vector<float> rows = Encode(*shared, batch);
      for (size_t i = 0; i < size; ++i) {
        ASSERT_EQ(std::memcmp(rows.data() + i * kHidden, expected[picks[i]].data(), kHidden * sizeof(float)), 0)
            << "batch of " << size << ", sentence of " << batch[i]->ids.size();
      }
      for (float value : rows) ASSERT_TRUE(std::isfinite(value));
    }
  }
}

TEST_P(EncodePropertyTest, ExtremeWeightsGiveFiniteVectors) {
  // Embeddings and projections a thousand times larger than training leaves them: softmax saturates, norms bring back.
  for (size_t i = 0; i < data_.size(); ++i) {
    if (tensors_[i].name.find("LayerNorm") != std::string::npos) continue;
    for (float& value : data_[i]) value *= 1000;
  }
  ASSERT_TRUE(WriteSafetensors(folder_ / "model.safetensors", tensors_, {}).ok());
  ThreadPool pool(1);
  const auto encoder = Load(&pool);
  const Encoding short_one = Sentence(1), long_one = Sentence(300);
  for (float value : Encode(*encoder, {&short_one, &long_one})) EXPECT_TRUE(std::isfinite(value)) << value;
}

TEST_P(EncodePropertyTest, EncodingAgainAllocatesNothing) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's allocator is its own";
#endif
  for (int threads : {1, 2}) {
    ThreadPool pool(threads);
    const auto encoder = Load(&pool);
    std::vector<Encoding> sentences;
    std::vector<const Encoding*> batch;
    for (size_t i = 0; i < 60; ++i) sentences.push_back(Sentence(1 + i * 7 % 90));
    for (const Encoding& sentence : sentences) batch.push_back(&sentence);
    std::vector<float> rows(batch.size() * kHidden);
    const auto encode = [&](size_t count) {
      ASSERT_TRUE(encoder->Encode(absl::MakeConstSpan(batch).first(count), {}, absl::MakeSpan(rows).first(count * kHidden)).ok());
    };
    // Which thread takes which chunk is chance, so that a buffer may meet its largest chunk late; but the day comes.
    int quiet_rounds = 0;
    for (int round = 0; round < 2000 && quiet_rounds < 20; ++round) {
      const int64_t before = CountAllocations();
      encode(60);
      encode(1);
      quiet_rounds = CountAllocations() == before ? quiet_rounds + 1 : 0;
    }
    EXPECT_EQ(quiet_rounds, 20) << threads << " threads";
  }
}

}  // namespace
}  // namespace senvec
