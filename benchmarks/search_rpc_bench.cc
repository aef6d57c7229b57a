// What gRPC costs a search by vector: one query a call against an echo of the same message sizes, and 32 queries a call
// against the library, by as many clients at once, in turns. Prints each round and the ratios' median, least and greatest.
//
//   cmake --build build/release --target search_rpc_bench
//   build/release/bin/search_rpc_bench [--rows 100000] [--clients 16] [--seconds 3] [--rounds 5] [--kind hnsw] [--work-threads 2]
//
// Both servers are in this process and so are the clients, each with a connection of its own. The echo's client does the
// same work: it serialises the search's request and parses a response of the search's size.
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/check.h"
#include "index/collection.h"
#include "senvec/v1/collection.grpc.pb.h"
#include "service/server.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

struct Settings {
  int64_t rows = 100000;
  int clients = 16;
  double seconds = 3;
  int rounds = 5;
  int work_threads = 2;
  std::string kind = "hnsw";
};
constexpr int kDim = 384, kIntrinsicDim = 24, kK = 10, kManyQueries = 32, kQueries = 4096;

// Points of a random subspace with noise, as sentence vectors are.
class Points {
 public:
  Points() : basis_(static_cast<size_t>(kIntrinsicDim) * kDim) {
    for (float& value : basis_) value = normal_(random_);
  }
  std::vector<float> Next() {
    std::vector<float> point(kDim);
    for (int i = 0; i < kIntrinsicDim; ++i) {
      const float weight = normal_(random_);
      for (int d = 0; d < kDim; ++d) point[static_cast<size_t>(d)] += weight * basis_[static_cast<size_t>(i) * kDim + static_cast<size_t>(d)];
    }
    for (float& value : point) value += 0.3F * normal_(random_);
    return point;
  }

 private:
  std::mt19937 random_{1};
  std::normal_distribution<float> normal_;
  std::vector<float> basis_;
};

void BuildCollection(const std::string& directory, const Settings& settings, Points& points) {
  CollectionOptions options;
  options.name = "bench";
  options.index.kind = *ParseIndexKind(settings.kind);
  options.index.dim = kDim;
  ThreadPool pool(ThreadPool::AvailableCpus());
  const auto collection = Collection::Create(directory, options, {.pool = &pool, .background_indexing = false});
  SENVEC_CHECK(collection.ok());
  std::vector<Document> documents;
  for (int64_t i = 0; i < settings.rows; ++i) {
    documents.push_back({.id = absl::StrCat("document-", i), .text = absl::StrCat("A sentence of some sixty bytes, as people ask them, number ", i),
                         .metadata_json = "{\"lang\":\"en\"}", .vector = points.Next()});
    if (documents.size() < 1000 && i + 1 < settings.rows) continue;
    SENVEC_CHECK((*collection)->Upsert(documents, {.durable = false}).ok());
    documents.clear();
  }
  const absl::Status status = (*collection)->Optimize([](int64_t, int64_t) { return true; });
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  SENVEC_CHECK(status.ok());
}

