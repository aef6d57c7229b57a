#include <utility>

#include "base/status_macros.h"
#include "index/vector/coded_rows.h"
#include "index/vector/graph_builder.h"
#include "index/vector/index_kinds.h"

namespace senvec {

absl::Status WriteHnswIndex(const BuildInput& input, VectorFileWriter& writer) {
  EncodedRows rows = EncodeRows(input);
  const DistinctRows distinct = KeepDistinct(rows);
  const GraphOptions options = {.m = static_cast<size_t>(input.options.m),
                                .ef_construction = static_cast<size_t>(input.options.ef_construction)};
  bool stopped = false;
  const auto progress = [&](int64_t done) {
    stopped = !input.context.progress(done, input.num_rows);
    return !stopped;
  };
  const BuiltGraph graph = BuildGraph(options, *rows.codec, input.rows.kernels(), rows.codes,
                                      rows.factors.empty() ? nullptr : &rows.factors, input.context.pool, progress);
  if (stopped) return absl::CancelledError("the build was cancelled");
  const Places places = ArrangePlaces(distinct, graph.order);
  SENVEC_RETURN_IF_ERROR(WritePlaces(places, *rows.codec, writer));
  if (input.options.codes == VectorStorage::kInt8) {
    SENVEC_RETURN_IF_ERROR(WriteCodes(rows, writer));
  } else {
    // The graph is made of codes of 8 bits all the same; walks see what was asked for.
    const absl::Span<const uint32_t> nodes = absl::MakeConstSpan(places.rows).first(graph.order.size());
    SENVEC_RETURN_IF_ERROR(WriteFloatCodes(input, nodes, writer));
  }
  std::vector<uint32_t> counts;
  for (const BuiltGraph::Level& level : graph.levels) counts.push_back(level.num_nodes);
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kGraphTable, absl::MakeConstSpan(counts)));
  SENVEC_RETURN_IF_ERROR(writer.Begin(VectorSection::kLinks));
  for (const BuiltGraph::Level& level : graph.levels) {
    SENVEC_RETURN_IF_ERROR(
        writer.Append({reinterpret_cast<const char*>(level.links.data()), level.links.size() * sizeof(uint32_t)}));
  }
  return writer.End();
}

}  // namespace senvec
