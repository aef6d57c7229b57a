// Files that people give, read as lines, as each kind of corpus, and as pairs: an error that names the line, or records.
#include <cstdint>
#include <cmath>

#include "dataio/corpus_reader.h"
#include "dataio/line_reader.h"
#include "dataio/pair_reader.h"
#include "fuzz/input_folder.h"

namespace {

void ReadLines(const std::string& path, size_t size) {
  const auto reader = senvec::LineReader::Open(path);
  SENVEC_CHECK(reader.ok());
  std::string line;
  size_t bytes = 0;
  absl::StatusOr<bool> more = (*reader)->Next(line);
  for (; more.ok() && *more; more = (*reader)->Next(line)) {
    SENVEC_CHECK(line.find('\n') == std::string::npos);
    bytes += line.size();
  }
  const senvec::InputPosition position = (*reader)->position();
  const auto count = senvec::CountLines(path);
  // Only what looks like gzip can be damaged.
  if (!more.ok()) {
    SENVEC_CHECK(absl::IsDataLoss(more.status()) && absl::IsDataLoss(count.status()));
    return;
  }
  const bool is_plain = (*reader)->stored_size() == position.bytes;
  SENVEC_CHECK(!is_plain || bytes <= size);
  SENVEC_CHECK(count.ok() && *count == (*reader)->line_number() && position.lines == *count);
}

void ReadCorpus(const std::string& path, senvec::CorpusFormat format) {
  const auto reader = senvec::CorpusReader::Open(path, format);
  SENVEC_CHECK(reader.ok());
  senvec::CorpusRecord record;
  int64_t last_line = 0;
  absl::StatusOr<bool> more = (*reader)->Next(record);
  for (; more.ok() && *more; more = (*reader)->Next(record)) {
    SENVEC_CHECK(record.line > last_line);
    SENVEC_CHECK(!record.id.empty() || !record.fault.empty());
    for (const float value : record.vector) SENVEC_CHECK(std::isfinite(value) || !record.fault.empty());
    last_line = record.line;
  }
  SENVEC_CHECK(more.ok() || absl::IsDataLoss(more.status()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  folder.Write("corpus.txt", bytes);
  for (const auto format : {senvec::CorpusFormat::kText, senvec::CorpusFormat::kTsv, senvec::CorpusFormat::kJsonl}) {
    ReadCorpus(folder / "corpus.txt", format);
  }
  ReadLines(folder / "corpus.txt", size);
  for (const senvec::PairScore score : {senvec::PairScore::kRequired, senvec::PairScore::kOptional}) {
    const auto pairs = senvec::ReadPairs(folder / "corpus.txt", score);
    SENVEC_CHECK(pairs.ok() || !pairs.status().message().empty());
    if (!pairs.ok()) continue;
    for (const senvec::ScoredPair& pair : *pairs) SENVEC_CHECK(std::isfinite(pair.score));
  }
  return 0;
}
