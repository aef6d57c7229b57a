// One vector index, directed by benchmarks/bench_index.py through lines on standard input; each gets a line of JSON.
//   build KIND ROWS.npy FILE THREADS M EF_CONSTRUCTION    builds and opens an index, cosine
//   open FILE
//   queries QUERIES.npy
//   search K EF NPROBE PASSES [BATCH]      times PASSES passes over the queries, one a call; best and all, and the ids
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/mapped_file.h"
#include "base/thread_pool.h"
#include "index/vector/vector_index.h"

namespace senvec {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// float32 rows in C order.
struct Npy {
  std::shared_ptr<const MappedFile> file;
  const float* values;
  int64_t rows, dim;
};

Npy ReadNpy(const std::string& path) {
  auto file = MappedFile::Open(path);
  if (!file.ok()) {
    std::cerr << file.status() << "\n";
    std::exit(1);
  }
  const char* bytes = (*file)->bytes().data();
  const size_t header = 10 + static_cast<uint8_t>(bytes[8]) + 256 * static_cast<uint8_t>(bytes[9]);
  const std::string text(bytes + 10, header - 10);
  long long rows = 0, dim = 0;
  std::sscanf(text.c_str() + text.find("'shape': (") + 10, "%lld, %lld", &rows, &dim);
  return {*file, reinterpret_cast<const float*>(bytes + header), rows, dim};
}

class NpySource : public RowSource {
 public:
  explicit NpySource(const Npy& npy) : npy_(npy) {}
  int64_t num_rows() const override { return npy_.rows; }
  absl::Status Read(int64_t first, int64_t count, absl::Span<float> out) const override {
    std::copy_n(npy_.values + first * npy_.dim, count * npy_.dim, out.begin());
    return absl::OkStatus();
  }

 private:
  const Npy& npy_;
};

class Worker {
 public:
  std::string Build(std::istringstream& arguments) {
    std::string kind, rows, path;
    int threads, m, ef_construction;
    arguments >> kind >> rows >> path >> threads >> m >> ef_construction;
    const Npy npy = ReadNpy(rows);
    ThreadPool pool(threads);
    const double begin = Now();
    auto index = BuildVectorIndex({.kind = *ParseIndexKind(kind), .dim = static_cast<int32_t>(npy.dim), .m = m,
                                   .ef_construction = ef_construction},
                                  NpySource(npy), path,
                                  {.pool = &pool, .progress = [](int64_t, int64_t) { return true; }});
    const double seconds = Now() - begin;
    if (!index.ok()) return absl::StrCat("{\"error\": \"", index.status().message(), "\"}");
    index_ = std::move(*index);
    return absl::StrCat("{\"seconds\": ", seconds, ", ", Sizes(), "}");
  }

  std::string Open(std::istringstream& arguments) {
    std::string path;
    arguments >> path;
    const double begin = Now();
    auto index = OpenVectorIndex(path, false);
    const double seconds = Now() - begin;
    if (!index.ok()) return absl::StrCat("{\"error\": \"", index.status().message(), "\"}");
    index_ = std::move(*index);
    return absl::StrCat("{\"seconds\": ", seconds, ", ", Sizes(), "}");
  }

  std::string Queries(std::istringstream& arguments) {
    std::string path;
    arguments >> path;
    queries_ = ReadNpy(path);
    return absl::StrCat("{\"queries\": ", queries_.rows, "}");
  }

  std::string Search(std::istringstream& arguments) {
    int k, ef, nprobe, passes, batch = 1;
    std::string filter;
    arguments >> k >> ef >> nprobe >> passes >> batch >> filter;
    std::vector<uint64_t> words;
    int64_t allowed = 0;
    if (!filter.empty()) {
      const auto bits = MappedFile::Open(filter);
      words.resize(static_cast<size_t>(index_->size() + 63) / 64 + 1);
      std::memcpy(words.data(), (*bits)->bytes().data(), std::min(words.size() * 8, (*bits)->bytes().size()));
      for (uint64_t word : words) allowed += __builtin_popcountll(word);
    }
    const RowFilter view(words, index_->size(), allowed);
    const VectorSearchOptions options = {.k = k, .ef_search = ef, .nprobe = nprobe,
                                         .allowed = filter.empty() ? nullptr : &view};
    std::vector<double> seconds;
    std::vector<std::string> ids;
    for (int pass = 0; pass < passes; ++pass) {
      ids.clear();
      double spent = 0;
      for (int64_t q = 0; q < queries_.rows; q += batch) {
        const int64_t count = std::min<int64_t>(batch, queries_.rows - q);
        const double begin = Now();
        auto answers = index_->Search({queries_.values + q * queries_.dim, static_cast<size_t>(count * queries_.dim)}, options);
        spent += Now() - begin;
        if (!answers.ok()) return absl::StrCat("{\"error\": \"", answers.status().message(), "\"}");
        if (pass > 0) continue;
        for (const auto& found : *answers) {
          ids.push_back(absl::StrCat("[", absl::StrJoin(found, ",", [](std::string* out, const Neighbor& neighbor) {
                                       absl::StrAppend(out, neighbor.id);
                                     }), "]"));
        }
      }
      if (pass == 0) first_ = absl::StrJoin(ids, ",");
      seconds.push_back(spent);
    }
    return absl::StrCat("{\"seconds\": [", absl::StrJoin(seconds, ","), "], \"ids\": [", first_, "]}");
  }

  std::string Answer(const std::string& line) {
    std::istringstream arguments(line);
    std::string command;
    arguments >> command;
    if (command == "build") return Build(arguments);
    if (command == "open") return Open(arguments);
    if (command == "queries") return Queries(arguments);
    if (command == "search") return Search(arguments);
    return "{\"error\": \"unknown command\"}";
  }

 private:
  std::string Sizes() const {
    return absl::StrCat("\"resident\": ", index_->resident_bytes(), ", \"mapped\": ", index_->mapped_bytes(),
                        ", \"rows\": ", index_->size());
  }

  std::unique_ptr<VectorIndex> index_;
  Npy queries_ = {};
  std::string first_;
};

}  // namespace
}  // namespace senvec

int main() {
  senvec::Worker worker;
  std::string line;
  while (std::getline(std::cin, line)) std::cout << worker.Answer(line) << std::endl;
}
