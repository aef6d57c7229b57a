#include "scoring/linear_classifier.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

ClassStatistics StatisticsOf(int32_t dim, const std::vector<float>& rows, const std::vector<std::string>& labels) {
  ClassStatistics statistics(dim);
  for (size_t i = 0; i < labels.size(); ++i) {
    const absl::Status added = statistics.Add(labels[i], absl::MakeConstSpan(rows).subspan(i * static_cast<size_t>(dim), static_cast<size_t>(dim)));
    EXPECT_TRUE(added.ok()) << added;
  }
  return statistics;
}

LinearClassifier Example() {
  const auto statistics = StatisticsOf(2, {0, 0, 1, 0.5f, 4, 4, 5, 4, 8, 0, 9, 1, 9, 0}, {"a", "a", "b", "b", "如何", "如何", "如何"});
  return *LinearClassifier::Fit(statistics, {.shrinkage = 0.2}, {"0123", "4567", "query: "});
}

TEST(LinearClassifierTest, ProbabilitiesEqualScikitLearns) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/classifier.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ((*file)["cases"].size(), 6u);
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    std::vector<std::string> labels;
    for (const auto& label : c["labels"]) labels.push_back(absl::StrCat(label.get<int>()));
    const int32_t dim = c["dim"];
    const auto statistics = StatisticsOf(dim, c["rows"].get<std::vector<float>>(), labels);
    const auto classifier = LinearClassifier::Fit(statistics, {.shrinkage = c["shrinkage"], .uniform_prior = c["uniform_prior"]}, {});
    ASSERT_TRUE(classifier.ok()) << classifier.status();
    const auto queries = c["queries"].get<std::vector<float>>();
    const auto expected = c["probabilities"].get<std::vector<double>>();
    const size_t n = classifier->labels().size();
    for (size_t q = 0; q < queries.size() / static_cast<size_t>(dim); ++q) {
      const auto p = *classifier->Classify(absl::MakeConstSpan(queries).subspan(q * static_cast<size_t>(dim), static_cast<size_t>(dim)));
      for (size_t i = 0; i < n; ++i) {
        // Theirs are in the order of labels, ours in that of appearance.
        const size_t theirs = static_cast<size_t>(std::stoi(classifier->labels()[i]));
        EXPECT_NEAR(p[i], expected[q * n + theirs], 1e-9) << q << " " << i;
      }
    }
  }
}

TEST(LinearClassifierTest, AnOffsetCommonToAllChangesNothing) {
  std::vector<float> rows = {0, 0, 1, 0.5f, 4, 4, 5, 4.25f}, far = rows;
  for (float& value : far) value += 4096;
  const std::vector<std::string> labels = {"a", "a", "b", "b"};
  const auto near_one = *LinearClassifier::Fit(StatisticsOf(2, rows, labels), {}, {});
  const auto far_one = *LinearClassifier::Fit(StatisticsOf(2, far, labels), {}, {});
  EXPECT_NEAR(near_one.Classify(std::vector<float>{2, 2})->at(0), far_one.Classify(std::vector<float>{4098, 4098})->at(0), 1e-9);
}

TEST(LinearClassifierTest, SaysWhatCannotBeFitted) {
  const auto fit = [](const ClassStatistics& statistics, ClassifierOptions options = {}) {
    return LinearClassifier::Fit(statistics, options, {}).status();
  };
  EXPECT_EQ(fit(ClassStatistics(2)).message(), "there are no labelled texts");
  EXPECT_THAT(std::string(fit(StatisticsOf(1, {1, 2}, {"a", "a"})).message()), HasSubstr("all 2 texts have the label \"a\""));
  const absl::Status single = fit(StatisticsOf(2, {0, 0, 1, 1, 2, 0}, {"a", "b", "c"}));
  EXPECT_EQ(single.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(single.message()), HasSubstr("give at least one label two different texts"));
  const auto few = StatisticsOf(3, {0, 0, 0, 1, 1, 1, 2, 0, 0, 0, 1, 0}, {"a", "b", "b", "a"});
  EXPECT_THAT(std::string(fit(few, {.shrinkage = 0}).message()), HasSubstr("or a shrinkage above 0"));
  EXPECT_TRUE(fit(few, {.shrinkage = 0.1}).ok());
  const auto alike = StatisticsOf(2, {0, 0, 0, 0, 1, 1, 1, 1}, {"a", "a", "b", "b"});
  EXPECT_THAT(std::string(fit(alike).message()), HasSubstr("are all alike"));
  EXPECT_THAT(std::string(fit(few, {.shrinkage = NAN}).message()), HasSubstr("shrinkage"));
}

