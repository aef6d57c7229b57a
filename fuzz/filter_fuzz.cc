// An expression, NUL, and a document's metadata, both from a client. What parses comes back from
// its canonical form; what can be listed is found through its lists exactly as by looking at the
// document.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "index/filter/filter.h"
#include "tests/support/memory_postings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), input.size());
  const absl::string_view metadata = cut < input.size() ? input.substr(cut + 1) : "";

  senvec::MemoryPostings postings;
  const bool listed = postings.Add(metadata).ok();
  const absl::StatusOr<senvec::Filter> filter = senvec::Filter::Parse(input.substr(0, cut));
  if (!filter.ok()) {
    SENVEC_CHECK(!filter.status().message().empty() && filter.status().message().size() < 1000);
    return 0;
  }
  const std::string canonical = filter->ToString();
  if (canonical.size() <= senvec::Filter::kMaxBytes) {
    const absl::StatusOr<senvec::Filter> again = senvec::Filter::Parse(canonical);
    SENVEC_CHECK(again.ok() && *again == *filter && again->ToString() == canonical);
  }
  const absl::StatusOr<bool> matches = filter->Matches(metadata);
  if (!listed) return 0;
  SENVEC_CHECK(matches.ok());
  const absl::StatusOr<senvec::Evaluation> found = filter->Evaluate(postings, postings.all());
  SENVEC_CHECK(found.ok());
  SENVEC_CHECK(found->exact ? found->rows.Contains(0) == *matches
                            : found->rows.Contains(0) || !*matches);
  return 0;
}
