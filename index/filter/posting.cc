#include "index/filter/posting.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr char kPostingMagic = 'P';
constexpr char kOperandMagic = 'D';
constexpr size_t kMaxInlineRows = 15;
constexpr char kBitmapFollows = '\xff';

// A set as it was read: a few rows, or a bitmap.
struct InlineRows {
  size_t count = 0;
  std::array<uint32_t, kMaxInlineRows> rows;
};
using StoredSet = std::variant<InlineRows, Bitmap>;

absl::Status Cut() { return absl::InvalidArgumentError("posting: cut off"); }

uint32_t ReadU32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

absl::StatusOr<StoredSet> TakeInlineRows(size_t count, absl::string_view& bytes) {
  if (bytes.size() < 4 * count) return Cut();
  InlineRows set;
  for (; set.count < count; ++set.count) {
    const uint32_t row = ReadU32(bytes.data() + 4 * set.count);
    if (set.count > 0 && row <= set.rows[set.count - 1]) {
      return absl::InvalidArgumentError("posting: rows out of order");
    }
    set.rows[set.count] = row;
  }
  bytes.remove_prefix(4 * count);
  return set;
}

// Takes a set off the front of `bytes`.
absl::StatusOr<StoredSet> TakeSet(absl::string_view& bytes) {
  if (bytes.empty()) return Cut();
  const char head = bytes[0];
  bytes.remove_prefix(1);
  if (static_cast<uint8_t>(head) <= kMaxInlineRows) {
    return TakeInlineRows(static_cast<uint8_t>(head), bytes);
  }
  if (head != kBitmapFollows) return absl::InvalidArgumentError("posting: unknown kind of set");
  if (bytes.size() < 4 || bytes.size() - 4 < ReadU32(bytes.data())) return Cut();
  const uint32_t length = ReadU32(bytes.data());
  SENVEC_ASSIGN_OR_RETURN(Bitmap bitmap, Bitmap::Parse(bytes.substr(4, length)));
  bytes.remove_prefix(4 + size_t{length});
  return bitmap;
}

absl::Status CheckAtEnd(absl::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("posting: ", bytes.size(), " bytes follow it"));
}

absl::Status TakeMagic(char magic, absl::string_view& bytes) {
  if (bytes.empty() || bytes[0] != magic) {
    return absl::InvalidArgumentError("posting: other bytes than a posting's");
  }
  bytes.remove_prefix(1);
  return absl::OkStatus();
}

absl::StatusOr<StoredSet> ReadPosting(absl::string_view bytes) {
  SENVEC_RETURN_IF_ERROR(TakeMagic(kPostingMagic, bytes));
  SENVEC_ASSIGN_OR_RETURN(StoredSet set, TakeSet(bytes));
  SENVEC_RETURN_IF_ERROR(CheckAtEnd(bytes));
  return set;
}

// What an operand does: rows to remove, then rows to add.
struct Change {
  StoredSet removed;
  StoredSet added;
};

absl::StatusOr<Change> ReadOperand(absl::string_view bytes) {
  SENVEC_RETURN_IF_ERROR(TakeMagic(kOperandMagic, bytes));
  SENVEC_ASSIGN_OR_RETURN(StoredSet removed, TakeSet(bytes));
  SENVEC_ASSIGN_OR_RETURN(StoredSet added, TakeSet(bytes));
  SENVEC_RETURN_IF_ERROR(CheckAtEnd(bytes));
  return Change{std::move(removed), std::move(added)};
}

void AddTo(Bitmap& rows, const StoredSet& set) {
  if (const auto* bitmap = std::get_if<Bitmap>(&set)) return rows.Or(*bitmap);
  const auto& few = std::get<InlineRows>(set);
  for (size_t i = 0; i < few.count; ++i) rows.Add(few.rows[i]);
}

void RemoveFrom(Bitmap& rows, const StoredSet& set) {
  if (const auto* bitmap = std::get_if<Bitmap>(&set)) return rows.AndNot(*bitmap);
  const auto& few = std::get<InlineRows>(set);
  for (size_t i = 0; i < few.count; ++i) rows.Remove(few.rows[i]);
}

