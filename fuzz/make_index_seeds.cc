// Writes the seeds of two fuzz targets: make_index_seeds CORPUS fills CORPUS/vector_index_file and CORPUS/store_logs.
#include <cstdio>
#include <filesystem>
#include <random>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/file.h"
#include "fuzz/packed_index_file.h"
#include "index/collection.h"
#include "index/vector/vector_index.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_fixtures.h"

namespace senvec {
namespace {

void Write(const std::string& path, absl::string_view bytes) {
  SENVEC_CHECK(MakeDirectories(std::filesystem::path(path).parent_path().string()).ok());
  SENVEC_CHECK(WriteFileAtomically(path, bytes).ok());
}

void WriteIndexes(const std::string& folder) {
  const TempDir work;
  for (IndexKind kind : {IndexKind::kExact, IndexKind::kHnsw, IndexKind::kIvf}) {
    for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
      for (VectorStorage codes : {VectorStorage::kInt8, VectorStorage::kFp16}) {
        const VectorIndexOptions options = {.kind = kind, .metric = metric, .dim = 3, .m = 2, .ef_construction = 4,
                                            .nlist = 3, .codes = codes, .rescoring = VectorStorage::kFp16};
        // The last rows repeat the first.
        std::vector<float> rows = ClusteredRows(12, 3, 1, 3);
        rows.insert(rows.end(), rows.begin(), rows.begin() + 9);
        std::vector<uint32_t> ids;
        for (uint32_t i = 0; i < 15; ++i) ids.push_back(2 * i);
        const auto go = [](int64_t, int64_t) { return true; };
        SENVEC_CHECK(BuildVectorIndex(options, RowsInMemory(rows, 3), work / "i", {.progress = go, .row_ids = ids}).ok());
        const std::string name = absl::StrCat(IndexKindName(kind), "_", MetricName(metric), "_", VectorStorageName(codes));
        Write(absl::StrCat(folder, "/", name), PackIndexFile(*ReadFile(work / "i")));
      }
    }
  }
  Write(folder + "/empty", "");
  Write(folder + "/a_header_alone", std::string(sizeof(VectorFileHeader), '\0'));
}

void WriteLogs(const std::string& folder) {
  const TempDir work;
  {
    const auto made = *Collection::Create(work / "c", {.name = "c", .index = {.dim = 2}});
    for (int i = 0; i < 3; ++i) SENVEC_CHECK(made->Upsert({{.id = absl::StrCat(i), .vector = {1, 2}}}).ok());
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(work / "c")) {
    const std::string name = entry.path().filename().string(), path = entry.path().string();
    if (name == "SYNCED") Write(folder + "/mark", *ReadFile(path));
    if (absl::StartsWith(name, "MANIFEST-")) Write(folder + "/manifest", *ReadFile(path));
    if (!absl::EndsWith(name, ".log") || entry.file_size() == 0) continue;
    const std::string log = *ReadFile(path);
    Write(folder + "/writes", log);
    Write(folder + "/writes_cut", log.substr(0, log.size() - 5));
    Write(folder + "/writes_and_zeros", log + std::string(40, '\0'));
  }
  Write(folder + "/empty", "");
}

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_index_seeds CORPUS\n");
    return 2;
  }
  senvec::WriteIndexes(std::string(argv[1]) + "/vector_index_file");
  senvec::WriteLogs(std::string(argv[1]) + "/store_logs");
  return 0;
}
