#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "index/vector/candidate_pool.h"
#include "index/vector/code_table.h"
#include "index/vector/coded_rows.h"
#include "index/vector/row_codec.h"
#include "index/vector/row_table.h"

namespace senvec {

// What an index finds its candidates with: rows by their place, in codes or as floats, and how near a query is to some of
// them. Both kinds have the same functions; searches are compiled for each.

// Rows in codes of 8 bits.
class CodedSpace : public CodeMeasure {
 public:
  // `codes` and `factors` are where the stored ones lie now; the codec is taken.
  CodedSpace(const VectorFile& file, StoredCodes& stored, const char* codes, const char* factors,
             const DistanceKernels& kernels)
      : CodeMeasure(reinterpret_cast<const uint8_t*>(codes), stored.codec->code_bytes(),
                    stored.factors.empty() ? nullptr : reinterpret_cast<const RowFactor*>(factors), kernels),
        codec_(std::move(stored.codec)) {}

  void Prepare(const float* values, CodedQuery& query) const { codec_->EncodeQuery(values, query); }
  const RowCodec& codec() const { return *codec_; }
  size_t row_bytes() const { return codec_->code_bytes() + (factor(0) == nullptr ? 0 : sizeof(RowFactor)); }

 private:
  std::shared_ptr<const RowCodec> codec_;
};

// Rows as floats or half floats.
class FloatSpace {
 public:
  struct Query {
    const float* values = nullptr;
  };
  FloatSpace(const VectorFile& file, StoredCodes& stored, const char* codes, const char*, const DistanceKernels& kernels)
      : rows_(FloatCodeOptions(file.options()), codes, kernels), codec_(std::move(stored.codec)) {}

  void Prepare(const float* values, Query& query) const { query.values = values; }
  const RowCodec& codec() const { return *codec_; }
  size_t row_bytes() const { return rows_.stride(); }

  void Prefetch(uint32_t node) const {
    // The processor goes on by itself once it sees a row being read.
    const char* const at = rows_.row(node);
    const size_t bytes = std::min<size_t>(rows_.stride(), 512);
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(at + i);
  }
  // count ≤ kMostMeasured.
  void Measure(const Query& query, const uint32_t* nodes, size_t count, Rank* out) const {
    float scores[kMostMeasured];
    rows_.Score(query.values, nodes, count, scores);
    for (size_t i = 0; i < count; ++i) out[i] = RankOf(scores[i]);
  }
  // Of nodes [first, first + count), count ≤ kMostMeasured.
  void MeasureRange(const Query& query, size_t first, size_t count, Rank* out) const {
    float scores[kMostMeasured];
    rows_.ScoreRange(query.values, first, count, scores);
    for (size_t i = 0; i < count; ++i) out[i] = RankOf(scores[i]);
  }

 private:
  const RowTable rows_;
  std::shared_ptr<const RowCodec> codec_;
};

}  // namespace senvec
