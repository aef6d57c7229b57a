#include "eval/measures/geometry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/json.h"

namespace senvec {
namespace {

TEST(GeometryTest, EqualsNumpyOnEveryVector) {
  const auto file = ReadJsonFile(SENVEC_TESTDATA "/geometry.json");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_GE((*file)["cases"].size(), 4u);
  for (const auto& c : (*file)["cases"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto unit = c["unit"].get<std::vector<float>>();
    const RowsView rows{unit, c["dim"]};
    std::vector<std::pair<int64_t, int64_t>> pairs;
    for (const auto& pair : c["pairs"]) pairs.emplace_back(pair[0], pair[1]);
    RandomBits random(1);
    EXPECT_NEAR(*Alignment(rows, pairs), c["alignment"].get<double>(), 1e-9);
    EXPECT_NEAR(*Uniformity(rows, 1000, random), c["uniformity"].get<double>(), 1e-9);
    // Not divided by lengths, which are 1 to the last bit of a float.
    EXPECT_NEAR(*MeanCosine(rows), c["mean_cosine"].get<double>(), 1e-9);
    const auto dimension = MeasureDimension(c["eigenvalues"].get<std::vector<double>>());
    EXPECT_NEAR(dimension->participation, c["participation"].get<double>(), 1e-9);
    EXPECT_NEAR(dimension->entropy, c["entropy"].get<double>(), 1e-9);
    EXPECT_NEAR(dimension->isotropy, c["isotropy"].get<double>(), 1e-9);
  }
}

TEST(GeometryTest, UniformityOfADrawnSampleIsNearThatOfAll) {
  RandomBits random(5);
  std::vector<float> values;
  for (int i = 0; i < 2000; ++i) {
    const double angle = static_cast<double>(RandomBelow(random, 100000)) * 2 * M_PI / 100000;
    values.push_back(static_cast<float>(std::cos(angle)));
    values.push_back(static_cast<float>(std::sin(angle)));
  }
  const double all = *Uniformity({values, 2}, 2000, random);
  EXPECT_NEAR(*Uniformity({values, 2}, 500, random), all, 0.05);
}

TEST(GeometryTest, RefusesWhatCannotBeMeasured) {
  RandomBits random(1);
  EXPECT_FALSE(MeanCosine({{1.0f, 0.0f}, 2}).ok());
  EXPECT_FALSE(MeanCosine({{1.0f, 0.0f, 1.0f}, 2}).ok());
  EXPECT_FALSE(MeanCosine({{1.0f, NAN}, 1}).ok());
  EXPECT_FALSE(Uniformity({}, 10, random).ok());
  EXPECT_FALSE(Alignment({{1.0f}, 1}, {}).ok());
  EXPECT_FALSE(Alignment({{1.0f}, 1}, {{0, 1}}).ok());
  EXPECT_FALSE(MeasureDimension({}).ok());
  EXPECT_FALSE(MeasureDimension({0.0, -1e-20}).ok());
}

}  // namespace
}  // namespace senvec
