#include "index/vector/coded_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/status_macros.h"
#include "base/thread_pool.h"

namespace senvec {
namespace {

constexpr size_t kMostSampled = 20000;
constexpr size_t kRowsATask = 256;

// Some rows at equal distances, as floats.
std::vector<float> Sample(const RowTable& rows, size_t n) {
  const size_t count = std::min(n, kMostSampled), dim = rows.dim();
  std::vector<float> sample(count * dim);
  for (size_t i = 0; i < count; ++i) rows.Read(i * n / count, absl::MakeSpan(sample).subspan(i * dim, dim));
  return sample;
}

}  // namespace

EncodedRows EncodeRows(const BuildInput& input) {
  const size_t n = static_cast<size_t>(input.num_rows), dim = input.rows.dim();
  EncodedRows encoded;
  encoded.codec = RowCodec::Train(input.options, Sample(input.rows, n), input.rows.kernels().isa);
  const size_t code_bytes = encoded.codec->code_bytes();
  encoded.codes.resize(n * code_bytes);
  if (encoded.codec->has_factors()) encoded.factors.resize(n);
  const auto encode = [&](size_t task) {
    const size_t first = task * kRowsATask, count = std::min(kRowsATask, n - first);
    std::vector<float> values(count * dim);
    for (size_t i = 0; i < count; ++i) input.rows.Read(first + i, absl::MakeSpan(values).subspan(i * dim, dim));
    encoded.codec->Encode(values, count, encoded.codes.data() + first * code_bytes,
                          encoded.factors.empty() ? nullptr : encoded.factors.data() + first);
  };
  const size_t tasks = (n + kRowsATask - 1) / kRowsATask;
  if (input.context.pool != nullptr) {
    input.context.pool->ParallelFor(tasks, encode);
  } else {
    for (size_t task = 0; task < tasks; ++task) encode(task);
  }
  return encoded;
}

DistinctRows KeepDistinct(EncodedRows& rows) {
  const size_t code_bytes = rows.codec->code_bytes(), n = rows.codes.size() / code_bytes;
  const auto codes = [&](size_t row) {
    return absl::string_view(reinterpret_cast<const char*>(rows.codes.data()) + row * code_bytes, code_bytes);
  };
  DistinctRows distinct;
  absl::flat_hash_map<absl::string_view, uint32_t> known;
  known.reserve(n);
  for (uint32_t row = 0; row < n; ++row) {
    const auto [entry, is_new] = known.emplace(codes(row), static_cast<uint32_t>(distinct.first.size()));
    // Longer or shorter rows of the same direction have the same codes.
    const uint32_t other = is_new ? row : distinct.first[entry->second];
    const bool same = rows.factors.empty() || (rows.factors[row].step == rows.factors[other].step &&
                                               rows.factors[row].bias == rows.factors[other].bias);
    if (is_new || !same) {
      distinct.first.push_back(row);
    } else {
      distinct.others.push_back({entry->second, row});
    }
  }
  std::sort(distinct.others.begin(), distinct.others.end());
  for (size_t i = 0; i < distinct.first.size(); ++i) {
    std::copy_n(&rows.codes[distinct.first[i] * code_bytes], code_bytes, &rows.codes[i * code_bytes]);
    if (!rows.factors.empty()) rows.factors[i] = rows.factors[distinct.first[i]];
  }
  rows.codes.resize(distinct.first.size() * code_bytes);
  if (!rows.factors.empty()) rows.factors.resize(distinct.first.size());
  return distinct;
}

Places ArrangePlaces(const DistinctRows& distinct, absl::Span<const uint32_t> order) {
  Places places;
  for (uint32_t position : order) places.rows.push_back(distinct.first[position]);
  for (uint32_t place = 0; place < order.size(); ++place) {
    auto other = std::lower_bound(distinct.others.begin(), distinct.others.end(), std::make_pair(order[place], 0u));
    if (other == distinct.others.end() || other->first != order[place]) continue;
    places.repeats.push_back(place);
    places.repeats.push_back(static_cast<uint32_t>(places.rows.size()));
    for (; other != distinct.others.end() && other->first == order[place]; ++other) places.rows.push_back(other->second);
  }
  return places;
}

absl::Status WriteCodedRows(const VectorIndexOptions& options, const EncodedRows& rows, const Places& places,
                            VectorFileWriter& writer) {
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kPlaces, absl::MakeConstSpan(places.rows)));
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kRepeats, absl::MakeConstSpan(places.repeats)));
  const std::string table = rows.codec->Serialize();
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kCodeTable, absl::MakeConstSpan(table.data(), table.size())));
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kCodes, absl::MakeConstSpan(rows.codes)));
  return writer.Write(VectorSection::kFactors, absl::MakeConstSpan(rows.factors));
}

absl::StatusOr<StoredCodes> OpenStoredCodes(const VectorFile& file, uint64_t num_coded, Isa isa) {
  const uint64_t n = static_cast<uint64_t>(file.num_rows());
  StoredCodes stored;
  SENVEC_ASSIGN_OR_RETURN(stored.places, file.Expect(VectorSection::kPlaces, "places", n * sizeof(uint32_t)));
  uint32_t greatest = 0;
  for (uint32_t row : absl::MakeConstSpan(reinterpret_cast<const uint32_t*>(stored.places.data()), n)) {
    greatest = std::max(greatest, row);
  }
  if (n > 0 && greatest >= n) return file.Damaged("its places hold a row that is not there");
  stored.repeats = file.section(VectorSection::kRepeats);
  const auto* pairs = reinterpret_cast<const uint32_t*>(stored.repeats.data());
  bool fits = stored.repeats.size() % (2 * sizeof(uint32_t)) == 0;
  uint64_t place = 0, begin = num_coded;  // the least that may come next
  for (size_t i = 0; fits && i < stored.repeats.size() / sizeof(uint32_t); i += 2) {
    fits = pairs[i] >= place && pairs[i] < num_coded && pairs[i + 1] >= begin && pairs[i + 1] < n;
    place = uint64_t{pairs[i]} + 1;
    begin = uint64_t{pairs[i + 1]} + 1;
  }
  if (!fits) return file.Damaged("its repeats make no sense");
  SENVEC_ASSIGN_OR_RETURN(stored.codec, RowCodec::Parse(file, isa));
  SENVEC_ASSIGN_OR_RETURN(stored.codes,
                          file.Expect(VectorSection::kCodes, "codes", num_coded * stored.codec->code_bytes()));
  SENVEC_ASSIGN_OR_RETURN(stored.factors,
                          file.Expect(VectorSection::kFactors, "factors",
                                      stored.codec->has_factors() ? num_coded * sizeof(RowFactor) : 0));
  return stored;
}

}  // namespace senvec
