#include "index/document_file.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

constexpr absl::string_view kMagic = "SENVDOC1";

template <typename T>
void AppendInteger(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendString(absl::string_view text, std::string& out) {
  AppendInteger(static_cast<uint32_t>(text.size()), out);
  out.append(text.data(), text.size());
}

// Takes values off the front of a string; every call fails once one has.
class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

  template <typename T>
  T Integer() {
    T value{};
    const absl::string_view bytes = Take(sizeof(value));
    if (ok_) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  std::string String() { return std::string(Take(Integer<uint32_t>())); }

 private:
  absl::string_view Take(size_t size) {
    ok_ = ok_ && size <= bytes_.size();
    if (!ok_) return {};
    const absl::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  absl::string_view bytes_;
  bool ok_ = true;
};

}  // namespace

std::string SerializeDocuments(const DocumentMap& documents) {
  std::string out(kMagic);
  AppendInteger(static_cast<uint64_t>(documents.size()), out);
  for (const auto& [id, document] : documents) {
    AppendInteger(document.row_id, out);
    AppendString(id, out);
    AppendString(document.text, out);
    AppendString(document.metadata_json, out);
  }
  return out;
}

absl::StatusOr<DocumentMap> ParseDocuments(absl::string_view bytes, absl::string_view where) {
  const auto damaged = [&](absl::string_view fault) {
    return absl::DataLossError(absl::StrCat(where, " is damaged: ", fault, "; restore it from a backup"));
  };
  if (bytes.substr(0, kMagic.size()) != kMagic) return damaged("it does not begin as a document file does");
  Cursor cursor(bytes.substr(kMagic.size()));
  const auto count = cursor.Integer<uint64_t>();
  DocumentMap documents;
  for (uint64_t i = 0; i < count && cursor.ok(); ++i) {
    StoredDocument document;
    document.row_id = cursor.Integer<int64_t>();
    std::string id = cursor.String();
    document.text = cursor.String();
    document.metadata_json = cursor.String();
    if (cursor.ok() && !documents.emplace(std::move(id), std::move(document)).second) {
      return damaged("an id occurs twice");
    }
  }
  if (!cursor.ok() || !cursor.at_end()) return damaged(absl::StrCat("it does not hold ", count, " documents"));
  return documents;
}

}  // namespace senvec
