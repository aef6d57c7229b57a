// What a collection costs beside what it stands on: durable upserts against RocksDB's own synced writes of the same
// bytes, and the latency of searches while rows come in against that of a quiet collection. Rounds take turns; ratios are
// of one round.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/thread_pool.h"
#include "index/collection.h"
#include "index/record.h"
#include "index/row_key.h"

namespace {

using senvec::Collection;
using senvec::Document;
using Clock = std::chrono::steady_clock;

constexpr int kDim = 384;
constexpr int kBatch = 100;

double Seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

template <typename T>
T Value(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(value);
}

// Rows near 500 centres, as sentences gather around meanings.
class Rows {
 public:
  explicit Rows(uint64_t seed) : random_(seed), centres_(500 * kDim) {
    std::mt19937_64 fixed(7);
    std::normal_distribution<float> normal;
    for (float& value : centres_) value = normal(fixed);
  }
  std::vector<float> Next() {
    std::vector<float> row(kDim);
    const float* centre = centres_.data() + random_() % 500 * kDim;
    for (int d = 0; d < kDim; ++d) row[d] = centre[d] + 0.7f * normal_(random_);
    return row;
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<float> normal_;
  std::vector<float> centres_;
};

std::vector<Document> Batch(Rows& rows, int64_t first) {
  std::vector<Document> documents;
  for (int64_t i = first; i < first + kBatch; ++i) {
    documents.push_back({.id = "document-" + std::to_string(i),
                         .text = "How do I change the delivery address of an order that was sent already? " + std::to_string(i),
                         .metadata_json = R"({"lang":"en","year":)" + std::to_string(2000 + i % 25) + "}",
                         .vector = rows.Next()});
  }
  return documents;
}

std::unique_ptr<Collection> NewCollection(const std::string& folder, senvec::ThreadPool* pool) {
  std::filesystem::remove_all(folder);
  senvec::CollectionOptions options;
  options.name = "bench";
  options.index.kind = senvec::IndexKind::kHnsw;
  options.index.dim = kDim;
  senvec::CollectionRuntime runtime;
  runtime.pool = pool;
  return Value(Collection::Create(folder, options, runtime));
}

// The store alone, with the same keys and values and one sync a batch.
class RawStore {
 public:
  explicit RawStore(const std::string& folder) {
    std::filesystem::remove_all(folder);
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression;
    options.write_buffer_size = 64 << 20;
    rocksdb::DB* db = nullptr;
    SENVEC_CHECK(rocksdb::DB::Open(options, folder, &db).ok());
    db_.reset(db);
  }
  void Write(const std::vector<Document>& documents, int64_t first) {
    rocksdb::WriteBatch batch;
    for (size_t i = 0; i < documents.size(); ++i) {
      const Document& document = documents[i];
      const std::string key = senvec::RowKey(static_cast<senvec::RowId>(first + static_cast<int64_t>(i)));
      SENVEC_CHECK(batch.Put("i" + document.id, key).ok());
      SENVEC_CHECK(batch.Put("r" + key, senvec::SerializeRecord({document.id, "", document.text, document.metadata_json})).ok());
      SENVEC_CHECK(batch.Put("v" + key, {reinterpret_cast<const char*>(document.vector.data()), kDim * sizeof(float)}).ok());
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    SENVEC_CHECK(db_->Write(options, &batch).ok());
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

void BenchUpserts(const std::string& folder, int rounds, int batches) {
  auto collection = NewCollection(folder + "/collection", nullptr);
  RawStore raw(folder + "/raw");
  Rows rows(1);
  std::vector<double> ratios;
  int64_t next = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::vector<Document>> documents;
    for (int b = 0; b < batches; ++b) documents.push_back(Batch(rows, next + b * kBatch));
    const auto time_raw = [&] {
      const auto start = Clock::now();
      for (int b = 0; b < batches; ++b) raw.Write(documents[static_cast<size_t>(b)], next + b * kBatch);
      return Seconds(start);
    };
    const auto time_ours = [&] {
      const auto start = Clock::now();
      for (const auto& batch : documents) SENVEC_CHECK(Value(collection->Upsert(batch)) == kBatch);
      return Seconds(start);
    };
    double theirs = 0, ours = 0;
    if (round % 2 == 0) {
      theirs = time_raw();
      ours = time_ours();
    } else {
      ours = time_ours();
      theirs = time_raw();
    }
    next += batches * kBatch;
    const double n = batches * kBatch;
    std::printf("upsert\tround %d\tours %.0f rows/s\tRocksDB %.0f rows/s\tratio %.3f\n", round, n / ours, n / theirs, theirs / ours);
    std::fflush(stdout);
    ratios.push_back(theirs / ours);
  }
  SENVEC_CHECK(collection->size() == next);
  std::sort(ratios.begin(), ratios.end());
  std::printf("durable upserts ÷ RocksDB's synced writes\t%.2f (%.2f to %.2f)\n", ratios[ratios.size() / 2], ratios.front(), ratios.back());
}

struct Latency {
  double p50, p99;  // ms
  int64_t count;
};

Latency MeasureSearches(const Collection& collection, double seconds, uint64_t seed) {
  Rows rows(seed);
  std::vector<std::vector<float>> queries;
  for (int i = 0; i < 500; ++i) queries.push_back(rows.Next());
  std::vector<double> times;
  const auto start = Clock::now();
  for (size_t i = 0; Seconds(start) < seconds; ++i) {
    const auto begin = Clock::now();
    SENVEC_CHECK(Value(collection.Search(queries[i % queries.size()], {.k = 10}))[0].size() == 10);
    times.push_back(Seconds(begin) * 1000);
    // One searcher that thinks between two questions: half a core is free for others.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() * 99 / 100], static_cast<int64_t>(times.size())};
}

void BenchLatency(const std::string& folder, int rounds, int64_t size, double seconds) {
  senvec::ThreadPool pool(2);
  auto collection = NewCollection(folder + "/latency", &pool);
  Rows rows(2);
  int64_t next = 0;
  for (; next < size; next += kBatch) Value(collection->Upsert(Batch(rows, next), {.durable = false}));
  SENVEC_CHECK(collection->Optimize([](int64_t, int64_t) { return true; }).ok());
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const Latency idle = MeasureSearches(*collection, seconds, 100 + static_cast<uint64_t>(round));
    std::atomic<bool> stop = false;
    int64_t written = 0;
    std::thread writer([&] {
      const auto start = Clock::now();
      while (!stop) {
        Value(collection->Upsert(Batch(rows, next)));
        next += kBatch;
        written += kBatch;
        std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(
                                                  std::chrono::duration<double>(static_cast<double>(written) / 1000.0)));
      }
    });
    const Latency busy = MeasureSearches(*collection, seconds, 200 + static_cast<uint64_t>(round));
    stop = true;
    writer.join();
    const auto stats = Value(collection->Stats());
    std::printf("latency\tround %d\tidle p50 %.3f p99 %.3f ms\t%.0f rows/s: p50 %.3f p99 %.3f ms (%lld searches, %lld segments, %lld unindexed)\tratio of p99 %.2f\n",
                round, idle.p50, idle.p99, static_cast<double>(written) / seconds, busy.p50, busy.p99, static_cast<long long>(busy.count),
                static_cast<long long>(stats.num_segments), static_cast<long long>(stats.num_unindexed), busy.p99 / idle.p99);
    std::fflush(stdout);
    ratios.push_back(busy.p99 / idle.p99);
    SENVEC_CHECK(collection->Optimize([](int64_t, int64_t) { return true; }).ok());
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("p99 while 1,000 rows/s come in ÷ idle\t%.2f (%.2f to %.2f)\n", ratios[ratios.size() / 2], ratios.front(), ratios.back());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: collection_bench upsert|latency FOLDER [ROUNDS [SIZE]]\n");
    return 2;
  }
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  const int64_t size = argc > 4 ? std::atoll(argv[4]) : 0;
  if (std::strcmp(argv[1], "upsert") == 0) {
    BenchUpserts(argv[2], rounds, size > 0 ? static_cast<int>(size) : 100);
  } else {
    BenchLatency(argv[2], rounds, size > 0 ? size : 90000, 10);
  }
  return 0;
}
