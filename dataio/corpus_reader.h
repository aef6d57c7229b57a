#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataio/line_reader.h"

namespace senvec {

// One document of a corpus, or a line that is none.
struct CorpusRecord {
  int64_t line = 0;  // the first is 1
  std::string id;    // may be empty where there is a fault
  std::string text;
  std::string metadata_json;  // a JSON object, or empty
  std::string group;
  std::vector<float> vector;  // empty where the corpus has none
  std::string fault;          // empty, or why this line is no document
};

enum class CorpusFormat { kText, kTsv, kJsonl };

// By the name's end: .txt, .tsv, .jsonl, each also with .gz; anything else, "-" too, is InvalidArgument.
absl::StatusOr<CorpusFormat> CorpusFormatOf(const std::string& path);
// "txt", "tsv", "jsonl".
absl::StatusOr<CorpusFormat> ParseCorpusFormat(absl::string_view name);
absl::string_view CorpusFormatName(CorpusFormat format);

// Streams the documents of a corpus.
//   txt    one text a line; the id is the line's number
//   tsv    id TAB text, or id TAB text TAB group
//   jsonl  {"text": …} with, if wanted, "id" (a string or an integer; without it the line's number), "metadata" (an
//          object), "group" (a string) and "vector" (numbers), beside which "text" may be missing; blank lines are
//          skipped; another key is a fault
// A fault of one line does not stop the stream. Texts are not looked into: they may be empty, and, but for jsonl, no UTF-8.
// Not thread-safe.
class CorpusReader {
 public:
  static absl::StatusOr<std::unique_ptr<CorpusReader>> Open(const std::string& path, CorpusFormat format);

  // The next line, or false at the end. Errors are those of the input as a whole (see ByteSource).
  absl::StatusOr<bool> Next(CorpusRecord& record);
  // After the line that Next() gave last.
  InputPosition position() { return lines_->position(); }
  const std::string& name() const { return lines_->name(); }
  // See ByteSource.
  int64_t stored_position() const { return lines_->stored_position(); }
  int64_t stored_size() const { return lines_->stored_size(); }

 private:
  CorpusReader(std::unique_ptr<LineReader> lines, CorpusFormat format) : lines_(std::move(lines)), format_(format) {}

  const std::unique_ptr<LineReader> lines_;
  const CorpusFormat format_;
  std::string line_;
};

}  // namespace senvec
