#include "dataio/retrieval_reader.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "dataio/line_reader.h"

namespace senvec {
namespace {

// A line's place, which every fault names.
std::string Where(const LineReader& lines) {
  return absl::StrCat(lines.name(), ": line ", lines.line_number());
}

absl::Status Fault(const LineReader& lines, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(Where(lines), ": ", what));
}

// Calls take(lines, line) for every line that is not blank.
template <typename Take>
absl::Status ForEachLine(const std::string& path, Take take) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(path));
  std::string line;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines->Next(line));
    if (!more) return absl::OkStatus();
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    SENVEC_RETURN_IF_ERROR(take(*lines, line));
  }
}

// The file `stem`.jsonl or `stem`.tsv in `folder`.
absl::StatusOr<std::string> EitherFile(const std::string& folder, absl::string_view stem) {
  for (const char* end : {".jsonl", ".tsv"}) {
    std::string path = JoinPath(folder, absl::StrCat(stem, end));
    if (FileExists(path)) return path;
  }
  return absl::NotFoundError(absl::StrCat(folder, " has neither ", stem, ".jsonl nor ", stem,
                                          ".tsv; a retrieval set is corpus, queries and qrels"));
}

absl::StatusOr<NamedText> ParseTsv(const LineReader& lines, absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
  if (fields.size() != 2) {
    return Fault(lines, absl::StrCat("expected id TAB text, got ", fields.size(), " field",
                                     fields.size() == 1 ? "" : "s"));
  }
  return NamedText{std::string(fields[0]), std::string(fields[1])};
}

// A string, or a whole number as its digits.
absl::StatusOr<std::string> IdOf(const nlohmann::json& object, const char* key, absl::string_view where) {
  const auto id = object.find(key);
  if (id != object.end() && id->is_number_integer()) return DumpJson(*id);
  return JsonString(object, key, where);
}

