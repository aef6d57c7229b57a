// A stored posting and operands, each after its length (u16): merged in one go or through one
// operand, they give the same posting, or are refused both ways.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "index/filter/posting.h"

namespace {

std::vector<absl::string_view> Pieces(absl::string_view input) {
  std::vector<absl::string_view> pieces;
  while (input.size() >= 2) {
    const size_t length =
        static_cast<uint8_t>(input[0]) | static_cast<size_t>(static_cast<uint8_t>(input[1])) << 8;
    input.remove_prefix(2);
    pieces.push_back(input.substr(0, length));
    input.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<absl::string_view> pieces = Pieces({reinterpret_cast<const char*>(data), size});
  if (pieces.empty()) return 0;
  const absl::string_view existing = pieces[0];
  const auto operands = absl::MakeConstSpan(pieces).subspan(1);

  std::string merged = "untouched";
  const bool ok = senvec::MergePostings(existing, operands, &merged);
  const absl::StatusOr<senvec::Bitmap> before = senvec::DecodePosting(existing);
  std::string one = "untouched";
  const bool one_ok = senvec::MergeOperands(operands, &one);
  SENVEC_CHECK(ok == (before.ok() && (one_ok || operands.empty())));
  SENVEC_CHECK(ok || merged == "untouched");
  SENVEC_CHECK(one_ok || one == "untouched");
  if (!ok) return 0;

  const absl::StatusOr<senvec::Bitmap> rows = senvec::DecodePosting(merged);
  SENVEC_CHECK(rows.ok() && senvec::EncodePosting(*rows) == merged);
  SENVEC_CHECK(senvec::IsEmptyPosting(merged) == rows->empty());
  if (one_ok) {
    const absl::string_view folded = one;
    std::string twice;
    SENVEC_CHECK(senvec::MergePostings(existing, absl::MakeConstSpan(&folded, 1), &twice) &&
                 twice == merged);
  }
  return 0;
}
