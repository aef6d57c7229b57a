#include "encoder/whitening/whitening.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/json.h"

namespace senvec {
namespace {

using testing::HasSubstr;

std::vector<float> Random(size_t n, uint32_t seed, float shift = 0) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(shift, 1);
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

std::vector<float> Apply(const Whitening& whitening, absl::Span<const float> rows) {
  std::vector<float> out(rows.size() / whitening.input_dim() * whitening.output_dim());
  whitening.Apply(rows, absl::MakeSpan(out));
  return out;
}

double Dot(const std::vector<float>& rows, int64_t dim, int64_t a, int64_t b) {
  double sum = 0;
  for (int64_t d = 0; d < dim; ++d) sum += double{rows[a * dim + d]} * rows[b * dim + d];
  return sum;
}

TEST(WhiteningTest, InnerProductsAndEigenvaluesEqualNumpys) {
  const auto reference = *ReadJsonFile(std::string(SENVEC_TESTDATA) + "/whitening.json");
  std::vector<float> rows;
  for (const auto& row : reference["rows"]) {
    for (double value : row) rows.push_back(static_cast<float>(value));
  }
  WhiteningStatistics statistics(6);
  ASSERT_TRUE(statistics.Add(rows).ok());
  for (const auto& expected : reference["cases"]) {
    const WhiteningOptions options = {.k = expected["k"], .beta = expected["beta"], .gamma = expected["gamma"]};
    const auto whitening = Whitening::Fit(statistics, options, "model");
    ASSERT_TRUE(whitening.ok()) << whitening.status();
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_NEAR(whitening->eigenvalues()[i], expected["eigenvalues"][i].get<double>(), 1e-10);
    }
    const std::vector<float> out = Apply(*whitening, rows);
    for (int64_t a = 0; a < 8; ++a) {
      for (int64_t b = 0; b < 8; ++b) {
        const double gram = expected["gram"][a][b];
        EXPECT_NEAR(Dot(out, options.k, a, b), gram, 2e-5 * (1 + std::abs(gram))) << options.k << " " << a << " " << b;
      }
    }
  }
}

TEST(WhiteningTest, FullWhiteningGivesZeroMeanAndUnitCovariance) {
  const int32_t dim = 12;
  auto rows = Random(2000 * dim, 1, 3);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] *= 1 + static_cast<float>(i % dim);
  WhiteningStatistics statistics(dim);
  ASSERT_TRUE(statistics.Add(rows).ok());
  const auto whitening = Whitening::Fit(statistics, {}, "model");
  ASSERT_TRUE(whitening.ok());
  WhiteningStatistics after(dim);
  ASSERT_TRUE(after.Add(Apply(*whitening, rows)).ok());
  const std::vector<double> covariance = after.Covariance(1);
  for (int32_t i = 0; i < dim; ++i) {
    EXPECT_NEAR(after.mean()[i], 0, 1e-4);
    for (int32_t j = 0; j < dim; ++j) EXPECT_NEAR(covariance[i * dim + j], i == j, 1e-4);
  }
}

// METHODS 1.4: Σ_β = Σ_1 + (1−β)² μᵀμ, against the sum that defines Σ_β.
TEST(WhiteningStatisticsTest, TheCovarianceOfAnyBetaIsTheSumThatDefinesIt) {
  const int32_t dim = 9;
  const int64_t n = 400;
  const auto rows = Random(n * dim, 4, 2);
  WhiteningStatistics statistics(dim);
  ASSERT_TRUE(statistics.Add(rows).ok());
  const std::vector<double>& mean = statistics.mean();
  for (double beta : {1.0, 0.75, 0.5, 0.0, -0.5, 1.5}) {
    const std::vector<double> covariance = statistics.Covariance(beta);
    for (int32_t i = 0; i < dim; ++i) {
      for (int32_t j = 0; j < dim; ++j) {
        double sum = 0;
        for (int64_t r = 0; r < n; ++r) sum += (rows[r * dim + i] - beta * mean[i]) * (rows[r * dim + j] - beta * mean[j]);
        EXPECT_NEAR(covariance[i * dim + j], sum / static_cast<double>(n), 1e-9) << beta << " " << i << " " << j;
      }
    }
  }
}

TEST(WhiteningTest, BetaAndGammaOfZeroWithAllComponentsLeaveEveryCosine) {
  const int32_t dim = 16;
  const int64_t n = 60;
  const auto rows = Random(n * dim, 5, 1);
  WhiteningStatistics statistics(dim);
  ASSERT_TRUE(statistics.Add(rows).ok());
  const auto whitening = Whitening::Fit(statistics, {.k = 0, .beta = 0, .gamma = 0}, "model");
  ASSERT_TRUE(whitening.ok());
  const std::vector<float> out = Apply(*whitening, rows);
  for (int64_t a = 0; a < n; ++a) {
    for (int64_t b = 0; b < n; ++b) {
      const auto cosine = [&](const std::vector<float>& of) {
        return Dot(of, dim, a, b) / std::sqrt(Dot(of, dim, a, a) * Dot(of, dim, b, b));
      };
      EXPECT_NEAR(cosine(out), cosine(rows), 1e-6);
    }
  }
}

TEST(WhiteningStatisticsTest, PartsMergeToTheWhole) {
  const int32_t dim = 7;
  const auto rows = Random(1500 * dim, 2, 100);
  WhiteningStatistics whole(dim), first(dim), second(dim);
  ASSERT_TRUE(whole.Add(rows).ok());
  ASSERT_TRUE(first.Add(absl::MakeConstSpan(rows).subspan(0, 13 * dim)).ok());
  ASSERT_TRUE(second.Add(absl::MakeConstSpan(rows).subspan(13 * dim)).ok());
  ASSERT_TRUE(first.Merge(second).ok());
  EXPECT_EQ(first.count(), 1500);
  for (double beta : {1.0, 0.4, 0.0}) {
    const auto expected = whole.Covariance(beta), merged = first.Covariance(beta);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(merged[i], expected[i], 1e-10 * std::abs(expected[i]) + 1e-9);
  }
}

