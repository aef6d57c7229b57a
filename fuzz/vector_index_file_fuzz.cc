// A vector index's file: any bytes are refused, or searching them reads nothing that is not there.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "fuzz/packed_index_file.h"
#include "index/vector/vector_index.h"

namespace senvec {
namespace {

void CheckHits(const VectorIndex& index, const std::vector<Neighbor>& hits) {
  for (size_t i = 0; i < hits.size(); ++i) {
    SENVEC_CHECK(hits[i].id >= 0 && hits[i].id < index.size());
    SENVEC_CHECK(i == 0 || hits[i].score <= hits[i - 1].score);
  }
}

void SearchIt(const VectorIndex& index) {
  const auto dim = static_cast<size_t>(index.options().dim);
  std::vector<float> query(dim, 0.5f);
  query[0] = -1;
  const auto n = static_cast<size_t>(index.size());
  std::vector<uint64_t> every_second((n + 63) / 64 + 1, 0x5555555555555555u);
  const RowFilter allowed(every_second, index.size(), static_cast<int64_t>((n + 1) / 2));
  for (const RowFilter* filter : {static_cast<const RowFilter*>(nullptr), &allowed}) {
    const auto found = index.Search(query, {.k = 5, .ef_search = 7, .nprobe = 2, .allowed = filter});
    SENVEC_CHECK(found.ok());
    CheckHits(index, (*found)[0]);
    const auto in_range = index.RangeSearch(query, -1, {.k = 5, .allowed = filter});
    SENVEC_CHECK(in_range.ok());
    CheckHits(index, *in_range);
  }
  if (n > 0) index.Reconstruct(static_cast<int64_t>(n - 1), absl::MakeSpan(query));
}

void OpenIt(const std::string& bytes) {
  const int file = ::memfd_create("index", MFD_CLOEXEC);
  SENVEC_CHECK(file >= 0 && ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  for (bool verify : {false, true}) {
    const auto index = OpenVectorIndex(absl::StrCat("/proc/self/fd/", file), verify);
    if (index.ok()) {
      SearchIt(**index);
    } else {
      SENVEC_CHECK(!index.status().message().empty());
    }
  }
  ::close(file);
}

}  // namespace
}  // namespace senvec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  senvec::OpenIt(bytes);
  senvec::OpenIt(senvec::UnpackIndexFile(bytes));
  return 0;
}
