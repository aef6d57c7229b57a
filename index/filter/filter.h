#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/filter/bitmap.h"

namespace senvec {

struct FilterNode;

// Where inverted lists are read: keys of posting_key.h, postings of posting.h. All calls of one
// evaluation must see the same state, or rows that move between lists meanwhile may be missed.
class PostingReader {
 public:
  virtual ~PostingReader() = default;
  // The posting of `key` into `posting`; false when there is none. Other errors end the evaluation
  // with that error.
  virtual absl::StatusOr<bool> Get(absl::string_view key, std::string* posting) const = 0;
  // Calls `visit` for each key in [first, last), ascending, until it answers false. Both views are
  // valid during the call only. Deleted keys and empty postings may be visited or left out.
  virtual absl::Status Visit(
      absl::string_view first, absl::string_view last,
      absl::FunctionRef<bool(absl::string_view key, absl::string_view posting)> visit) const = 0;
};

// What Evaluate() found.
struct Evaluation {
  Bitmap rows;        // every row that matches
  bool exact = true;  // false: `rows` may hold more, and each must be checked with Matches()
};

// An expression over documents' metadata, as docs/filters.md describes it:
//
//   lang = "zh" and (year >= 2020 or tag in ("a", "b")) and not exists(draft)
//
// Immutable and thread-safe; copies are cheap.
class Filter {
 public:
  static constexpr size_t kMaxBytes = 64 * 1024;  // of an expression
  static constexpr int kMaxDepth = 64;            // of parentheses and 'not' in each other
  static constexpr int kMaxConditions = 1024;     // comparisons; an 'in' counts once

  // InvalidArgument: "filter, column N: expected …, got …", N counted in characters from 1.
  static absl::StatusOr<Filter> Parse(absl::string_view expression);

  // The canonical form. Parsing it gives an equal filter, unless it became longer than kMaxBytes,
  // which only an expression without spaces or full of control characters can bring about.
  std::string ToString() const;
  bool operator==(const Filter& other) const;

  // Whether a document matches, from its metadata alone: a JSON object, empty text is {}.
  // InvalidArgument for other text.
  absl::StatusOr<bool> Matches(absl::string_view metadata_json) const;

  // The rows of `all` (every row there is) that match, from inverted lists of PostingKeys(). Not
  // exact where strings are longer than kMaxListedString, or where a check of few rows is cheaper
  // than reading many lists. DataLoss names the key whose posting is damaged; errors of `reader`
  // pass through.
  absl::StatusOr<Evaluation> Evaluate(const PostingReader& reader, const Bitmap& all) const;

 private:
  explicit Filter(std::shared_ptr<const FilterNode> root) : root_(std::move(root)) {}
  std::shared_ptr<const FilterNode> root_;
};

}  // namespace senvec
