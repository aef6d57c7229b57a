#include "index/filter/filter_lexer.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/filter/field_path.h"
#include "index/filter/utf8.h"

namespace senvec {
namespace {

using Kind = FilterToken::Kind;

constexpr size_t kBytesInErrors = 40;

constexpr struct {
  absl::string_view text;
  Kind kind;
} kOperators[] = {
    {"==", Kind::kEqual},        {"!=", Kind::kNotEqual}, {"<=", Kind::kLessEqual},
    {">=", Kind::kGreaterEqual}, {"=", Kind::kEqual},     {"<", Kind::kLess},
    {">", Kind::kGreater},       {"≠", Kind::kNotEqual},  {"≤", Kind::kLessEqual},
    {"≥", Kind::kGreaterEqual},  {"(", Kind::kOpen},      {")", Kind::kClose},
    {",", Kind::kComma},         {".", Kind::kDot},
};

constexpr struct {
  absl::string_view text;
  Kind kind;
} kKeywords[] = {
    {"and", Kind::kAnd},   {"or", Kind::kOr},         {"not", Kind::kNot},
    {"in", Kind::kIn},     {"exists", Kind::kExists}, {"prefix", Kind::kPrefix},
    {"true", Kind::kTrue}, {"false", Kind::kFalse},   {"null", Kind::kNull},
};

// What people write who know another language, and what it is called here.
constexpr struct {
  absl::string_view text;
  absl::string_view instead;
} kForeign[] = {{"&&", "and"}, {"||", "or"}, {"<>", "!="}, {"!", "not"},   {"&", "and"},
                {"|", "or"},   {"[", "("},   {"]", ")"},   {"~", "prefix"}};

// JSON's grammar: no sign but '-', no leading zeros, digits on both sides of the dot.
bool IsJsonNumber(absl::string_view text) {
  const auto digits = [&] {
    size_t count = 0;
    while (count < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[count])))
      ++count;
    text.remove_prefix(count);
    return count > 0;
  };
  const auto skip = [&](absl::string_view any) {
    if (text.empty() || !absl::StrContains(any, text[0])) return false;
    text.remove_prefix(1);
    return true;
  };
  skip("-");
  if (!skip("0") && !digits()) return false;
  if (skip(".") && !digits()) return false;
  if (skip("eE")) {
    skip("+-");
    if (!digits()) return false;
  }
  return text.empty();
}

// nullopt when its size is beyond a double's.
std::optional<FilterValue> NumberValue(absl::string_view text) {
  int64_t integer;
  if (absl::SimpleAtoi(text, &integer)) return FilterValue::Int(integer);
  uint64_t large;
  if (absl::SimpleAtoi(text, &large)) return FilterValue::Unsigned(large);
  double value = 0;
  const absl::from_chars_result result =
      absl::from_chars(text.data(), text.data() + text.size(), value);
  // Out of range is also what is too small; the nearest double then is as good as any.
  if (result.ec == std::errc::result_out_of_range && std::abs(value) > 1) return std::nullopt;
  return std::isfinite(value) ? std::make_optional(FilterValue::Double(value)) : std::nullopt;
}

}  // namespace

absl::Status FilterError(int32_t column, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("filter, column ", column, ": ", what));
}

void FilterLexer::Advance(size_t bytes) {
  for (const size_t end = position_ + bytes; position_ < end; ++column_)
    NextCodePoint(text_, position_);
}

FilterToken FilterLexer::Take(Kind kind, size_t bytes) {
  FilterToken token;
  token.kind = kind;
  token.text = text_.substr(position_, bytes);
  token.column = column_;
  Advance(bytes);
  return token;
}

absl::Status FilterLexer::SkipSpace() {
  while (position_ < text_.size() &&
         absl::ascii_isspace(static_cast<unsigned char>(text_[position_])))
    Advance(1);
  if (position_ < text_.size()) {
    size_t at = position_;
    if (NextCodePoint(text_, at) < 0) return FilterError(column_, "bytes that are not UTF-8");
  }
  return absl::OkStatus();
}

absl::StatusOr<FilterToken> FilterLexer::Next() {
  SENVEC_RETURN_IF_ERROR(SkipSpace());
  if (position_ == text_.size()) return Take(Kind::kEnd, 0);
  const char c = text_[position_];
  if (c == '"' || c == '\'') return String();
  if (c == '-' || absl::ascii_isdigit(static_cast<unsigned char>(c))) return Number();
  size_t at = position_;
  return IsNameCodePoint(NextCodePoint(text_, at)) ? Name() : Operator();
}

