#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/status_macros.h"
#include "index/vector/clustering.h"
#include "index/vector/coded_rows.h"
#include "index/vector/index_kinds.h"

namespace senvec {
namespace {

constexpr double kListsARoot = 4;  // lists = 4 · √rows unless told otherwise

size_t NumLists(const VectorIndexOptions& options, size_t rows) {
  const size_t wanted = options.nlist > 0
                            ? static_cast<size_t>(options.nlist)
                            : static_cast<size_t>(kListsARoot * std::sqrt(static_cast<double>(rows)));
  return std::clamp<size_t>(wanted, 1, std::max<size_t>(rows, 1));
}

}  // namespace

absl::Status WriteIvfIndex(const BuildInput& input, VectorFileWriter& writer) {
  EncodedRows rows = EncodeRows(input);
  const size_t n = static_cast<size_t>(input.num_rows), code_bytes = rows.codec->code_bytes();
  const CodedTable table = {rows.codes.data(), code_bytes, rows.factors.empty() ? nullptr : rows.factors.data(),
                            rows.codec->step(), n};
  Centres centres;
  std::vector<uint32_t> list_of;
  if (n > 0) {
    const auto progress = [&] { return input.context.progress(0, input.num_rows); };
    centres = FindCentres(table, NumLists(input.options, n), input.rows.kernels(), input.context.pool, progress);
    if (centres.size() == 0) return absl::CancelledError("the build was cancelled");
    list_of = NearestCentres(table, centres, input.rows.kernels(), input.context.pool);
  }
  std::vector<uint64_t> ends(centres.size());
  for (uint32_t list : list_of) ++ends[list];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  Places places;
  places.rows.resize(n);
  std::iota(places.rows.begin(), places.rows.end(), 0);
  std::stable_sort(places.rows.begin(), places.rows.end(),
                   [&](uint32_t a, uint32_t b) { return list_of[a] < list_of[b]; });
  EncodedRows ordered = {.codec = std::move(rows.codec), .codes = std::vector<uint8_t>(rows.codes.size()), .factors = {}};
  for (size_t i = 0; i < n; ++i) {
    std::copy_n(&rows.codes[places.rows[i] * code_bytes], code_bytes, &ordered.codes[i * code_bytes]);
    if (!rows.factors.empty()) ordered.factors.push_back(rows.factors[places.rows[i]]);
  }
  SENVEC_RETURN_IF_ERROR(WriteCodedRows(input.options, ordered, places, writer));
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kListTable, absl::MakeConstSpan(ends)));
  SENVEC_RETURN_IF_ERROR(writer.Begin(VectorSection::kCentres));
  SENVEC_RETURN_IF_ERROR(writer.Append({reinterpret_cast<const char*>(centres.codes.data()), centres.codes.size()}));
  SENVEC_RETURN_IF_ERROR(writer.Append({reinterpret_cast<const char*>(centres.factors.data()),
                                        centres.factors.size() * sizeof(RowFactor)}));
  return writer.End();
}

}  // namespace senvec