TEST(ClassStatisticsTest, RefusesWhatIsNoLabelledVectorAndAddsNothing) {
  ClassStatistics statistics(2);
  const auto fault = [&](absl::string_view label, std::vector<float> row) {
    return std::string(statistics.Add(label, row).message());
  };
  EXPECT_THAT(fault("", {1, 2}), HasSubstr("empty"));
  EXPECT_THAT(fault("\xff", {1, 2}), HasSubstr("not UTF-8"));
  EXPECT_THAT(fault("a", {1}), HasSubstr("1 values, expected 2"));
  EXPECT_THAT(fault("a", {1, NAN}), HasSubstr("label \"a\" has the value nan"));
  EXPECT_EQ(statistics.count(), 0);
  EXPECT_TRUE(statistics.labels().empty());
}

TEST(LinearClassifierTest, RefusesVectorsOfAnotherSizeOrWithoutAValue) {
  const LinearClassifier classifier = Example();
  EXPECT_FALSE(classifier.Classify(std::vector<float>{1}).ok());
  EXPECT_FALSE(classifier.Classify(std::vector<float>{1, NAN}).ok());
  EXPECT_FALSE(classifier.Classify(std::vector<float>{HUGE_VALF, 1}).ok());
}

class ClassifierFileTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Example().Save(path_).ok());
    bytes_ = *ReadFile(path_);
  }
  absl::Status Load(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return LinearClassifier::Load(path_).status();
  }
  // Puts the checksums right after a change of the content.
  std::string Resealed(std::string bytes) {
    const uint64_t content = Checksum64(absl::string_view(bytes).substr(40));
    std::memcpy(&bytes[24], &content, 8);
    const uint64_t header = Checksum64(absl::string_view(bytes).substr(0, 32));
    std::memcpy(&bytes[32], &header, 8);
    return bytes;
  }

  const TempDir folder_;
  const std::string path_ = folder_ / "intents.svc";
  std::string bytes_;
};

TEST_F(ClassifierFileTest, ComesBackToTheBit) {
  const LinearClassifier made = Example();
  const auto read = LinearClassifier::Load(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->labels(), made.labels());
  EXPECT_EQ(read->counts(), made.counts());
  EXPECT_EQ(read->source().prompt, "query: ");
  EXPECT_EQ(read->source().model_fingerprint, "0123");
  EXPECT_EQ(read->options().shrinkage, 0.2);
  EXPECT_EQ(read->Classify(std::vector<float>{3, 1}).value(), made.Classify(std::vector<float>{3, 1}).value());
}

TEST_F(ClassifierFileTest, EveryCutAndEveryFlippedByteIsFound) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_FALSE(Load(bytes_.substr(0, size)).ok()) << size;
  }
  for (size_t i = 0; i < bytes_.size(); ++i) {
    std::string flipped = bytes_;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    const absl::Status status = Load(flipped);
    EXPECT_FALSE(status.ok()) << i;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  }
}

TEST_F(ClassifierFileTest, AWholeFileThatContradictsItselfIsRefused) {
  const auto fault = [&](const char* from, const char* to) {
    std::string bytes = bytes_;
    const size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    EXPECT_EQ(std::strlen(from), std::strlen(to));
    bytes.replace(at, std::strlen(from), to);
    return std::string(Load(Resealed(bytes)).message());
  };
  EXPECT_THAT(fault("\"a\",\"b\"", "\"a\",\"a\""), HasSubstr("label \"a\" is empty, twice there, or no string"));
  EXPECT_THAT(fault("\"a\",\"b\"", "\"a,b\"  "), HasSubstr("2 labels and 3 counts"));
  EXPECT_THAT(fault("\"counts\":[2", "\"counts\":[0"), HasSubstr("count 0 is none"));
  EXPECT_THAT(fault("\"shrinkage\":0.2", "\"shrinkage\":9.2"), HasSubstr("shrinkage"));
  EXPECT_THAT(fault("\"prompt\"", "\"promtp\""), HasSubstr("\"prompt\" is missing"));
  std::string nan = bytes_;
  const double value = NAN;
  std::memcpy(&nan[nan.size() - 8], &value, 8);
  EXPECT_THAT(std::string(Load(Resealed(nan)).message()), HasSubstr("holds the value nan"));
  std::string newer = bytes_;
  newer[8] = 2;
  const absl::Status status = Load(Resealed(newer));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has version 2"));
  EXPECT_EQ(LinearClassifier::Load(folder_ / "none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