absl::StatusOr<FilterToken> FilterLexer::Operator() {
  const absl::string_view rest = text_.substr(position_);
  for (const auto& [text, instead] : kForeign) {
    if (!absl::StartsWith(rest, text) || absl::StartsWith(rest, "!=")) continue;
    return FilterError(column_,
                       absl::StrCat("unknown sign '", text, "'; write ", instead, " instead"));
  }
  for (const auto& [text, kind] : kOperators) {
    if (absl::StartsWith(rest, text)) return Take(kind, text.size());
  }
  size_t end = position_;
  NextCodePoint(text_, end);
  const absl::string_view sign = text_.substr(position_, end - position_);
  if (absl::ascii_iscntrl(static_cast<unsigned char>(sign[0]))) {
    return FilterError(column_, "unexpected control character; write it in quotes with a \\");
  }
  return FilterError(
      column_, absl::StrCat("unexpected character '", sign,
                            "'; quotes, commas, parentheses and spaces are "
                            "ASCII here, and a field name with other signs is written in quotes"));
}

absl::StatusOr<FilterToken> FilterLexer::Name() {
  size_t end = position_;
  for (size_t at = end; at < text_.size(); end = at) {
    if (!IsNameCodePoint(NextCodePoint(text_, at))) break;
  }
  FilterToken token = Take(Kind::kName, end - position_);
  token.string = std::string(token.text);
  for (const auto& [text, kind] : kKeywords) {
    if (absl::EqualsIgnoreCase(token.text, text)) token.kind = kind;
  }
  if (token.kind == Kind::kTrue || token.kind == Kind::kFalse) {
    token.value = FilterValue::Bool(token.kind == Kind::kTrue);
  }
  return token;
}

absl::StatusOr<FilterToken> FilterLexer::Number() {
  size_t end = position_;
  while (end < text_.size() && (absl::ascii_isalnum(static_cast<unsigned char>(text_[end])) ||
                                absl::StrContains("+-._", text_[end]))) {
    ++end;
  }
  FilterToken token = Take(Kind::kNumber, end - position_);
  const std::string written = Shortened(token.text, kBytesInErrors);
  if (!IsJsonNumber(token.text)) {
    return FilterError(token.column,
                       absl::StrCat("'", written,
                                    "' is not a number; strings, and field names that start with "
                                    "a digit or '-', are written in quotes"));
  }
  token.value = NumberValue(token.text);
  if (!token.value.has_value()) {
    return FilterError(
        token.column,
        absl::StrCat(written, " is beyond the range of 64-bit floating-point numbers"));
  }
  return token;
}

absl::StatusOr<FilterToken> FilterLexer::String() {
  const int32_t column = column_;
  const size_t start = position_;
  const char quote = text_[position_];
  std::string content;
  Advance(1);
  while (position_ < text_.size() && text_[position_] != quote) {
    size_t end = position_;
    const int32_t code_point = NextCodePoint(text_, end);
    if (code_point < 0) return FilterError(column_, "bytes that are not UTF-8");
    if (code_point == '\\') {
      SENVEC_ASSIGN_OR_RETURN(const int32_t escaped, Escape());
      AppendUtf8(escaped, content);
    } else {
      absl::StrAppend(&content, text_.substr(position_, end - position_));
      Advance(end - position_);
    }
  }
  if (position_ == text_.size()) {
    return FilterError(column, absl::StrCat("the string that starts here has no closing ",
                                            absl::string_view(&quote, 1)));
  }
  Advance(1);
  FilterToken token;
  token.kind = Kind::kString;
  token.text = text_.substr(start, position_ - start);
  token.column = column;
  token.value = FilterValue::String(content);
  token.string = std::move(content);
  return token;
}

// At a backslash.
absl::StatusOr<int32_t> FilterLexer::Escape() {
  const int32_t column = column_;
  Advance(1);
  const char c = position_ < text_.size() ? text_[position_] : '\0';
  constexpr absl::string_view kWritten = "\"'\\/bfnrtu";
  constexpr absl::string_view kMeant = "\"'\\/\b\f\n\r\t";
  const size_t which = kWritten.find(c);
  if (which == absl::string_view::npos) {
    return FilterError(
        column,
        "unknown escape; a string may have \\\" \\' \\\\ \\/ \\b \\f \\n \\r \\t and \\u with 4 "
        "hexadecimal digits");
  }
  Advance(1);
  if (which < kMeant.size()) return kMeant[which];
  SENVEC_ASSIGN_OR_RETURN(const int32_t first, HexDigits());
  if (first < 0xd800 || first >= 0xe000) return first;
  if (first < 0xdc00 && absl::StartsWith(text_.substr(position_), "\\u")) {
    Advance(2);
    SENVEC_ASSIGN_OR_RETURN(const int32_t second, HexDigits());
    if (second >= 0xdc00 && second < 0xe000)
      return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }
  return FilterError(column, "half of a surrogate pair");
}

absl::StatusOr<int32_t> FilterLexer::HexDigits() {
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = position_ < text_.size() ? text_[position_] : '\0';
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c)))
      return FilterError(column_, "expected a hexadecimal digit");
    value = value * 16 + (absl::ascii_isdigit(static_cast<unsigned char>(c))
                              ? c - '0'
                              : absl::ascii_tolower(c) - 'a' + 10);
    Advance(1);
  }
  return value;
}

}  // namespace senvec
