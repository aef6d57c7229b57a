// What benchmarks/bench_eval.py times of ours. One JSON object on standard output.
//   eval_bench measures FILE          FILE: n doubles, then n bytes of labels
//   eval_bench statistics ROWS DIM    whitening statistics beside the products of the same BLAS
//   eval_bench search PAIRS DIM       the coarse grid of 200 points on random pairs
#include <cblas.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/check.h"
#include "base/file.h"
#include "encoder/whitening/one_blas_thread.h"
#include "encoder/whitening/whitening.h"
#include "eval/measures/correlation.h"
#include "eval/measures/threshold.h"
#include "eval/whiten_search.h"

namespace senvec {
namespace {

constexpr int kRounds = 9;

template <typename Body>
double Seconds(Body body) {
  const absl::Time start = absl::Now();
  body();
  return absl::ToDoubleSeconds(absl::Now() - start);
}

// "[0.1,0.2]".
std::string List(const std::vector<double>& values) {
  return absl::StrCat("[", absl::StrJoin(values, ","), "]");
}

std::vector<float> Random(int64_t n) {
  RandomBits random(1);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(static_cast<double>(random() >> 11) / (1ull << 53) - 0.3);
  return values;
}

int Measures(const std::string& path) {
  const auto bytes = ReadFile(path);
  SENVEC_CHECK(bytes.ok());
  const size_t n = bytes->size() / 9;
  std::vector<double> scores(n), label_values(n);
  std::vector<uint8_t> labels(n);
  std::memcpy(scores.data(), bytes->data(), 8 * n);
  std::memcpy(labels.data(), bytes->data() + 8 * n, n);
  for (size_t i = 0; i < n; ++i) label_values[i] = labels[i];
  double rho = 0, accuracy = 0;
  std::vector<double> spearman, threshold;
  for (int i = 0; i < kRounds; ++i) {
    spearman.push_back(Seconds([&] { rho = *SpearmanCorrelation(scores, label_values); }));
    threshold.push_back(Seconds([&] { accuracy = TuneThreshold(scores, labels, {})->confusion.Accuracy(); }));
  }
  std::printf("{\"spearman\":%.17g,\"accuracy\":%.17g,\"spearman_seconds\":%s,\"threshold_seconds\":%s}\n", rho, accuracy, List(spearman).c_str(),
              List(threshold).c_str());
  return 0;
}

int Statistics(int64_t rows, int32_t dim) {
  const std::vector<float> values = Random(rows * dim);
  const int block = 512;
  std::vector<double> a(static_cast<size_t>(block) * dim, 0.5), c(static_cast<size_t>(dim) * dim), rates, gemm_rates;
  KeepBlasToThisThread();
  for (int round = 0; round < kRounds; ++round) {
    const double seconds = Seconds([&] {
      WhiteningStatistics statistics(dim);
      SENVEC_CHECK(statistics.Add(values).ok());
    });
    // Only one triangle is summed: dim·(dim + 1) operations a row.
    rates.push_back(static_cast<double>(rows) * dim * (dim + 1) / seconds / 1e9);
    const double gemm = Seconds([&] {
      for (int64_t i = 0; i < rows; i += block) {
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, dim, dim, block, 1, a.data(), dim, a.data(), dim, 0, c.data(), dim);
      }
    });
    gemm_rates.push_back(2.0 * static_cast<double>((rows + block - 1) / block * block) * dim * dim / gemm / 1e9);
  }
  std::printf("{\"gflops\":%s,\"gemm_gflops\":%s}\n", List(rates).c_str(), List(gemm_rates).c_str());
  return 0;
}

int Search(int64_t pairs, int32_t dim) {
  const std::vector<float> rows = Random(2 * pairs * dim);
  PairVectors set;
  set.rows = rows;
  for (int64_t i = 0; i < pairs; ++i) {
    set.pairs.emplace_back(2 * i, 2 * i + 1);
    set.labels.push_back(static_cast<double>(i % 6));
  }
  ThreadPool pool(ThreadPool::AvailableCpus());
  const absl::Time start = absl::Now();
  WhiteningStatistics statistics(dim);
  SENVEC_CHECK(statistics.Add(rows).ok());
  const auto points = SearchWhitening(statistics, set, {}, WhitenGrid::Coarse(dim), pool);
  SENVEC_CHECK(points.ok());
  std::printf("{\"points\":%zu,\"seconds\":%g}\n", points->size(), absl::ToDoubleSeconds(absl::Now() - start));
  return 0;
}

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "measures" && argc == 3) return senvec::Measures(argv[2]);
  if (what == "statistics" && argc == 4) return senvec::Statistics(std::atoll(argv[2]), std::atoi(argv[3]));
  if (what == "search" && argc == 4) return senvec::Search(std::atoll(argv[2]), std::atoi(argv[3]));
  std::fprintf(stderr, "usage: eval_bench measures FILE | statistics ROWS DIM | search PAIRS DIM\n");
  return 2;
}
