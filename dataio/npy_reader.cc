#include "dataio/npy_reader.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr absl::string_view kMagic = "\x93NUMPY";

absl::Status Bad(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      where, ": ", what, "; wanted is a float32 matrix as numpy.save(path, x.astype('<f4')) writes it"));
}

// The text after "'key':" in the head's Python dictionary, trimmed on the left; empty when the key is not there.
absl::string_view ValueOf(absl::string_view head, absl::string_view key) {
  const std::string quoted = absl::StrCat("'", key, "':");
  const size_t at = head.find(quoted);
  if (at == absl::string_view::npos) return {};
  return absl::StripLeadingAsciiWhitespace(head.substr(at + quoted.size()));
}

// "(12, 384)" → {12, 384}; false for anything else than a tuple of numbers.
bool ParseTuple(absl::string_view text, std::vector<int64_t>& out) {
  const size_t end = text.find(')');
  if (!absl::ConsumePrefix(&text, "(") || end == absl::string_view::npos) return false;
  for (absl::string_view part : absl::StrSplit(text.substr(0, end - 1), ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.empty()) continue;
    int64_t value = 0;
    if (!absl::SimpleAtoi(part, &value) || value < 0) return false;
    out.push_back(value);
  }
  return true;
}

// The head's dictionary, and where the values begin. Its length has 2 bytes in version 1 and 4 later.
absl::StatusOr<absl::string_view> FindHead(absl::string_view bytes, absl::string_view where,
                                           size_t& data_offset) {
  if (bytes.size() < 10 || !absl::StartsWith(bytes, kMagic)) {
    return Bad(where, "not a .npy file (its first bytes are not \\x93NUMPY)");
  }
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) {
    return Bad(where, absl::StrCat(".npy version ", version, " is not known (1 to 3 are)"));
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + length_bytes) return Bad(where, "the file ends inside its head");
  size_t length = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    length |= static_cast<size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  }
  data_offset = 8 + length_bytes + length;
  if (data_offset > bytes.size()) {
    return Bad(where, absl::StrCat("the head claims ", length, " bytes, more than the file has"));
  }
  return bytes.substr(8 + length_bytes, length);
}

}  // namespace

absl::StatusOr<NpyShape> ParseNpyHead(absl::string_view bytes, absl::string_view where) {
  NpyShape shape;
  SENVEC_ASSIGN_OR_RETURN(const absl::string_view head, FindHead(bytes, where, shape.data_offset));
  if (!absl::StartsWith(ValueOf(head, "descr"), "'<f4'")) {
    return Bad(where, "the values are not little-endian float32 ('descr' is not '<f4')");
  }
  if (!absl::StartsWith(ValueOf(head, "fortran_order"), "False")) {
    return Bad(where, "the array is not in C order");
  }
  std::vector<int64_t> sizes;
  if (!ParseTuple(ValueOf(head, "shape"), sizes)) return Bad(where, "the shape is not readable");
  if (sizes.size() != 2) {
    return Bad(where, absl::StrCat("the array has ", sizes.size(), " dimensions, not 2"));
  }
  shape.rows = sizes[0];
  shape.dim = sizes[1];
  const size_t data_bytes = bytes.size() - shape.data_offset;
  const __uint128_t wanted = static_cast<__uint128_t>(shape.rows) * shape.dim * sizeof(float);
  if (wanted != data_bytes) {
    return Bad(where, absl::StrCat("a shape of ", shape.rows, " x ", shape.dim, " does not fit the ",
                                   data_bytes, " bytes of values in the file"));
  }
  return shape;
}

absl::StatusOr<NpyMatrix> NpyMatrix::Open(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  SENVEC_ASSIGN_OR_RETURN(const NpyShape shape, ParseNpyHead(file->bytes(), path));
  return NpyMatrix(std::move(file), shape);
}

void NpyMatrix::CopyRows(int64_t begin, absl::Span<float> out) const {
  const size_t offset = static_cast<size_t>(begin * shape_.dim) * sizeof(float);
  const absl::string_view values = file_->bytes().substr(shape_.data_offset);
  SENVEC_CHECK(begin >= 0 && offset <= values.size() &&
               out.size() * sizeof(float) <= values.size() - offset);
  if (!out.empty()) std::memcpy(out.data(), values.data() + offset, out.size() * sizeof(float));
}

}  // namespace senvec
