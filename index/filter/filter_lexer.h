// Private to filter*.cc: an expression as words.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/filter/filter_value.h"

namespace senvec {

struct FilterToken {
  enum class Kind {
    kEnd,
    kName,
    kString,
    kNumber,
    kDot,
    kComma,
    kOpen,
    kClose,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kAnd,
    kOr,
    kNot,
    kIn,
    kExists,
    kPrefix,
    kTrue,
    kFalse,
    kNull,
  };
  Kind kind = Kind::kEnd;
  absl::string_view text;            // as written
  int32_t column = 1;                // of its first character, counted in characters from 1
  std::string string;                // kName and kString: what it stands for
  std::optional<FilterValue> value;  // kString, kNumber, kTrue and kFalse

  bool IsKeyword() const { return kind >= Kind::kAnd; }
};

// "filter, column N: what"
absl::Status FilterError(int32_t column, absl::string_view what);

// Cuts an expression into tokens. The text must outlive the lexer and its tokens.
class FilterLexer {
 public:
  explicit FilterLexer(absl::string_view text) : text_(text) {}
  // InvalidArgument names the column. After the last one, kEnd again and again.
  absl::StatusOr<FilterToken> Next();

 private:
  absl::Status SkipSpace();
  absl::StatusOr<FilterToken> Operator();
  absl::StatusOr<FilterToken> Name();
  absl::StatusOr<FilterToken> Number();
  absl::StatusOr<FilterToken> String();
  absl::StatusOr<int32_t> Escape();
  absl::StatusOr<int32_t> HexDigits();
  FilterToken Take(FilterToken::Kind kind, size_t bytes);
  // Moves past `bytes`, which are whole characters.
  void Advance(size_t bytes);

  const absl::string_view text_;
  size_t position_ = 0;
  int32_t column_ = 1;
};

}  // namespace senvec
