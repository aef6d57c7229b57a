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

std::unique_ptr<const RowCodec> TrainCodec(const BuildInput& input) {
  return RowCodec::Train(input.options, Sample(input.rows, static_cast<size_t>(input.num_rows)), input.rows.kernels().isa);
}

void EncodeSome(const BuildInput& input, const RowCodec& codec, size_t count, absl::FunctionRef<size_t(size_t)> row_of,
                uint8_t* codes, RowFactor* factors) {
  const size_t dim = input.rows.dim(), code_bytes = codec.code_bytes();
  const auto encode = [&](size_t task) {
    const size_t first = task * kRowsATask, n = std::min(kRowsATask, count - first);
    std::vector<float> values(n * dim);
    for (size_t i = 0; i < n; ++i) input.rows.Read(row_of(first + i), absl::MakeSpan(values).subspan(i * dim, dim));
    codec.Encode(values, n, codes + first * code_bytes, factors == nullptr ? nullptr : factors + first);
  };
  const size_t tasks = (count + kRowsATask - 1) / kRowsATask;
  if (input.context.pool != nullptr) {
    input.context.pool->ParallelFor(tasks, encode);
  } else {
    for (size_t task = 0; task < tasks; ++task) encode(task);
  }
}

EncodedRows EncodeRows(const BuildInput& input) {
  const size_t n = static_cast<size_t>(input.num_rows);
  EncodedRows encoded;
  encoded.codec = TrainCodec(input);
  encoded.codes.resize(n * encoded.codec->code_bytes());
  if (encoded.codec->has_factors()) encoded.factors.resize(n);
  EncodeSome(input, *encoded.codec, n, [](size_t i) { return i; }, encoded.codes.data(),
             encoded.factors.empty() ? nullptr : encoded.factors.data());
  encoded.codec->CompleteFactors(absl::MakeSpan(encoded.factors));
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

absl::Status WritePlaces(const Places& places, const RowCodec& codec, VectorFileWriter& writer) {
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kPlaces, absl::MakeConstSpan(places.rows)));
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kRepeats, absl::MakeConstSpan(places.repeats)));
  const std::string table = codec.Serialize();
  return writer.Write(VectorSection::kCodeTable, absl::MakeConstSpan(table.data(), table.size()));
}

absl::Status WriteCodes(const EncodedRows& rows, VectorFileWriter& writer) {
  SENVEC_RETURN_IF_ERROR(writer.Write(VectorSection::kCodes, absl::MakeConstSpan(rows.codes)));
  return writer.Write(VectorSection::kFactors, absl::MakeConstSpan(rows.factors));
}

absl::Status WriteFloatCodes(const BuildInput& input, absl::Span<const uint32_t> rows, VectorFileWriter& writer) {
  const VectorIndexOptions stored = FloatCodeOptions(input.options);
  std::vector<float> values(input.rows.dim());
  std::string block(kRowsATask * RowTable::RowBytes(stored), '\0');
  SENVEC_RETURN_IF_ERROR(writer.Begin(VectorSection::kCodes));
  for (size_t first = 0; first < rows.size(); first += kRowsATask) {
    if (!input.context.progress(input.num_rows, input.num_rows)) {
      return absl::CancelledError("the build was cancelled");
    }
    const size_t count = std::min(kRowsATask, rows.size() - first);
    for (size_t i = 0; i < count; ++i) {
      input.rows.Read(rows[first + i], absl::MakeSpan(values));
      RowTable::Encode(stored, input.rows.kernels(), values, block.data() + i * RowTable::RowBytes(stored));
    }
    SENVEC_RETURN_IF_ERROR(writer.Append(absl::string_view(block).substr(0, count * RowTable::RowBytes(stored))));
  }
  return writer.End();
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
  const bool is_float = file.options().codes != VectorStorage::kInt8;
  const uint64_t code_bytes = is_float ? RowTable::RowBytes(FloatCodeOptions(file.options())) : stored.codec->code_bytes();
  const uint64_t factor_bytes = !is_float && stored.codec->has_factors() ? sizeof(RowFactor) : 0;
  SENVEC_ASSIGN_OR_RETURN(stored.codes, file.Expect(VectorSection::kCodes, "codes", num_coded * code_bytes));
  SENVEC_ASSIGN_OR_RETURN(stored.factors, file.Expect(VectorSection::kFactors, "factors", num_coded * factor_bytes));
  return stored;
}

}  // namespace senvec
