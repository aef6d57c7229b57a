// Files that people give, read as lines, as each kind of corpus, and as pairs: an error that names the line, or records.
#include <cstdint>
#include <cmath>

#include "dataio/corpus_reader.h"
#include "dataio/line_reader.h"
#include "dataio/pair_reader.h"
#include "fuzz/input_folder.h"

namespace {

void ReadLines(const std::string& path, size_t size) {
  auto reader = senvec::LineReader::Open(path);
  SENVEC_CHECK(reader.ok());
  std::string line;
  size_t bytes = 0;
  absl::StatusOr<bool> more = (*reader)->Next(line);
  for (; more.ok() && *more; more = (*reader)->Next(line)) {
    SENVEC_CHECK(line.find('\n') == std::string::npos);
    bytes += line.size();
  }
  SENVEC_CHECK(more.ok() && bytes <= size);
  const auto count = senvec::CountLines(path);
  SENVEC_CHECK(count.ok() && *count == (*reader)->line_number());
}

void ReadCorpus(const std::string& path) {
  auto reader = senvec::CorpusReader::Open(path);
  SENVEC_CHECK(reader.ok());
  senvec::CorpusRecord record;
  absl::StatusOr<bool> more = (*reader)->Next(record);
  while (more.ok() && *more) more = (*reader)->Next(record);
  SENVEC_CHECK(more.ok() || !more.status().message().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"corpus.txt", "corpus.tsv", "corpus.jsonl"}) {
    folder.Write(name, bytes);
    ReadCorpus(folder / name);
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
