#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace senvec {

// A text with its name in the data set.
struct NamedText {
  std::string id;
  std::string text;
};

// What people said of one document for one query; both by position.
struct Judgment {
  int64_t query = 0;
  int64_t document = 0;  // −1: the corpus lacks it; see RetrievalOptions
  double relevance = 0;
};

// A retrieval data set, in the order of its files.
struct RetrievalSet {
  std::vector<NamedText> documents;
  std::vector<NamedText> queries;
  std::vector<Judgment> judgments;  // in the order of the queries' lines in qrels
  int64_t absent_documents = 0;     // judgments of documents that the corpus lacks
  std::vector<std::string> files;   // those that were read
};

struct RetrievalOptions {
  std::string split = "test";  // which of qrels/*.tsv
  // Without this, a judged id that the corpus or the queries lack is an error. With it a document that
  // is not there counts as one that is never found, and judgments of absent queries are dropped.
  bool allow_absent = false;
};

// Reads a folder in one of two layouts:
//   BEIR, MTEB   corpus.jsonl {"_id", "title", "text"}, queries.jsonl {"_id", "text"} and
//                qrels/SPLIT.tsv with the header "query-id TAB corpus-id TAB score", or qrels/SPLIT.jsonl
//                {"query-id", "corpus-id", "score"}; a title is put before its text with a space, as
//                BEIR does
//   plain        corpus.tsv and queries.tsv "id TAB text", qrels.tsv "query id TAB document id TAB
//                relevance" without a header
// each file on its own: a folder may hold corpus.jsonl and queries.tsv. A split without a file of its
// own is read from qrels.tsv or qrels.jsonl. NotFound names the file that is missing; InvalidArgument names file,
// line and fault: an id twice (with the line that had it first), an empty id, an id that the corpus or
// the queries lack, a relevance that is not a finite number, a pair judged twice.
absl::StatusOr<RetrievalSet> ReadRetrievalSet(const std::string& folder,
                                              const RetrievalOptions& options);

}  // namespace senvec
