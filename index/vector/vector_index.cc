#include "index/vector/vector_index.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/vector/checked_rows.h"
#include "index/vector/coded_rows.h"
#include "index/vector/index_kinds.h"

namespace senvec {
namespace {

constexpr int64_t kExactRows = 10000;     // up to here a scan is as fast as a walk
constexpr int64_t kBlockBytes = 4 << 20;  // of rows on their way into the file

const DistanceKernels& BestKernels() { return DistanceKernelsFor(SupportedIsas().back()); }

// What BuildVectorIndex() makes of kAuto. While a graph is built it takes its links with half as many spare ones, and
// codes twice, in two orders.
IndexKind KindFor(const VectorIndexOptions& options, int64_t rows, int64_t memory_bytes) {
  if (rows <= kExactRows) return IndexKind::kExact;
  const bool is_float = options.codes != VectorStorage::kInt8;
  const int64_t floats = is_float ? static_cast<int64_t>(RowTable::RowBytes(FloatCodeOptions(options))) : 0;
  const int64_t row = 3 * options.m * 4 + 2 * options.m * 4 + std::max<int64_t>(2 * options.dim, floats) + 32;
  return rows <= memory_bytes / row ? IndexKind::kHnsw : IndexKind::kIvf;
}

absl::Status CheckContext(const RowSource& rows, const BuildContext& context) {
  if (rows.num_rows() > int64_t{1} << 31) {
    return absl::InvalidArgumentError(absl::StrCat("an index holds at most 2^31 rows, not ", rows.num_rows()));
  }
  if (context.row_ids.empty()) return absl::OkStatus();
  if (static_cast<int64_t>(context.row_ids.size()) != rows.num_rows()) {
    return absl::InvalidArgumentError(
        absl::StrCat(context.row_ids.size(), " row ids were given for ", rows.num_rows(), " rows"));
  }
  for (size_t i = 1; i < context.row_ids.size(); ++i) {
    if (context.row_ids[i] > context.row_ids[i - 1]) continue;
    return absl::InvalidArgumentError(absl::StrCat("row ids must ascend; number ", i, " is ", context.row_ids[i],
                                                   " after ", context.row_ids[i - 1]));
  }
  return absl::OkStatus();
}

absl::Status WriteRows(const VectorIndexOptions& options, const RowSource& rows, const BuildContext& context,
                       VectorFileWriter& writer) {
  const int64_t n = rows.num_rows(), dim = options.dim;
  const int64_t row_bytes = static_cast<int64_t>(RowTable::RowBytes(options));
  const int64_t block = std::max<int64_t>(1, kBlockBytes / (dim * 4));
  std::vector<float> values;
  std::vector<char> encoded;
  SENVEC_RETURN_IF_ERROR(writer.Begin(VectorSection::kRows));
  for (int64_t first = 0; first < n; first += block) {
    if (!context.progress(0, n)) return absl::CancelledError("the build was cancelled");
    const int64_t count = std::min(block, n - first);
    values.resize(static_cast<size_t>(count * dim));
    SENVEC_RETURN_IF_ERROR(rows.Read(first, count, absl::MakeSpan(values)));
    SENVEC_RETURN_IF_ERROR(CheckRows(options, "row", first, absl::MakeSpan(values)));
    encoded.resize(static_cast<size_t>(count * row_bytes));
    RowTable::Encode(options, BestKernels(), values, encoded.data());
    SENVEC_RETURN_IF_ERROR(writer.Append({encoded.data(), encoded.size()}));
  }
  return writer.End();
}

}  // namespace

absl::Status VectorSearchOptions::Validate() const {
  struct Field {
    const char* name;
    int32_t value, low, high;
  };
  for (const Field& field : {Field{"k", k, 1, 10000}, Field{"ef_search", ef_search, 0, 100000},
                             Field{"nprobe", nprobe, 0, 1048576}}) {
    if (field.value >= field.low && field.value <= field.high) continue;
    return absl::InvalidArgumentError(absl::StrCat("search option ", field.name, " is ", field.value,
                                                   "; it must be in [", field.low, ", ", field.high, "]"));
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredRows> OpenStoredRows(const VectorFile& file, const DistanceKernels& kernels) {
  const uint64_t n = static_cast<uint64_t>(file.num_rows());
  SENVEC_ASSIGN_OR_RETURN(const absl::string_view rows,
                          file.Expect(VectorSection::kRows, "rows", n * RowTable::RowBytes(file.options())));
  StoredRows stored = {.table = RowTable(file.options(), rows.data(), kernels), .row_ids = {}};
  const absl::string_view ids = file.section(VectorSection::kRowIds);
  if (!ids.empty()) {
    if (ids.size() != n * sizeof(uint32_t)) return file.Damaged("its row ids are not one a row");
    stored.row_ids = {reinterpret_cast<const uint32_t*>(ids.data()), n};
    if (!std::is_sorted(stored.row_ids.begin(), stored.row_ids.end())) {
      return file.Damaged("its row ids do not ascend");
    }
  }
  return stored;
}

absl::StatusOr<std::unique_ptr<VectorIndex>> BuildVectorIndex(const VectorIndexOptions& requested,
                                                              const RowSource& rows, const std::string& path,
                                                              const BuildContext& context) {
  VectorIndexOptions options = requested;
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckContext(rows, context));
  const int64_t n = rows.num_rows();
  if (options.kind == IndexKind::kAuto) options.kind = KindFor(options, n, context.memory_bytes);
  SENVEC_ASSIGN_OR_RETURN(const auto writer, VectorFileWriter::Create(path));
  SetOptions(options, writer->header());
  writer->header().num_rows = static_cast<uint64_t>(n);
  SENVEC_RETURN_IF_ERROR(WriteRows(options, rows, context, *writer));
  SENVEC_RETURN_IF_ERROR(writer->Write(VectorSection::kRowIds, context.row_ids));
  SENVEC_ASSIGN_OR_RETURN(const char* const mapped, writer->Map(VectorSection::kRows));
  const RowTable table(options, mapped, BestKernels());
  const BuildInput input = {.options = options, .rows = table, .num_rows = n, .context = context};
  if (options.kind == IndexKind::kIvf) SENVEC_RETURN_IF_ERROR(WriteIvfIndex(input, *writer));
  if (options.kind == IndexKind::kHnsw) SENVEC_RETURN_IF_ERROR(WriteHnswIndex(input, *writer));
  if (!context.progress(n, n)) return absl::CancelledError("the build was cancelled");
  SENVEC_RETURN_IF_ERROR(writer->Commit());
  return OpenVectorIndex(path, /*verify=*/false);
}

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenVectorIndex(const std::string& path, bool verify) {
  SENVEC_ASSIGN_OR_RETURN(auto bytes, MappedFile::Open(path));
  SENVEC_ASSIGN_OR_RETURN(const VectorFile file, VectorFile::Parse(bytes->bytes(), path, verify));
  switch (file.options().kind) {
    case IndexKind::kExact:
      return OpenExactIndex(std::move(bytes), file, BestKernels());
    case IndexKind::kHnsw:
      return OpenHnswIndex(std::move(bytes), file, BestKernels());
    case IndexKind::kIvf:
      return OpenIvfIndex(std::move(bytes), file, BestKernels());
    case IndexKind::kAuto:
      break;
  }
  return file.Damaged("its kind is one that is never stored");
}

}  // namespace senvec