absl::StatusOr<NamedText> ParseObject(const LineReader& lines, absl::string_view line) {
  const std::string where = Where(lines);
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
  if (!object.is_object()) {
    return Fault(lines, absl::StrCat("expected a JSON object, got ", object.type_name()));
  }
  NamedText named;
  SENVEC_ASSIGN_OR_RETURN(named.id, IdOf(object, object.contains("_id") ? "_id" : "id", where));
  SENVEC_ASSIGN_OR_RETURN(named.text, JsonString(object, "text", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string title, JsonStringOr(object, "title", "", where));
  if (!title.empty()) {
    named.text = std::string(absl::StripAsciiWhitespace(absl::StrCat(title, " ", named.text)));
  }
  return named;
}

// Texts and where each id is.
struct Texts {
  std::vector<NamedText> texts;
  absl::flat_hash_map<std::string, int64_t> positions;
};

absl::StatusOr<Texts> ReadTexts(const std::string& path) {
  const bool is_json = absl::EndsWith(path, ".jsonl");
  Texts result;
  std::vector<int64_t> line_of;
  SENVEC_RETURN_IF_ERROR(
      ForEachLine(path, [&](const LineReader& lines, const std::string& line) -> absl::Status {
        SENVEC_ASSIGN_OR_RETURN(NamedText named,
                                is_json ? ParseObject(lines, line) : ParseTsv(lines, line));
        if (named.id.empty()) return Fault(lines, "the id is empty");
        const auto [it, is_new] =
            result.positions.try_emplace(named.id, static_cast<int64_t>(result.texts.size()));
        if (!is_new) {
          return Fault(lines, absl::StrCat("the id \"", named.id, "\" was on line ",
                                           line_of[it->second], " already"));
        }
        result.texts.push_back(std::move(named));
        line_of.push_back(lines.line_number());
        return absl::OkStatus();
      }));
  if (!result.texts.empty()) return result;
  return absl::InvalidArgumentError(absl::StrCat(path, ": there is no text in it"));
}

absl::StatusOr<std::string> QrelsFile(const std::string& folder, const std::string& split) {
  const std::string of_split = JoinPath(folder, absl::StrCat("qrels/", split)), only = JoinPath(folder, "qrels");
  for (const std::string& stem : {of_split, only}) {
    for (const char* end : {".tsv", ".jsonl"}) {
      if (std::string path = stem + end; FileExists(path)) return path;
    }
  }
  return absl::NotFoundError(absl::StrCat("there is neither ", of_split, ".tsv (or .jsonl) nor ", only, ".tsv (or .jsonl)"));
}

bool IsHeader(const LineReader& lines, absl::string_view line) {
  return lines.line_number() == 1 && (absl::StartsWith(line, "query-id\t") ||
                                      absl::StartsWith(line, "query_id\t"));
}

class QrelsReader {
 public:
  QrelsReader(const Texts& documents, const Texts& queries, bool allow_absent)
      : documents_(documents.positions), queries_(queries.positions), allow_absent_(allow_absent) {}

  absl::Status Take(const LineReader& lines, absl::string_view line) {
    if (IsHeader(lines, line)) return absl::OkStatus();
    if (absl::EndsWith(lines.name(), ".jsonl")) return TakeObject(lines, line);
    const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
    if (fields.size() != 3) {
      return Fault(lines, absl::StrCat("expected query id TAB document id TAB relevance, got ",
                                       fields.size(), " field", fields.size() == 1 ? "" : "s"));
    }
    Judgment judgment;
    if (!absl::SimpleAtod(fields[2], &judgment.relevance) || !std::isfinite(judgment.relevance)) {
      return Fault(lines, absl::StrCat("relevance \"", fields[2].substr(0, 40),
                                       "\" is not a finite number"));
    }
    return Add(lines, fields[0], fields[1], judgment);
  }

  std::vector<Judgment> judgments;
  int64_t absent = 0;

 private:
  absl::Status TakeObject(const LineReader& lines, absl::string_view line) {
    const std::string where = Where(lines);
    SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
    if (!object.is_object()) return Fault(lines, absl::StrCat("expected a JSON object, got ", object.type_name()));
    SENVEC_ASSIGN_OR_RETURN(const std::string query, IdOf(object, "query-id", where));
    SENVEC_ASSIGN_OR_RETURN(const std::string document, IdOf(object, "corpus-id", where));
    Judgment judgment;
    SENVEC_ASSIGN_OR_RETURN(judgment.relevance, JsonDouble(object, "score", where));
    if (!std::isfinite(judgment.relevance)) return Fault(lines, "the score is not a finite number");
    return Add(lines, query, document, judgment);
  }

  absl::Status Add(const LineReader& lines, absl::string_view query_id, absl::string_view document_id, Judgment judgment) {
    const auto [first, is_new] = seen_.try_emplace(std::make_pair(std::string(query_id), std::string(document_id)), lines.line_number());
    if (!is_new) {
      return Fault(lines, absl::StrCat("query \"", query_id, "\" and document \"", document_id, "\" were judged on line ", first->second,
                                       " already"));
    }
    const auto query = queries_.find(query_id);
    if (query == queries_.end()) {
      if (allow_absent_) return absl::OkStatus();
      return Fault(lines, absl::StrCat("the queries lack the id \"", query_id, "\""));
    }
    const auto document = documents_.find(document_id);
    if (document == documents_.end() && !allow_absent_) {
      return Fault(lines, absl::StrCat("the corpus lacks the id \"", document_id, "\""));
    }
    judgment.query = query->second;
    judgment.document = document == documents_.end() ? -1 : document->second;
    absent += judgment.document < 0;
    judgments.push_back(judgment);
    return absl::OkStatus();
  }

  const absl::flat_hash_map<std::string, int64_t>& documents_;
  const absl::flat_hash_map<std::string, int64_t>& queries_;
  const bool allow_absent_;
  absl::flat_hash_map<std::pair<std::string, std::string>, int64_t> seen_;
};

}  // namespace

absl::StatusOr<RetrievalSet> ReadRetrievalSet(const std::string& folder,
                                              const RetrievalOptions& options) {
  RetrievalSet set;
  SENVEC_ASSIGN_OR_RETURN(const std::string corpus, EitherFile(folder, "corpus"));
  SENVEC_ASSIGN_OR_RETURN(const std::string queries, EitherFile(folder, "queries"));
  SENVEC_ASSIGN_OR_RETURN(const std::string qrels, QrelsFile(folder, options.split));
  SENVEC_ASSIGN_OR_RETURN(Texts document_texts, ReadTexts(corpus));
  SENVEC_ASSIGN_OR_RETURN(Texts query_texts, ReadTexts(queries));
  QrelsReader reader(document_texts, query_texts, options.allow_absent);
  SENVEC_RETURN_IF_ERROR(ForEachLine(
      qrels, [&](const LineReader& lines, const std::string& line) {
        return reader.Take(lines, line);
      }));
  if (reader.judgments.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(qrels, ": there is no judgment in it"));
  }
  set.documents = std::move(document_texts.texts);
  set.queries = std::move(query_texts.texts);
  set.judgments = std::move(reader.judgments);
  set.absent_documents = reader.absent;
  set.files = {corpus, queries, qrels};
  return set;
}

}  // namespace senvec