// Answers every search with the same bytes.
class EchoService : public v1::CollectionService::WithRawCallbackMethod_Search<v1::CollectionService::Service> {
 public:
  grpc::ByteBuffer answer;
  grpc::ServerUnaryReactor* Search(grpc::CallbackServerContext* context, const grpc::ByteBuffer*, grpc::ByteBuffer* out) override {
    *out = answer;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

v1::SearchRequest RequestOf(const std::vector<std::vector<float>>& queries, size_t first, int count) {
  v1::SearchRequest request;
  request.set_collection("bench");
  request.set_k(kK);
  for (int i = 0; i < count; ++i) {
    const std::vector<float>& query = queries[(first + static_cast<size_t>(i)) % queries.size()];
    request.add_queries()->mutable_vector()->mutable_values()->Add(query.begin(), query.end());
  }
  return request;
}

std::unique_ptr<v1::CollectionService::Stub> Connect(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return v1::CollectionService::NewStub(
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments));
}

double CpuSeconds() {
  rusage usage;
  SENVEC_CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Cost {
  double rate = 0;    // calls a second
  double cpu_us = 0;  // of all cores for a call, client and server together
};

// How often `call` runs a second on all clients' threads together; it is given client and number of the call.
Cost Rate(const Settings& settings, const std::function<void(int, size_t)>& call) {
  std::atomic<int64_t> done = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  const absl::Time start = absl::Now();
  const double cpu = CpuSeconds();
  for (int c = 0; c < settings.clients; ++c) {
    threads.emplace_back([&, c] {
      for (size_t i = static_cast<size_t>(c) * 97; !stop; ++i) {
        call(c, i);
        ++done;
      }
    });
  }
  absl::SleepFor(absl::Seconds(settings.seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const auto calls = static_cast<double>(done);
  return {calls / absl::ToDoubleSeconds(absl::Now() - start), 1e6 * (CpuSeconds() - cpu) / calls};
}

std::string Spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  char text[80];
  std::snprintf(text, sizeof(text), "%.3f (%.3f to %.3f)", values[values.size() / 2], values.front(), values.back());
  return text;
}

void Run(const Settings& settings) {
  const TempDir folder;
  Points points;
  std::filesystem::create_directories(folder / "data");
  BuildCollection(folder / "data/bench", settings, points);
  std::filesystem::copy(folder / "data/bench", folder / "library", std::filesystem::copy_options::recursive);
  const auto library = Collection::OpenForReading(folder / "library");
  SENVEC_CHECK(library.ok());
  std::vector<std::vector<float>> queries;
  for (int i = 0; i < kQueries; ++i) queries.push_back(points.Next());

  ServerConfig config;
  config.model = "none";
  config.data = folder / "data";
  config.listen = "127.0.0.1:0";
  config.work_threads = settings.work_threads;
  const auto server = Server::StartWith(config, std::make_unique<FakeEncoder>());
  SENVEC_CHECK(server.ok());
  EchoService echo;
  int echo_port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &echo_port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> echo_server = builder.BuildAndStart();

  std::vector<std::unique_ptr<v1::CollectionService::Stub>> to_server, to_echo;
  for (int i = 0; i < settings.clients; ++i) {
    to_server.push_back(Connect((*server)->port()));
    to_echo.push_back(Connect(echo_port));
  }
  const auto search = [&](v1::CollectionService::Stub& stub, size_t first, int count) {
    grpc::ClientContext context;
    v1::SearchResponse response;
    const grpc::Status status = stub.Search(&context, RequestOf(queries, first, count), &response);
    SENVEC_CHECK(status.ok());
    return response;
  };
  const auto search_library = [&](size_t first, int count) {
    std::vector<float> rows;
    for (int i = 0; i < count; ++i) {
      const std::vector<float>& query = queries[(first + static_cast<size_t>(i)) % queries.size()];
      rows.insert(rows.end(), query.begin(), query.end());
    }
    auto results = (*library)->Search(rows, {.k = kK});
    SENVEC_CHECK(results.ok());
    return *std::move(results);
  };
  // The same answers before any time is taken.
  for (size_t first = 0; first < 1024; first += kManyQueries) {
    const v1::SearchResponse response = search(*to_server[0], first, kManyQueries);
    const auto expected = search_library(first, kManyQueries);
    for (int q = 0; q < kManyQueries; ++q) {
      SENVEC_CHECK(response.results(q).hits_size() == kK);
      for (int h = 0; h < kK; ++h) SENVEC_CHECK(response.results(q).hits(h).id() == expected[static_cast<size_t>(q)][static_cast<size_t>(h)].id);
    }
  }
  v1::SearchResponse example = search(*to_server[0], 0, 1);
  const std::string bytes = example.SerializeAsString();
  const grpc::Slice slice(bytes);
  echo.answer = grpc::ByteBuffer(&slice, 1);
  std::printf("%lld rows of %d values, %s, k %d; a request has %zu bytes, an answer %zu; %d clients, %d work threads\n",
              static_cast<long long>(settings.rows), kDim, settings.kind.c_str(), kK, RequestOf(queries, 0, 1).ByteSizeLong(), bytes.size(),
              settings.clients, settings.work_threads);
  std::fflush(stdout);
  std::vector<double> one, many;
  for (int round = 0; round < settings.rounds; ++round) {
    const Cost echoes = Rate(settings, [&](int c, size_t i) { search(*to_echo[static_cast<size_t>(c)], i, 1); });
    const Cost calls = Rate(settings, [&](int c, size_t i) { search(*to_server[static_cast<size_t>(c)], i, 1); });
    const Cost alone = Rate(settings, [&](int, size_t i) { search_library(i, 1); });
    const Cost batches = Rate(settings, [&](int c, size_t i) { search(*to_server[static_cast<size_t>(c)], i * kManyQueries, kManyQueries); });
    const Cost library_batches = Rate(settings, [&](int, size_t i) { search_library(i * kManyQueries, kManyQueries); });
    one.push_back(calls.rate / echoes.rate);
    many.push_back(batches.rate / library_batches.rate);
    std::printf("round %d: echo %.0f calls/s, %.0f µs of cores; one query: %.0f calls/s, %.0f µs, library %.0f, %.0f µs; "
                "%d queries: %.0f queries/s, library %.0f\n",
                round + 1, echoes.rate, echoes.cpu_us, calls.rate, calls.cpu_us, alone.rate, alone.cpu_us, kManyQueries,
                batches.rate * kManyQueries, library_batches.rate * kManyQueries);
    std::fflush(stdout);
  }
  std::printf("one query a call ÷ echo: %s\n%d queries a call ÷ library: %s\n", Spread(one).c_str(), kManyQueries, Spread(many).c_str());
  echo_server->Shutdown();
}

Settings Parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const double number = std::atof(argv[i + 1]);
    if (flag == "--rows") settings.rows = static_cast<int64_t>(number);
    else if (flag == "--clients") settings.clients = static_cast<int>(number);
    else if (flag == "--seconds") settings.seconds = number;
    else if (flag == "--rounds") settings.rounds = static_cast<int>(number);
    else if (flag == "--work-threads") settings.work_threads = static_cast<int>(number);
    else if (flag == "--kind") settings.kind = argv[i + 1];
    else {
      std::fprintf(stderr, "unknown flag %s\n", argv[i]);
      std::exit(2);
    }
  }
  return settings;
}

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) { senvec::Run(senvec::Parse(argc, argv)); }
