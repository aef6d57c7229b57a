// Whole tasks beside sentence-transformers' evaluators, on vectors whose products are exact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/json.h"
#include "eval/sentence_vectors.h"
#include "eval/task.h"

namespace senvec {
namespace {

// An encoder whose texts are numbers of rows.
class LookupEncoder : public SentenceEncoder {
 public:
  explicit LookupEncoder(const nlohmann::json& made) : dim_(made["dim"].get<int32_t>()) {
    info_.dim = dim_;
    info_.fingerprint = "lookup";
    for (const auto& sixteenths : made["rows"]) rows_.push_back(sixteenths.get<float>() / 16);
  }
  const ModelInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { std::abort(); }
  absl::StatusOr<std::string> Prompt(absl::string_view) const override { return std::string(); }
  absl::StatusOr<Encoding> Tokenize(absl::string_view, absl::string_view, int32_t) const override { return Encoding(); }
  absl::Status Encode(absl::Span<const Encoding* const>, const EncodeOptions&, absl::Span<float>) const override {
    return absl::UnimplementedError("not asked for");
  }
  absl::StatusOr<TextsResult> EncodeTexts(absl::Span<const std::string> texts, absl::string_view, const EncodeOptions&) const override {
    TextsResult result;
    for (const std::string& text : texts) {
      const auto row = rows_.begin() + std::atoi(text.c_str()) * dim_;
      result.rows.insert(result.rows.end(), row, row + dim_);
    }
    result.num_tokens.resize(texts.size(), 1);
    result.num_truncated.resize(texts.size());
    return result;
  }

 private:
  const int32_t dim_;
  ModelInfo info_;
  std::vector<float> rows_;
};

class EvaluatorsTest : public ::testing::Test {
 protected:
  EvaluatorsTest() : file_(*ReadJsonFile(std::string(SENVEC_SOURCE_DIR) + "/eval/measures/testdata/evaluators.json")), pool_(1) {}

  std::vector<ScoredPair> Pairs(const nlohmann::json& made, const char* labels) {
    std::vector<ScoredPair> pairs;
    for (size_t i = 0; i < made["pairs"].size(); ++i) {
      pairs.push_back({made["pairs"][i][0].dump(), made["pairs"][i][1].dump(), made[labels][i].get<double>()});
    }
    return pairs;
  }
  TaskContext Context(SentenceVectors& vectors) {
    TaskContext context;
    context.vectors = &vectors;
    context.pool = &pool_;
    context.search_whitening = false;
    context.resamples = 2;
    return context;
  }

  const nlohmann::json file_;
  ThreadPool pool_;
};

TEST_F(EvaluatorsTest, PairsAgreeWithTheSimilarityAndTheClassificationEvaluator) {
  for (const auto& made : file_["cases"]) {
    SCOPED_TRACE(made["name"]);
    const LookupEncoder encoder(made);
    SentenceVectors vectors(encoder, "", nullptr);
    const auto graded = RunPairTask({}, {}, Pairs(made, "graded"), Context(vectors));
    ASSERT_TRUE(graded.ok()) << graded.status();
    const auto& correlation = graded->report["correlation"];
    EXPECT_NEAR(correlation["spearman"].get<double>(), made["spearman"].get<double>(), 1e-9);
    EXPECT_NEAR(correlation["pearson"].get<double>(), made["pearson"].get<double>(), 1e-9);
    const auto binary = RunPairTask({}, {}, Pairs(made, "binary"), Context(vectors));
    ASSERT_TRUE(binary.ok()) << binary.status();
    const auto& decision = binary->report["decision"];
    EXPECT_NEAR(decision["average_precision"].get<double>(), made["average_precision"].get<double>(), 1e-9);
    for (const char* goal : {"accuracy", "f1"}) {
      EXPECT_NEAR(decision["thresholds"][goal]["test"][goal].get<double>(), made[goal].get<double>(), 1e-9) << goal;
      EXPECT_NEAR(made[goal].get<double>(), made[std::string("their_") + goal].get<double>(), 1e-9) << goal;
    }
  }
}

TEST_F(EvaluatorsTest, RetrievalAgreesWithTheInformationRetrievalEvaluator) {
  for (const auto& made : file_["cases"]) {
    SCOPED_TRACE(made["name"]);
    const LookupEncoder encoder(made);
    const int n = static_cast<int>(made["rows"].size()) / made["dim"].get<int>();
    RetrievalSet set;
    for (int i = 0; i < n; ++i) {
      const std::string text = std::to_string(i);
      (i < n / 2 ? set.documents : set.queries).push_back({text, text});
    }
    for (const auto& [query, documents] : made["relevant"].items()) {
      for (const auto& document : documents) set.judgments.push_back({std::stoi(query) - n / 2, document.get<int64_t>(), 1.0});
    }
    SentenceVectors vectors(encoder, "", nullptr);
    const auto result = RunRetrievalTask({}, set, Context(vectors));
    ASSERT_TRUE(result.ok()) << result.status();
    const auto& at = result->report["retrieval"]["at"];
    const std::pair<const char*, double> expected[] = {{"hit_1", at["1"]["hit"]}, {"hit_10", at["10"]["hit"]}, {"recall_10", at["10"]["recall"]},
                                                       {"recall_100", at["100"]["recall"]}, {"mrr_10", at["10"]["mrr"]}, {"ndcg_10", at["10"]["ndcg"]},
                                                       {"map_100", at["100"]["map"]}};
    for (const auto& [name, ours] : expected) EXPECT_NEAR(ours, made[name].get<double>(), 1e-9) << name;
  }
}

}  // namespace
}  // namespace senvec
