#include "index/document_check.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "index/filter/posting_key.h"
#include "index/record.h"
#include "index/vector/checked_rows.h"

namespace senvec {
namespace {

bool IsUtf8(absl::string_view text) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) return true;
  // nlohmann's strict serialiser is the judge that every other part of a document meets anyway.
  const nlohmann::json json = std::string(text);
  using Handler = nlohmann::json::error_handler_t;
  return json.dump(-1, ' ', false, Handler::ignore).size() == json.dump(-1, ' ', false, Handler::replace).size();
}

absl::Status CheckName(absl::string_view what, absl::string_view name) {
  if (name.size() > kMaxIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("its ", what, " has ", name.size(), " bytes; up to ", kMaxIdBytes, " are allowed"));
  }
  if (name.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("its ", what, " contains a NUL byte"));
  }
  if (!IsUtf8(name)) return absl::InvalidArgumentError(absl::StrCat("its ", what, " is no valid UTF-8"));
  return absl::OkStatus();
}

absl::Status CheckDocument(const Document& document) {
  if (document.id.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("its id has 0 bytes; 1 to ", kMaxIdBytes, " are allowed"));
  }
  SENVEC_RETURN_IF_ERROR(CheckName("id", document.id));
  SENVEC_RETURN_IF_ERROR(CheckName("group", document.group));
  // gRPC sends strings as UTF-8 only: another byte here would fail every search that finds the document.
  if (!IsUtf8(document.text)) {
    return absl::InvalidArgumentError("its text is no valid UTF-8; replace the invalid bytes");
  }
  return absl::OkStatus();
}

absl::StatusOr<PreparedDocument> Prepare(const Document& document) {
  SENVEC_RETURN_IF_ERROR(CheckDocument(document));
  PreparedDocument prepared;
  prepared.id = document.id;
  if (!document.metadata_json.empty()) {
    SENVEC_ASSIGN_OR_RETURN(prepared.posting_keys, PostingKeys(document.metadata_json));
  }
  prepared.record = SerializeRecord({document.id, document.group, document.text, document.metadata_json});
  return prepared;
}

}  // namespace

absl::StatusOr<PreparedDocuments> PrepareDocuments(absl::Span<const Document> documents,
                                                   const VectorIndexOptions& index) {
  const auto dim = static_cast<size_t>(index.dim);
  PreparedDocuments result;
  result.documents.reserve(documents.size());
  result.rows.reserve(documents.size() * dim);
  absl::flat_hash_set<absl::string_view> ids;
  for (size_t i = 0; i < documents.size(); ++i) {
    const Document& document = documents[i];
    const auto fault = [&](absl::string_view what) {
      // The message goes over gRPC too.
      const std::string id = DumpJson(document.id.substr(0, 64));
      return absl::InvalidArgumentError(absl::StrCat("document ", i, " (id ", id, "): ", what));
    };
    absl::StatusOr<PreparedDocument> prepared = Prepare(document);
    if (!prepared.ok()) return fault(prepared.status().message());
    if (!ids.insert(document.id).second) return fault("its id occurs twice in this call");
    if (document.vector.size() != dim) {
      return fault(absl::StrCat("its vector has ", document.vector.size(), " values, the collection's have ", dim));
    }
    result.rows.insert(result.rows.end(), document.vector.begin(), document.vector.end());
    const absl::Status row = CheckRows(index, "vector", 0, absl::MakeSpan(result.rows).subspan(i * dim));
    if (!row.ok()) return fault(row.message());
    result.documents.push_back(*std::move(prepared));
  }
  return result;
}

}  // namespace senvec
