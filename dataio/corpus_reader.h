#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "dataio/line_reader.h"

namespace senvec {

// One document of a corpus file.
struct CorpusRecord {
  std::string id;
  std::string text;
  std::string metadata_json;  // a JSON object, or empty
};

enum class CorpusFormat { kText, kTsv, kJsonl };

// By the name's end: .txt, .tsv, .jsonl; anything else is InvalidArgument.
absl::StatusOr<CorpusFormat> CorpusFormatOf(const std::string& path);

// Streams the documents of a corpus file; a bad line is InvalidArgument with file, number and fault.
//   .txt    one text a line, an empty one included; the id is the line's number
//   .tsv    id TAB text
//   .jsonl  {"text": …} with, if wanted, "id" (a string or an integer; without it the line's number) and
//           "metadata" (an object); blank lines are skipped; another key is refused
// Not thread-safe.
class CorpusReader {
 public:
  static absl::StatusOr<std::unique_ptr<CorpusReader>> Open(const std::string& path);

  // The next document, or false at the end.
  absl::StatusOr<bool> Next(CorpusRecord& record);
  int64_t line_number() const { return lines_->line_number(); }

 private:
  CorpusReader(std::unique_ptr<LineReader> lines, CorpusFormat format)
      : lines_(std::move(lines)), format_(format) {}

  const std::unique_ptr<LineReader> lines_;
  const CorpusFormat format_;
};

}  // namespace senvec