TEST(WhiteningStatisticsTest, RefusesWhatIsNotFiniteAndKeepsWhatItHas) {
  WhiteningStatistics statistics(2);
  ASSERT_TRUE(statistics.Add({1.0f, 2.0f}).ok());
  const absl::Status status = statistics.Add({1.0f, 2.0f, 3.0f, std::numeric_limits<float>::quiet_NaN()});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("row 1, column 1"));
  EXPECT_EQ(statistics.count(), 1);
  EXPECT_EQ(statistics.Add({1.0f}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(statistics.Merge(WhiteningStatistics(3)).code(), absl::StatusCode::kInvalidArgument);
}

TEST(WhiteningTest, RankDeficientDataStayFinite) {
  const int32_t dim = 8;
  auto rows = Random(200 * dim, 3);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i % dim >= 4) rows[i] = rows[i - 4];  // four of eight dimensions repeat the others
  }
  WhiteningStatistics statistics(dim);
  ASSERT_TRUE(statistics.Add(rows).ok());
  const auto whitening = Whitening::Fit(statistics, {}, "model");
  ASSERT_TRUE(whitening.ok()) << whitening.status();
  for (float value : Apply(*whitening, rows)) {
    ASSERT_TRUE(std::isfinite(value));
    ASSERT_LT(std::abs(value), 100);  // rounding noise in the empty directions is not blown up
  }
}

TEST(WhiteningTest, RefusesTooFewOrEqualVectors) {
  WhiteningStatistics statistics(2);
  ASSERT_TRUE(statistics.Add({1.0f, 2.0f}).ok());
  EXPECT_EQ(Whitening::Fit(statistics, {}, "m").status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(statistics.Add({1.0f, 2.0f}).ok());
  EXPECT_EQ(Whitening::Fit(statistics, {}, "m").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(WhiteningTest, ARowsBitsDependOnThatRowAlone) {
  const auto rows = Random(50 * 16, 4);
  WhiteningStatistics statistics(16);
  ASSERT_TRUE(statistics.Add(rows).ok());
  const auto whitening = Whitening::Fit(statistics, {.k = 5}, "model");
  const std::vector<float> all = Apply(*whitening, rows);
  const std::vector<float> one = Apply(*whitening, absl::MakeConstSpan(rows).subspan(17 * 16, 16));
  EXPECT_EQ(one, std::vector<float>(all.begin() + 17 * 5, all.begin() + 18 * 5));
}

TEST(WhiteningTest, RefusesAnotherModelAndSaysWhatToDo) {
  WhiteningStatistics statistics(2);
  ASSERT_TRUE(statistics.Add({1.0f, 2.0f, 3.0f, -1.0f}).ok());
  const auto whitening = Whitening::Fit(statistics, {}, "aaaa");
  EXPECT_TRUE(whitening->CheckModel("aaaa").ok());
  const absl::Status status = whitening->CheckModel("bbbb");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr("aaaa"), HasSubstr("bbbb"), HasSubstr("whiten fit")));
}

TEST(WhiteningOptionsTest, NamesTheFieldThatIsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(std::string(WhiteningOptions{.k = 9}.Validate(8).message()), HasSubstr("k is 9"));
  EXPECT_THAT(std::string(WhiteningOptions{.beta = nan}.Validate(8).message()), HasSubstr("beta"));
  EXPECT_THAT(std::string(WhiteningOptions{.gamma = 16.5}.Validate(8).message()), HasSubstr("gamma is 16.5"));
  EXPECT_THAT(std::string(WhiteningOptions{.eigenvalue_floor = -1}.Validate(8).message()), HasSubstr("eigenvalue_floor"));
}

TEST(WhiteningOptionsTest, TheUsualGridIsNoLimit) {
  EXPECT_TRUE((WhiteningOptions{.beta = -0.5, .gamma = 1.5}.Validate(8)).ok());
  const int32_t dim = 3;
  const auto rows = Random(100 * dim, 5, 1);
  WhiteningStatistics statistics(dim);
  ASSERT_TRUE(statistics.Add(rows).ok());
  for (double gamma : {1.5, -1.0}) {
    const auto whitening = Whitening::Fit(statistics, {.gamma = gamma}, "model");
    ASSERT_TRUE(whitening.ok()) << whitening.status();
    WhiteningStatistics after(dim);
    ASSERT_TRUE(after.Add(Apply(*whitening, rows)).ok());
    const std::vector<double> covariance = after.Covariance(1);
    for (int32_t i = 0; i < dim; ++i) {
      const double expected = std::pow(whitening->eigenvalues()[i], 1 - gamma);
      EXPECT_NEAR(covariance[i * dim + i], expected, 1e-4 * expected) << gamma;
    }
  }
}

TEST(WhiteningTest, AGammaThatOverflowsIsRefused) {
  std::vector<float> rows;
  for (int i = 0; i < 50; ++i) rows.insert(rows.end(), {1e3f * static_cast<float>(i % 7), 1e-3f * static_cast<float>(i % 5)});
  WhiteningStatistics statistics(2);
  ASSERT_TRUE(statistics.Add(rows).ok());
  const absl::Status status = Whitening::Fit(statistics, {.gamma = -16}, "model").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("gamma"));
}

}  // namespace
}  // namespace senvec
