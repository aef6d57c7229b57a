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

constexpr double kListsARoot = 4;        // lists = 4 · √rows unless told otherwise
constexpr size_t kBlockRows = 16384;     // whose codes are in memory at once
constexpr size_t kFewestACentre = 8;     // rows to place a centre by, where memory is short

size_t NumLists(const VectorIndexOptions& options, size_t rows) {
  const size_t wanted = options.nlist > 0
                            ? static_cast<size_t>(options.nlist)
                            : static_cast<size_t>(kListsARoot * std::sqrt(static_cast<double>(rows)));
  return std::clamp<size_t>(wanted, 1, std::max<size_t>(rows, 1));
}

// Builds lists of any number of rows with a few bytes a row in memory: rows are encoded twice, a block at a time, first to
// find their lists and then, in the order of the lists, to be written.
class IvfBuild {
 public:
  IvfBuild(const BuildInput& input, VectorFileWriter& writer)
      : input_(input), writer_(writer), n_(static_cast<size_t>(input.num_rows)), codec_(TrainCodec(input)) {
    if (codec_->has_factors()) factors_.resize(n_);
  }

  absl::Status Run() {
    if (n_ > 0) {
      if (!PlaceCentres() || !AssignRows()) return Cancelled();
    }
    SENVEC_RETURN_IF_ERROR(WritePlaces(places_, *codec_, writer_));
    if (input_.options.codes == VectorStorage::kInt8) {
      SENVEC_RETURN_IF_ERROR(WriteOrderedCodes());
      SENVEC_RETURN_IF_ERROR(WriteOrderedFactors());
    } else {
      SENVEC_RETURN_IF_ERROR(WriteFloatCodes(input_, places_.rows, writer_));
    }
    SENVEC_RETURN_IF_ERROR(writer_.Write(VectorSection::kListTable, absl::MakeConstSpan(ends_)));
    SENVEC_RETURN_IF_ERROR(writer_.Begin(VectorSection::kCentres));
    SENVEC_RETURN_IF_ERROR(writer_.Append({reinterpret_cast<const char*>(centres_.codes.data()), centres_.codes.size()}));
    SENVEC_RETURN_IF_ERROR(writer_.Append({reinterpret_cast<const char*>(centres_.factors.data()),
                                           centres_.factors.size() * sizeof(RowFactor)}));
    return writer_.End();
  }

 private:
  static absl::Status Cancelled() { return absl::CancelledError("the build was cancelled"); }

  // Half of the way is finding lists, half is writing them.
  bool Tell(size_t done, bool is_writing) const {
    return input_.context.progress(static_cast<int64_t>(done / 2 + (is_writing ? n_ / 2 : 0)), input_.num_rows);
  }

  CodedTable TableOf(const std::vector<uint8_t>& codes, const RowFactor* factors, size_t rows) const {
    return {codes.data(), codec_->code_bytes(), factors, codec_->step(), rows};
  }

  bool PlaceCentres() {
    const size_t lists = NumLists(input_.options, n_);
    const size_t room = static_cast<size_t>(input_.context.memory_bytes) / 4 / codec_->code_bytes();
    const size_t rows = std::min(n_, std::clamp(room, lists * kFewestACentre, lists * kRowsACentre));
    std::vector<uint8_t> codes(rows * codec_->code_bytes());
    std::vector<RowFactor> factors(codec_->has_factors() ? rows : 0);
    // At equal distances.
    EncodeSome(input_, *codec_, rows, [&](size_t i) { return i * n_ / rows; }, codes.data(),
               factors.empty() ? nullptr : factors.data());
    centres_ = FindCentres(TableOf(codes, factors.empty() ? nullptr : factors.data(), rows), lists, input_.rows.kernels(),
                           input_.context.pool, [&] { return Tell(0, false); });
    return centres_.size() > 0;
  }

  bool AssignRows() {
    std::vector<uint32_t> list_of(n_);
    std::vector<uint8_t> codes(std::min(n_, kBlockRows) * codec_->code_bytes());
    ends_.resize(centres_.size());
    for (size_t first = 0; first < n_; first += kBlockRows) {
      if (!Tell(first, false)) return false;
      const size_t count = std::min(kBlockRows, n_ - first);
      RowFactor* const factors = factors_.empty() ? nullptr : &factors_[first];
      EncodeSome(input_, *codec_, count, [&](size_t i) { return first + i; }, codes.data(), factors);
      const std::vector<uint32_t> nearest =
          NearestCentres(TableOf(codes, factors, count), centres_, input_.rows.kernels(), input_.context.pool);
      std::copy(nearest.begin(), nearest.end(), list_of.begin() + static_cast<ptrdiff_t>(first));
      for (uint32_t list : nearest) ++ends_[list];
    }
    codec_->CompleteFactors(absl::MakeSpan(factors_));
    std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
    std::vector<uint64_t> next(ends_.size());
    std::copy(ends_.begin(), ends_.end() - 1, next.begin() + 1);
    places_.rows.resize(n_);
    for (uint32_t row = 0; row < n_; ++row) places_.rows[next[list_of[row]]++] = row;
    return true;
  }

  absl::Status WriteOrderedCodes() {
    std::vector<uint8_t> codes(std::min(n_, kBlockRows) * codec_->code_bytes());
    std::vector<RowFactor> ignored(factors_.empty() ? 0 : std::min(n_, kBlockRows));
    SENVEC_RETURN_IF_ERROR(writer_.Begin(VectorSection::kCodes));
    for (size_t first = 0; first < n_; first += kBlockRows) {
      if (!Tell(first, true)) return Cancelled();
      const size_t count = std::min(kBlockRows, n_ - first);
      EncodeSome(input_, *codec_, count, [&](size_t i) { return places_.rows[first + i]; }, codes.data(),
                 ignored.empty() ? nullptr : ignored.data());
      SENVEC_RETURN_IF_ERROR(
          writer_.Append({reinterpret_cast<const char*>(codes.data()), count * codec_->code_bytes()}));
    }
    return writer_.End();
  }

  absl::Status WriteOrderedFactors() {
    SENVEC_RETURN_IF_ERROR(writer_.Begin(VectorSection::kFactors));
    std::vector<RowFactor> block;
    for (size_t first = 0; first < factors_.size(); first += kBlockRows) {
      block.clear();
      for (size_t i = first; i < std::min(n_, first + kBlockRows); ++i) block.push_back(factors_[places_.rows[i]]);
      SENVEC_RETURN_IF_ERROR(
          writer_.Append({reinterpret_cast<const char*>(block.data()), block.size() * sizeof(RowFactor)}));
    }
    return writer_.End();
  }

  const BuildInput& input_;
  VectorFileWriter& writer_;
  const size_t n_;
  const std::unique_ptr<const RowCodec> codec_;
  Centres centres_;
  std::vector<uint64_t> ends_;      // of each list, in places
  std::vector<RowFactor> factors_;  // by row; none for cosine
  Places places_;
};

}  // namespace

absl::Status WriteIvfIndex(const BuildInput& input, VectorFileWriter& writer) { return IvfBuild(input, writer).Run(); }

}  // namespace senvec
