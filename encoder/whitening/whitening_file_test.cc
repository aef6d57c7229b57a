#include <gmock/gmock.h>

#include "base/file.h"
#include "encoder/whitening/whitening.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

Whitening MakeWhitening() {
  WhiteningStatistics statistics(3);
  EXPECT_TRUE(statistics.Add({1, 2, 3, -1, 0, 5, 2, 2, -4, 0, 1, 1}).ok());
  return *Whitening::Fit(statistics, {.k = 2, .beta = 0.7, .gamma = 0.5}, "model-1");
}

TEST(WhiteningFileTest, ReadsBackWhatItWrote) {
  const TempDir folder;
  const Whitening whitening = MakeWhitening();
  ASSERT_TRUE(whitening.Save(folder / "w.safetensors").ok());
  const auto loaded = Whitening::Load(folder / "w.safetensors");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->fingerprint(), whitening.fingerprint());
  EXPECT_EQ(loaded->model_fingerprint(), "model-1");
  EXPECT_EQ(loaded->options().beta, 0.7);
  EXPECT_EQ(loaded->options().gamma, 0.5);
  EXPECT_EQ(loaded->options().k, 2);
  EXPECT_EQ(loaded->count(), 4);
  EXPECT_EQ(loaded->eigenvalues(), whitening.eigenvalues());
  std::vector<float> expected(2), out(2);
  whitening.Apply({1, 2, 3}, absl::MakeSpan(expected));
  loaded->Apply({1, 2, 3}, absl::MakeSpan(out));
  EXPECT_EQ(out, expected);
}

TEST(WhiteningFileTest, AnyFlippedBitIsAnErrorOrLeavesTheTransformAsItWas) {
  const TempDir folder;
  const std::string path = folder / "w.safetensors";
  ASSERT_TRUE(MakeWhitening().Save(path).ok());
  const std::string bytes = *ReadFile(path);
  const std::string fingerprint = MakeWhitening().fingerprint();
  int refused = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    ASSERT_TRUE(WriteFileAtomically(path, damaged).ok());
    const auto loaded = Whitening::Load(path);
    refused += !loaded.ok();
    if (loaded.ok()) {
      EXPECT_EQ(loaded->fingerprint(), fingerprint) << "byte " << i;
    }
  }
  EXPECT_GT(refused, static_cast<int>(bytes.size()) / 2);
}

TEST(WhiteningFileTest, ATruncatedFileIsAnError) {
  const TempDir folder;
  const std::string path = folder / "w.safetensors";
  ASSERT_TRUE(MakeWhitening().Save(path).ok());
  const std::string bytes = *ReadFile(path);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_TRUE(WriteFileAtomically(path, bytes.substr(0, size)).ok());
    EXPECT_FALSE(Whitening::Load(path).ok()) << size;
  }
}

TEST(WhiteningFileTest, NamesAMissingFile) {
  EXPECT_EQ(Whitening::Load("/nonexistent/w.safetensors").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace senvec
