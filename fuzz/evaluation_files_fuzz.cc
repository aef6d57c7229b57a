// Evaluation data as people give it, in every form: an error that says where, or values that can be used.
#include <cmath>
#include <cstdint>

#include "dataio/labelled_text_reader.h"
#include "dataio/retrieval_reader.h"
#include "dataio/scored_pair_reader.h"
#include "fuzz/input_folder.h"

namespace {

void ReadSet(const std::string& folder, bool allow_absent) {
  const auto set = senvec::ReadRetrievalSet(folder, {.allow_absent = allow_absent});
  if (!set.ok()) {
    SENVEC_CHECK(!set.status().message().empty());
    return;
  }
  SENVEC_CHECK(!set->documents.empty() && !set->queries.empty() && !set->judgments.empty());
  for (const senvec::Judgment& judgment : set->judgments) {
    SENVEC_CHECK(judgment.query >= 0 && judgment.query < static_cast<int64_t>(set->queries.size()));
    SENVEC_CHECK(judgment.document >= (allow_absent ? -1 : 0));
    SENVEC_CHECK(judgment.document < static_cast<int64_t>(set->documents.size()));
    SENVEC_CHECK(std::isfinite(judgment.relevance));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"all.tsv", "all.jsonl"}) {
    folder.Write(name, bytes);
    const auto pairs = senvec::ReadScoredPairs(folder / name);
    SENVEC_CHECK(pairs.ok() || !pairs.status().message().empty());
    if (pairs.ok()) {
      for (const senvec::ScoredPair& pair : *pairs) SENVEC_CHECK(std::isfinite(pair.score));
    }
    const auto texts = senvec::ReadLabelledTexts(folder / name);
    SENVEC_CHECK(texts.ok() ? !texts->empty() : !texts.status().message().empty());
  }
  folder.WriteParts(bytes, {"corpus.tsv", "queries.tsv", "qrels.tsv", "corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "qrels/test.jsonl"});
  for (const bool allow_absent : {false, true}) ReadSet(folder.path(), allow_absent);
  return 0;
}
