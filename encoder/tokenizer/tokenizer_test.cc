#include "encoder/tokenizer/tokenizer.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "encoder/tokenizer/pipeline_tokenizer.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

std::string Folder(const std::string& name) { return std::string(SENVEC_TESTDATA) + "/" + name; }

std::string BytesOf(const nlohmann::json& list) {
  std::string bytes;
  for (int byte : list) bytes.push_back(static_cast<char>(byte));
  return bytes;
}

// The folders that scripts/make_tokenizer_vectors.py writes with the Hugging Face library.
class TokenizerTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto tokenizer = Tokenizer::FromDirectory(Folder(GetParam()));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
    expected_ = *ReadJsonFile(Folder(GetParam()) + "/expected.json");
  }
  std::unique_ptr<const Tokenizer> tokenizer_;
  nlohmann::json expected_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, TokenizerTest,
                         testing::Values("bert_uncased", "bert_cased", "bert_accents", "bert_vocab_txt", "unigram",
                                         "unigram_whitespace_split"),
                         [](const auto& folder) { return std::string(folder.param); });

TEST_P(TokenizerTest, IdsAndOffsetsEqualTheLibrarys) {
  for (const auto& entry : expected_["texts"]) {
    const std::string text = BytesOf(entry["text"]);
    const Encoding encoding = tokenizer_->Encode(text, {.want_offsets = true});
    ASSERT_EQ(encoding.ids, entry["ids"].get<std::vector<int32_t>>()) << text;
    ASSERT_EQ(encoding.type_ids, std::vector<int32_t>(encoding.ids.size(), 0));
    ASSERT_EQ(encoding.offsets.size(), encoding.ids.size());
    if (!entry.contains("offsets")) continue;
    for (size_t i = 0; i < encoding.ids.size(); ++i) {
      const ByteSpan span = {entry["offsets"][i][0], entry["offsets"][i][1]};
      EXPECT_EQ(encoding.offsets[i], span) << text << " token " << i;
    }
  }
}

TEST_P(TokenizerTest, PairsAreJoinedAndCutAsTheLibraryDoes) {
  for (const auto& entry : expected_["pairs"]) {
    const Encoding encoding = tokenizer_->EncodePair(entry["first"].get<std::string>(), entry["second"].get<std::string>(),
                                                     {.max_tokens = entry["max_tokens"]});
    EXPECT_EQ(encoding.ids, entry["ids"].get<std::vector<int32_t>>()) << entry["first"] << " " << entry["max_tokens"];
    EXPECT_EQ(encoding.type_ids, entry["type_ids"].get<std::vector<int32_t>>());
  }
}

TEST_P(TokenizerTest, OffsetsStayInsideTheTextAndDoNotGoBack) {
  for (const auto& entry : expected_["texts"]) {
    const std::string text = BytesOf(entry["text"]);
    const Encoding encoding = tokenizer_->Encode(text, {.add_special_tokens = false, .want_offsets = true});
    uint32_t last = 0;
    for (const ByteSpan& span : encoding.offsets) {
      EXPECT_LE(span.begin, span.end);
      EXPECT_LE(span.end, text.size());
      EXPECT_GE(span.begin, last) << text;
      last = span.begin;
    }
  }
}

TEST_P(TokenizerTest, CountsTheTokensThatItCuts) {
  const std::string text = "How do I reset my password?";
  const size_t whole = tokenizer_->Encode(text, {}).ids.size();
  const Encoding cut = tokenizer_->Encode(text, {.max_tokens = 5});
  EXPECT_EQ(cut.ids.size(), 5u);
  EXPECT_EQ(cut.num_truncated, static_cast<int32_t>(whole) - 5);
  EXPECT_EQ(cut.ids.back(), tokenizer_->Encode("", {}).ids.back());  // the closing token stays
}

TEST_P(TokenizerTest, TokensAndIdsReadBack) {
  int32_t known = 0;
  for (int32_t id = 0; id < tokenizer_->vocab_size(); ++id) {
    const std::string token = tokenizer_->IdToToken(id);
    ASSERT_FALSE(token.empty()) << id;
    known += tokenizer_->TokenToId(token) == id;
  }
  EXPECT_EQ(known, tokenizer_->vocab_size());
  EXPECT_EQ(tokenizer_->TokenToId("no such token"), -1);
  EXPECT_EQ(tokenizer_->IdToToken(-1), "");
  EXPECT_EQ(tokenizer_->IdToToken(1 << 30), "");
}

