#include "encoder/pooling/pooling.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace senvec {
namespace {

struct Name {
  absl::string_view name;
  Pooling pooling;
};
constexpr std::array<Name, 6> kNames = {{{"cls", Pooling::kCls},
                                         {"mean", Pooling::kMean},
                                         {"max", Pooling::kMax},
                                         {"last", Pooling::kLast},
                                         {"pooler", Pooling::kPooler},
                                         {"first_last_avg", Pooling::kFirstLastAvg}}};

absl::Span<const float> Token(absl::Span<const float> states, int64_t dim, int64_t token) {
  return states.subspan(token * dim, dim);
}

// out += Σ over tokens.
void AddTokens(absl::Span<const float> states, int64_t dim, absl::Span<float> out) {
  for (size_t begin = 0; begin < states.size(); begin += dim) {
    for (int64_t d = 0; d < dim; ++d) out[d] += states[begin + d];
  }
}

void Mean(absl::Span<const float> states, int64_t dim, absl::Span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  AddTokens(states, dim, out);
  const float count = static_cast<float>(static_cast<int64_t>(states.size()) / dim);
  for (float& value : out) value /= count;
}

void Max(absl::Span<const float> states, int64_t dim, absl::Span<float> out) {
  std::copy_n(states.begin(), dim, out.begin());
  for (size_t begin = dim; begin < states.size(); begin += dim) {
    for (int64_t d = 0; d < dim; ++d) out[d] = std::max(out[d], states[begin + d]);
  }
}

void FirstLastAverage(absl::Span<const float> last, absl::Span<const float> first, int64_t dim,
                      absl::Span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  AddTokens(first, dim, out);
  AddTokens(last, dim, out);
  const float count = 2.0f * static_cast<float>(static_cast<int64_t>(last.size()) / dim);
  for (float& value : out) value /= count;
}

}  // namespace

absl::StatusOr<Pooling> ParsePooling(absl::string_view name) {
  std::string known;
  for (const Name& entry : kNames) {
    if (entry.name == name) return entry.pooling;
    absl::StrAppend(&known, known.empty() ? "" : ", ", entry.name);
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown pooling \"", name, "\"; it is one of ", known));
}

absl::string_view PoolingName(Pooling pooling) {
  for (const Name& entry : kNames) {
    if (entry.pooling == pooling) return entry.name;
  }
  SENVEC_CHECK(false && "unknown Pooling");
}

void Pool(Pooling pooling, absl::Span<const float> last, absl::Span<const float> first, int64_t dim,
          absl::Span<float> out) {
  SENVEC_CHECK(!last.empty() && static_cast<int64_t>(last.size()) % dim == 0);
  SENVEC_CHECK(static_cast<int64_t>(out.size()) == dim);
  const int64_t num_tokens = static_cast<int64_t>(last.size()) / dim;
  switch (pooling) {
    case Pooling::kCls:
    case Pooling::kPooler:
      std::copy_n(last.begin(), dim, out.begin());
      return;
    case Pooling::kLast: {
      const auto token = Token(last, dim, num_tokens - 1);
      std::copy(token.begin(), token.end(), out.begin());
      return;
    }
    case Pooling::kMean:
      return Mean(last, dim, out);
    case Pooling::kMax:
      return Max(last, dim, out);
    case Pooling::kFirstLastAvg:
      SENVEC_CHECK(first.size() == last.size());
      return FirstLastAverage(last, first, dim, out);
  }
}

}  // namespace senvec
