#include "index/filter_rows.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/filter/bitmap.h"
#include "index/filter/filter.h"
#include "index/record.h"

namespace senvec {
namespace {

// Rows whose documents are read at once.
constexpr size_t kCheckStep = 1024;

class StoredPostings : public PostingReader {
 public:
  StoredPostings(const KvStore& store, const KvSnapshot* snapshot) : store_(store), snapshot_(snapshot) {}

  absl::StatusOr<bool> Get(absl::string_view key, std::string* posting) const override {
    SENVEC_ASSIGN_OR_RETURN(auto found, store_.Get(Table::kPostings, key, snapshot_));
    if (!found.has_value()) return false;
    *posting = *std::move(found);
    return true;
  }

  absl::Status Visit(absl::string_view first, absl::string_view last,
                     absl::FunctionRef<bool(absl::string_view, absl::string_view)> visit) const override {
    const auto walk = store_.Iterate(Table::kPostings, snapshot_, 0);
    for (walk->Seek(first); walk->Valid() && walk->key() < last; walk->Next()) {
      if (!visit(walk->key(), walk->value())) break;
    }
    return walk->status();
  }

 private:
  const KvStore& store_;
  const KvSnapshot* const snapshot_;
};

int64_t CountBits(const std::vector<uint64_t>& words) {
  int64_t count = 0;
  for (uint64_t word : words) count += std::popcount(word);
  return count;
}

// Live rows of `part` that are in `rows`.
std::vector<uint64_t> WordsOf(const ViewPart& part, const Bitmap& rows) {
  const size_t num_words = part.live != nullptr ? part.live->size() : (part.ids.size() + 63) / 64;
  std::vector<uint64_t> words(num_words);
  if (part.ids.empty()) return words;
  const bool is_dense = part.ids.back() - part.ids.front() + 1 == part.ids.size();
  if (is_dense) {
    rows.ToWords(part.ids.front(), part.ids.size(), absl::MakeSpan(words));
  } else {
    rows.ToWords(part.ids, absl::MakeSpan(words));
  }
  for (size_t i = 0; part.live != nullptr && i < num_words; ++i) words[i] &= (*part.live)[i];
  return words;
}

// Clears the bits of rows whose documents do not match.
absl::Status CheckDocuments(const Filter& filter, const ViewPart& part, const KvSnapshot* snapshot,
                            const KvStore& store, std::vector<uint64_t>& words) {
  std::vector<size_t> places;
  for (size_t row = 0; row < part.ids.size(); ++row) {
    if ((words[row / 64] >> (row % 64) & 1) != 0) places.push_back(row);
  }
  for (absl::Span<const size_t> left = places; !left.empty();) {
    const absl::Span<const size_t> step = left.first(std::min(left.size(), kCheckStep));
    std::vector<std::string> keys;
    for (size_t row : step) keys.push_back(RowKey(part.ids[row]));
    SENVEC_ASSIGN_OR_RETURN(const auto records, store.MultiGet(Table::kRows, keys, snapshot));
    for (size_t i = 0; i < step.size(); ++i) {
      const std::string where = absl::StrCat("row ", part.ids[step[i]]);
      if (!records[i].has_value()) return absl::DataLossError(absl::StrCat(where, " is lost"));
      SENVEC_ASSIGN_OR_RETURN(const Record record, ParseRecord(*records[i], where));
      SENVEC_ASSIGN_OR_RETURN(const bool matches, filter.Matches(record.metadata_json));
      if (!matches) words[step[i] / 64] &= ~(uint64_t{1} << (step[i] % 64));
    }
    left.remove_prefix(step.size());
  }
  return absl::OkStatus();
}

}  // namespace

bool FilterRows::Contains(const View& view, RowId row) const {
  for (size_t p = 0; p < view.parts.size(); ++p) {
    const ViewPart& part = view.parts[p];
    if (part.ids.empty() || part.ids.back() < row) continue;
    const int64_t local = part.Find(row);
    if (local < 0) return false;
    const auto place = static_cast<size_t>(local);
    return ((*words[p])[place / 64] >> (place % 64) & 1) != 0;
  }
  return false;
}

absl::StatusOr<std::shared_ptr<const FilterRows>> EvaluateFilter(const std::string& expression, const View& view,
                                                                 const KvStore& store) {
  SENVEC_ASSIGN_OR_RETURN(const Filter filter, Filter::Parse(expression));
  const StoredPostings postings(store, view.snapshot.get());
  // Rows that are no more may be among them: the parts' live rows are what counts.
  const Bitmap all = Bitmap::Range(0, static_cast<uint64_t>(view.next_row));
  SENVEC_ASSIGN_OR_RETURN(const Evaluation evaluation, filter.Evaluate(postings, all));
  auto result = std::make_shared<FilterRows>();
  for (const ViewPart& part : view.parts) {
    std::vector<uint64_t> words = WordsOf(part, evaluation.rows);
    if (!evaluation.exact) {
      SENVEC_RETURN_IF_ERROR(CheckDocuments(filter, part, view.snapshot.get(), store, words));
    }
    result->counts.push_back(CountBits(words));
    result->total += result->counts.back();
    result->words.push_back(std::make_shared<const std::vector<uint64_t>>(std::move(words)));
  }
  return std::shared_ptr<const FilterRows>(std::move(result));
}

}  // namespace senvec
