#include "bulk/record_checker.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/json.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

constexpr size_t kMaxLabelBytes = 512;  // of ids and groups, see Document

// ASCII white space and the ideographic space.
bool IsBlank(absl::string_view text) {
  do {
    text = absl::StripLeadingAsciiWhitespace(text);
  } while (absl::ConsumePrefix(&text, "\xE3\x80\x80"));
  return text.empty();
}

std::string LabelFault(absl::string_view what, const std::string& label) {
  if (!IsValidUtf8(label)) return absl::StrCat("the ", what, " is not valid UTF-8");
  if (absl::StrContains(label, absl::string_view("\0", 1))) return absl::StrCat("the ", what, " has a NUL byte");
  if (label.size() > kMaxLabelBytes) return absl::StrCat("the ", what, " has ", label.size(), " bytes; at most ", kMaxLabelBytes, " are allowed");
  return "";
}

}  // namespace

std::string RecordChecker::VectorFault(const std::vector<float>& vector) const {
  if (vector.size() != static_cast<size_t>(options_.dim)) {
    return absl::StrCat("its vector has ", vector.size(), " values; the collection's have ", options_.dim);
  }
  for (size_t i = 0; i < vector.size(); ++i) {
    if (!std::isfinite(vector[i])) return absl::StrCat("value ", i, " of its vector is ", vector[i], "; values must be finite");
  }
  const bool is_zero = std::all_of(vector.begin(), vector.end(), [](float value) { return value == 0; });
  return is_zero && options_.needs_length ? "its vector is zero, which has no direction for metric cosine" : "";
}

std::string RecordChecker::FaultOf(const BulkRecord& record) {
  const Document& document = record.document;
  if (document.id.empty()) return "the id is empty";
  for (const auto& [what, label] : {std::pair<const char*, const std::string&>{"id", document.id}, {"group", document.group}}) {
    if (std::string fault = LabelFault(what, label); !fault.empty()) return fault;
  }
  if (!IsValidUtf8(document.text)) return "the text is not valid UTF-8; convert the file, for example with iconv";
  if (!document.vector.empty()) {
    if (std::string fault = VectorFault(document.vector); !fault.empty()) return fault;
  } else if (!options_.can_encode) {
    return "it has no vector, and no model is given that could encode its text";
  } else if (IsBlank(document.text)) {
    return "it has no text";
  }
  if (!options_.unique_ids) return "";
  const std::optional<int64_t> before = ids_.Add(document.id, record.line);
  if (!before.has_value()) return "";
  return absl::StrCat("id ", DumpJson(document.id), " is that of ", options_.unit, " ", *before, " already; ids must be unique");
}

void RecordChecker::Check(BulkRecord& record) {
  if (record.fault.empty()) record.fault = FaultOf(record);
}

}  // namespace senvec
