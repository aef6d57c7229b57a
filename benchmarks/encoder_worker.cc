// Encodes under the direction of scripts/bench-encoder.sh: one JSON object a line in, one out. Not a tool for people.
//
//   {"op":"memory"}                                             → {"rss","peak"} in bytes
//   {"op":"load","model":DIR,"precision":NAME,"threads":N}      → {"seconds","rss","peak","precision","report","isa"}
//   {"op":"texts","path":FILE}           sentences, one a line  → {"tokens","sentences"}
//   {"op":"encode"}        the tokenised sentences, one call    → {"seconds"}
//   {"op":"encode_texts"}  with tokenising                      → {"seconds"}
//   {"op":"tokenize"}      alone, on one thread                 → {"seconds"}
//   {"op":"alone","index":I,"repeat":N}  one sentence, N times  → {"seconds":[…]}
//   {"op":"vectors","path":FILE}         float32, row after row → {"dim"}
//   {"op":"gemm_limit","precision":NAME,"threads":N}            → {"gflops"}: what oneDNN's packed product reaches
#include <omp.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "encoder/sentence_encoder.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace senvec {
namespace {

using nlohmann::json;

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// "VmRSS" or "VmHWM" of this process in bytes.
int64_t ProcessMemory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string name;
  while (status >> name) {
    if (name == field + ":") {
      int64_t kibibytes = 0;
      status >> kibibytes;
      return kibibytes * 1024;
    }
    std::getline(status, name);
  }
  return 0;
}

// One thread's GFLOP/s for the products of a MiniLM block over 512 rows, for about `seconds`.
double GemmRate(dnnl::memory::data_type x_type, dnnl::memory::data_type w_type, dnnl::memory::data_type y_type,
                double seconds) {
  using dnnl::memory;
  omp_set_num_threads(1);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  struct Product {
    dnnl::matmul call;
    memory x, w, y;
    double flop;
  };
  std::vector<Product> products;
  for (const auto& [k, n] : std::vector<std::pair<int64_t, int64_t>>{{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}}) {
    constexpr int64_t kRows = 512;
    const memory::desc x({kRows, k}, x_type, memory::format_tag::ab), y({kRows, n}, y_type, memory::format_tag::ab);
    const memory::desc w({k, n}, w_type, memory::format_tag::any);
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(x, w, y), engine);
    products.push_back({dnnl::matmul(description), memory(x, engine), memory(description.weights_desc(), engine),
                        memory(y, engine), 2.0 * kRows * k * n});
  }
  double best = 0;
  const double end = Now() + seconds;
  while (Now() < end) {
    const double start = Now();
    double flop = 0;
    for (Product& product : products) {
      product.call.execute(stream, {{DNNL_ARG_SRC, product.x}, {DNNL_ARG_WEIGHTS, product.w}, {DNNL_ARG_DST, product.y}});
      stream.wait();
      flop += product.flop;
    }
    best = std::max(best, flop / (Now() - start));
  }
  return best / 1e9;
}

double GemmLimit(const std::string& precision, int threads) {
  using Type = dnnl::memory::data_type;
  std::vector<double> rates(threads);
  std::vector<std::thread> workers;
  for (double& rate : rates) {
    workers.emplace_back([&] {
      if (precision == "fp32") rate = GemmRate(Type::f32, Type::f32, Type::f32, 0.5);
      if (precision == "bf16") rate = GemmRate(Type::bf16, Type::bf16, Type::f32, 0.5);
      if (precision == "int8") rate = GemmRate(Type::u8, Type::s8, Type::s32, 0.5);
    });
  }
  for (std::thread& worker : workers) worker.join();
  double sum = 0;
  for (double rate : rates) sum += rate;
  return sum;
}

class Worker {
 public:
  json Answer(const json& request) {
    const std::string op = request.at("op");
    if (op == "memory") return {{"rss", ProcessMemory("VmRSS")}, {"peak", ProcessMemory("VmHWM")}};
    if (op == "load") return Load(request);
    if (op == "texts") return ReadTexts(request.at("path"));
    if (op == "encode") return {{"seconds", Encode(pointers_, rows_)}};
    if (op == "encode_texts") return EncodeTexts();
    if (op == "tokenize") return Tokenize();
    if (op == "alone") return Alone(request.at("index"), request.at("repeat"));
    if (op == "vectors") return WriteVectors(request.at("path"));
    if (op == "gemm_limit") return {{"gflops", GemmLimit(request.at("precision"), request.at("threads"))}};
    return {{"error", "unknown op " + op}};
  }

 private:
  json Load(const json& request) {
    encoder_ = nullptr;
    pool_ = std::make_unique<ThreadPool>(request.at("threads").get<int>());
    const double start = Now();
    auto encoder = SentenceEncoder::Load(request.at("model"), {.precision = request.at("precision")}, pool_.get());
    SENVEC_CHECK(encoder.ok());
    const double seconds = Now() - start;
    encoder_ = *std::move(encoder);
    const ModelInfo& info = encoder_->info();
    return {{"seconds", seconds}, {"rss", ProcessMemory("VmRSS")}, {"peak", ProcessMemory("VmHWM")},
            {"precision", info.precision}, {"report", info.precision_report}, {"isa", info.isa}};
  }

  json ReadTexts(const std::string& path) {
    texts_.clear();
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) texts_.push_back(line);
    Tokenize();
    int64_t tokens = 0;
    for (const Encoding& encoding : encodings_) tokens += static_cast<int64_t>(encoding.ids.size());
    pointers_.clear();
    for (const Encoding& encoding : encodings_) pointers_.push_back(&encoding);
    rows_.assign(texts_.size() * encoder_->info().dim, 0.0f);
    return {{"tokens", tokens}, {"sentences", texts_.size()}};
  }

  json Tokenize() {
    const double start = Now();
    encodings_.clear();
    for (const std::string& text : texts_) encodings_.push_back(*encoder_->Tokenize("", text, 0));
    return {{"seconds", Now() - start}};
  }

  double Encode(const std::vector<const Encoding*>& sentences, std::vector<float>& rows) {
    const double start = Now();
    SENVEC_CHECK(encoder_->Encode(sentences, {}, absl::MakeSpan(rows)).ok());
    return Now() - start;
  }

  json EncodeTexts() {
    const double start = Now();
    SENVEC_CHECK(encoder_->EncodeTexts(texts_, "", {}).ok());
    return {{"seconds", Now() - start}};
  }

  json Alone(size_t index, int repeat) {
    std::vector<float> row(encoder_->info().dim);
    std::vector<double> seconds;
    for (int i = 0; i < repeat; ++i) seconds.push_back(Encode({pointers_.at(index)}, row));
    return {{"seconds", seconds}};
  }

  json WriteVectors(const std::string& path) {
    Encode(pointers_, rows_);
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(rows_.data()), static_cast<std::streamsize>(rows_.size() * sizeof(float)));
    return {{"dim", encoder_->info().dim}, {"rss", ProcessMemory("VmRSS")}};
  }

  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<SentenceEncoder> encoder_;
  std::vector<std::string> texts_;
  std::vector<Encoding> encodings_;
  std::vector<const Encoding*> pointers_;
  std::vector<float> rows_;
};

}  // namespace
}  // namespace senvec

int main() {
  senvec::Worker worker;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << worker.Answer(nlohmann::json::parse(line)).dump() << std::endl;
  }
}
