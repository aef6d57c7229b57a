#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace senvec {

// A value that filters compare: of a document's field, or written in an expression. Values of
// different types are never equal and have no order that a filter could see.
//
// Numbers are one type, whatever JSON wrote: 1 equals 1.0, and integers beyond 2^53 stay exact
// beside doubles.
class FilterValue {
 public:
  // The numbers are stored in posting keys, and never change.
  enum class Type : uint8_t { kBool = 2, kNumber = 3, kString = 4 };

  static FilterValue Bool(bool value);
  static FilterValue Int(int64_t value);
  static FilterValue Unsigned(uint64_t value);
  static FilterValue Double(double value);  // finite
  static FilterValue String(std::string value);

  Type type() const { return type_; }
  // Within one type, the bytes are ordered as the values are: 1 byte for a boolean, 10 for a
  // number, the string itself.
  const std::string& bytes() const { return bytes_; }

  // As the filter language writes it; reading that gives the same value.
  std::string ToString() const;

  // By type, then by value. Strings by their bytes, which for UTF-8 is by code point.
  friend bool operator==(const FilterValue&, const FilterValue&) = default;
  friend bool operator<(const FilterValue& a, const FilterValue& b) {
    return a.type_ != b.type_ ? a.type_ < b.type_ : a.bytes_ < b.bytes_;
  }

 private:
  FilterValue(Type type, std::string bytes) : type_(type), bytes_(std::move(bytes)) {}
  Type type_;
  std::string bytes_;
};

}  // namespace senvec
