#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "index/collection.h"

namespace senvec {

// What one line of a corpus, or one row of vectors, gave: a document, or the reason why it is none.
struct BulkRecord {
  int64_t line = 0;   // of the corpus, from 1; of vectors alone the row, from 0
  Document document;  // its vector is empty where the text is to be encoded
  std::string fault;  // empty = good
};

// A line that does not get into the collection.
struct Reject {
  int64_t line = 0;
  std::string id;  // empty where the line has none
  std::string reason;
};

// How far an input was read, and what it was, so that the place can be found again and known.
struct BulkPosition {
  int64_t records = 0;   // good and bad ones
  int64_t bytes = 0;     // of them, unpacked
  std::string checksum;  // of those bytes

  bool operator==(const BulkPosition& other) const = default;
};

}  // namespace senvec