TEST_P(TokenizerTest, ThreadsShareIt) {
  const std::vector<int32_t> expected = tokenizer_->Encode("The printer says \"paper jam\"!", {}).ids;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_EQ(tokenizer_->Encode("The printer says \"paper jam\"!", {}).ids, expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(TokenizerTest, AMegabyteOfDotsIsTokenised) {
  const Encoding encoding = tokenizer_->Encode(std::string(1 << 20, '.'), {.max_tokens = 8});
  EXPECT_EQ(encoding.ids.size(), 8u);
  EXPECT_GT(encoding.num_truncated, 0);
}

struct LengthCase {
  const char* name;
  size_t first, second, limit;
  size_t kept_first, kept_second;
};
class LongestFirstTest : public testing::TestWithParam<LengthCase> {};
TEST_P(LongestFirstTest, CutsTheLongerFirst) {
  const auto& [name, first, second, limit, kept_first, kept_second] = GetParam();
  const PairLengths kept = LongestFirst(first, second, limit);
  EXPECT_EQ(kept.first, kept_first);
  EXPECT_EQ(kept.second, kept_second);
}
INSTANTIATE_TEST_SUITE_P(Cases, LongestFirstTest,
                         testing::Values(LengthCase{"both_fit", 3, 4, 7, 3, 4}, LengthCase{"second_longer", 3, 9, 8, 3, 5},
                                         LengthCase{"first_longer", 9, 3, 8, 5, 3},
                                         LengthCase{"both_too_long", 9, 9, 7, 3, 4},
                                         LengthCase{"no_room", 2, 2, 0, 0, 0}),
                         [](const auto& lengths) { return lengths.param.name; });

class TokenizerErrorTest : public testing::Test {
 protected:
  static nlohmann::json Whole() { return *ReadJsonFile(Folder("bert_uncased") + "/tokenizer.json"); }
  static absl::Status Load(const nlohmann::json& json) {
    return Tokenizer::FromJson(json.dump(), "tokenizer.json").status();
  }
};

TEST_F(TokenizerErrorTest, NamesAComponentThatIsNotServed) {
  struct Case {
    const char* key;
    const char* type;
  };
  for (const Case& c : {Case{"normalizer", "NFKD"}, Case{"pre_tokenizer", "ByteLevel"}, Case{"model", "BPE"},
                        Case{"post_processor", "ByteLevel"}}) {
    nlohmann::json json = Whole();
    json[c.key]["type"] = c.type;
    const absl::Status status = Load(json);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
    EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr("tokenizer.json"), HasSubstr(c.type)));
  }
}

TEST_F(TokenizerErrorTest, NamesWhatIsMissingOrWrong) {
  nlohmann::json json = Whole();
  json["model"].erase("vocab");
  EXPECT_THAT(std::string(Load(json).message()), HasSubstr("vocab"));
  json = Whole();
  json["model"]["unk_token"] = "<none>";
  EXPECT_THAT(std::string(Load(json).message()), HasSubstr("<none>"));
  json = Whole();
  json["post_processor"]["special_tokens"]["[CLS]"]["ids"] = {1000000};
  EXPECT_THAT(std::string(Load(json).message()), HasSubstr("1000000"));
  json = Whole();
  json["added_tokens"][0]["id"] = -3;
  EXPECT_THAT(std::string(Load(json).message()), HasSubstr("-3"));
}

TEST_F(TokenizerErrorTest, ACutFileIsAnError) {
  const std::string text = *ReadFile(Folder("bert_uncased") + "/tokenizer.json");
  for (size_t size = 0; size + 1 < text.size(); size += 37) {
    EXPECT_EQ(Tokenizer::FromJson(text.substr(0, size), "t").status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
}

// Whatever a flipped bit does, the tokenizer either refuses the file or works.
TEST_F(TokenizerErrorTest, AFlippedBitNeverCrashes) {
  for (const char* name : {"bert_uncased", "unigram"}) {
    const std::string text = *ReadFile(Folder(name) + "/tokenizer.json");
    for (size_t i = 0; i < text.size(); i += 1 + text.size() / 150) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 7)));
      const auto tokenizer = Tokenizer::FromJson(damaged, "t");
      if (!tokenizer.ok()) continue;
      EXPECT_LE((*tokenizer)->Encode("The printer \xE6\x89\x93 e\xCC\x81 \xEF\xBC\xA1", {.max_tokens = 6}).ids.size(), 6u);
    }
  }
}

TEST_F(TokenizerErrorTest, SaysWhatADirectoryLacks) {
  const TempDir folder;
  const absl::Status status = Tokenizer::FromDirectory(folder.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("tokenizer.json nor vocab.txt"));
}

TEST_F(TokenizerErrorTest, RefusesATokenizerThatNeedsAWordDictionary) {
  const TempDir folder;
  ASSERT_TRUE(WriteFileAtomically(folder / "vocab.txt", "[UNK]\n[CLS]\n[SEP]\n").ok());
  ASSERT_TRUE(WriteFileAtomically(folder / "tokenizer_config.json", R"({"tokenizer_class":"RoFormerTokenizer"})").ok());
  EXPECT_EQ(Tokenizer::FromDirectory(folder.path()).status().code(), absl::StatusCode::kUnimplemented);
}

TEST(TokenizerRobertaTest, PairHasTwoSeparatorsAndOneType) {
  nlohmann::json json = *ReadJsonFile(Folder("bert_uncased") + "/tokenizer.json");
  json["post_processor"] = {{"type", "RobertaProcessing"}, {"sep", {"[SEP]", 3}}, {"cls", {"[CLS]", 2}}};
  const auto tokenizer = Tokenizer::FromJson(json.dump(), "t");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const Encoding encoding = (*tokenizer)->EncodePair("", "", {});
  EXPECT_THAT(encoding.ids, testing::ElementsAre(2, 3, 3, 3));
  EXPECT_THAT(encoding.type_ids, testing::Each(0));
}

}  // namespace
}  // namespace senvec