void AppendU32(uint32_t value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendSet(const Bitmap& rows, std::string& bytes) {
  std::array<uint32_t, kMaxInlineRows + 1> few;
  const size_t count = rows.Read(0, absl::MakeSpan(few));
  if (count <= kMaxInlineRows) {
    bytes.push_back(static_cast<char>(count));
    for (size_t i = 0; i < count; ++i) AppendU32(few[i], bytes);
    return;
  }
  // How rows are held depends on how they came; optimised, it depends on the rows alone.
  Bitmap compact = rows;
  compact.Optimize();
  bytes.push_back(kBitmapFollows);
  AppendU32(static_cast<uint32_t>(compact.serialized_bytes()), bytes);
  absl::StrAppend(&bytes, compact.Serialize());
}

std::string EncodeOperand(const Bitmap& removed, const Bitmap& added) {
  std::string bytes(1, kOperandMagic);
  AppendSet(removed, bytes);
  AppendSet(added, bytes);
  return bytes;
}

}  // namespace

std::string AddOperand(uint32_t row) { return AddOperand(absl::MakeConstSpan(&row, 1)); }
std::string RemoveOperand(uint32_t row) { return RemoveOperand(absl::MakeConstSpan(&row, 1)); }

std::string AddOperand(absl::Span<const uint32_t> rows) {
  return EncodeOperand(Bitmap(), Bitmap::Of(rows));
}

std::string RemoveOperand(absl::Span<const uint32_t> rows) {
  return EncodeOperand(Bitmap::Of(rows), Bitmap());
}

bool MergePostings(std::optional<absl::string_view> existing,
                   absl::Span<const absl::string_view> operands, std::string* merged) {
  Bitmap rows;
  if (existing.has_value()) {
    absl::StatusOr<Bitmap> decoded = DecodePosting(*existing);
    if (!decoded.ok()) return false;
    rows = std::move(*decoded);
  }
  for (const absl::string_view operand : operands) {
    const absl::StatusOr<Change> change = ReadOperand(operand);
    if (!change.ok()) return false;
    RemoveFrom(rows, change->removed);
    AddTo(rows, change->added);
  }
  *merged = EncodePosting(rows);
  return true;
}

bool MergeOperands(absl::Span<const absl::string_view> operands, std::string* merged) {
  if (operands.empty()) return false;
  // Apart from each other: a row that was removed and then added is only added.
  Bitmap removed;
  Bitmap added;
  for (const absl::string_view operand : operands) {
    const absl::StatusOr<Change> change = ReadOperand(operand);
    if (!change.ok()) return false;
    AddTo(removed, change->removed);
    RemoveFrom(added, change->removed);
    AddTo(added, change->added);
    RemoveFrom(removed, change->added);
  }
  *merged = EncodeOperand(removed, added);
  return true;
}

std::string EncodePosting(const Bitmap& rows) {
  std::string bytes(1, kPostingMagic);
  AppendSet(rows, bytes);
  return bytes;
}

absl::StatusOr<Bitmap> DecodePosting(absl::string_view posting) {
  SENVEC_ASSIGN_OR_RETURN(StoredSet set, ReadPosting(posting));
  if (auto* bitmap = std::get_if<Bitmap>(&set)) return std::move(*bitmap);
  Bitmap rows;
  AddTo(rows, set);
  return rows;
}

absl::Status AddPosting(absl::string_view posting, BitmapUnion& rows) {
  // Ranges over fields with many different values read very many lists of one row.
  if (posting.size() == 6 && posting[0] == kPostingMagic && posting[1] == 1) {
    rows.Add(ReadU32(posting.data() + 2));
    return absl::OkStatus();
  }
  SENVEC_ASSIGN_OR_RETURN(const StoredSet set, ReadPosting(posting));
  if (const auto* bitmap = std::get_if<Bitmap>(&set)) {
    rows.Add(*bitmap);
  } else {
    const auto& few = std::get<InlineRows>(set);
    for (size_t i = 0; i < few.count; ++i) rows.Add(few.rows[i]);
  }
  return absl::OkStatus();
}

bool IsEmptyPosting(absl::string_view posting) {
  return posting.size() == 2 && posting[0] == kPostingMagic && posting[1] == '\0';
}

}  // namespace senvec
