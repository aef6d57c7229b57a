#include "index/vector/vector_options.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace senvec {
namespace {

// One spelling for each value of an enum; the order is that of messages.
template <typename T>
struct Name {
  T value;
  absl::string_view name;
};

constexpr Name<IndexKind> kIndexKinds[] = {{IndexKind::kExact, "exact"},
                                           {IndexKind::kHnsw, "hnsw"},
                                           {IndexKind::kIvf, "ivf"},
                                           {IndexKind::kAuto, "auto"}};
constexpr Name<Metric> kMetrics[] = {
    {Metric::kCosine, "cosine"}, {Metric::kInnerProduct, "ip"}, {Metric::kL2, "l2"}};
constexpr Name<VectorStorage> kStorages[] = {{VectorStorage::kFp32, "fp32"},
                                             {VectorStorage::kFp16, "fp16"},
                                             {VectorStorage::kInt8, "int8"}};

template <typename T, size_t n>
absl::StatusOr<T> Parse(const Name<T> (&names)[n], absl::string_view what, absl::string_view name) {
  std::string known;
  for (size_t i = 0; i < n; ++i) {
    if (names[i].name == name) return names[i].value;
    absl::StrAppend(&known, i == 0 ? "" : i + 1 < n ? ", " : " or ", names[i].name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown ", what, " \"", name, "\"; it is ", known));
}

template <typename T, size_t n>
absl::string_view Spell(const Name<T> (&names)[n], T value) {
  for (const Name<T>& entry : names) {
    if (entry.value == value) return entry.name;
  }
  SENVEC_CHECK(false && "a value outside its enum");
}

}  // namespace

absl::StatusOr<IndexKind> ParseIndexKind(absl::string_view name) {
  return Parse(kIndexKinds, "index kind", name);
}
absl::string_view IndexKindName(IndexKind kind) { return Spell(kIndexKinds, kind); }

absl::StatusOr<Metric> ParseMetric(absl::string_view name) {
  return Parse(kMetrics, "metric", name);
}
absl::string_view MetricName(Metric metric) { return Spell(kMetrics, metric); }

absl::StatusOr<VectorStorage> ParseVectorStorage(absl::string_view name) {
  return Parse(kStorages, "vector storage", name);
}
absl::string_view VectorStorageName(VectorStorage storage) { return Spell(kStorages, storage); }

absl::Status VectorIndexOptions::Validate() const {
  struct Field {
    const char* name;
    int32_t value, low, high;
  };
  for (const Field& field :
       {Field{"dim", dim, 1, 65536}, Field{"m", m, 2, 256},
        Field{"ef_construction", ef_construction, m, 10000},
        Field{"ef_search", ef_search, 1, 100000}, Field{"nlist", nlist, 0, 1048576},
        Field{"nprobe", nprobe, 0, nlist > 0 ? nlist : 1048576}}) {
    if (field.value >= field.low && field.value <= field.high) continue;
    return absl::InvalidArgumentError(absl::StrCat("index option ", field.name, " is ", field.value,
                                                   "; it must be in [", field.low, ", ",
                                                   field.high, "]"));
  }
  if (rescoring == VectorStorage::kInt8) {
    return absl::InvalidArgumentError(
        "index option rescoring is int8; it must be fp32 or fp16, so that scores stay exact");
  }
  return absl::OkStatus();
}

}  // namespace senvec
