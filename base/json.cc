#include "base/json.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int kMaxDepth = 64;

// Bytes are scanned before the parser runs, since nlohmann::json recurses when it destroys nested values.
bool NestsTooDeep(absl::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

absl::Status WrongType(absl::string_view where, absl::string_view key, absl::string_view want,
                       const nlohmann::json& got) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": \"", key, "\" must be ", want, ", got ", got.type_name()));
}

absl::Status Missing(absl::string_view where, absl::string_view key) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": \"", key, "\" is missing"));
}

const nlohmann::json* Find(const nlohmann::json& object, absl::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(std::string(key));
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

}  // namespace

absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text, absl::string_view where) {
  if (NestsTooDeep(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": JSON nests deeper than ", kMaxDepth, " levels"));
  }
  // The library reports its position only by exception; this is the one place that lets it throw.
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": not valid JSON at byte ", error.byte, ": ", error.what()));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": not valid JSON: ", error.what()));
  }
}

absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseJson(text, path);
}

absl::StatusOr<std::string> JsonString(const nlohmann::json& object, absl::string_view key,
                                       absl::string_view where) {
  const nlohmann::json* value = Find(object, key);
  if (value == nullptr) return Missing(where, key);
  if (!value->is_string()) return WrongType(where, key, "a string", *value);
  return value->get<std::string>();
}

absl::StatusOr<int64_t> JsonInt(const nlohmann::json& object, absl::string_view key,
                                absl::string_view where) {
  const nlohmann::json* value = Find(object, key);
  if (value == nullptr) return Missing(where, key);
  if (!value->is_number_integer()) return WrongType(where, key, "an integer", *value);
  return value->get<int64_t>();
}

absl::StatusOr<double> JsonDouble(const nlohmann::json& object, absl::string_view key,
                                  absl::string_view where) {
  const nlohmann::json* value = Find(object, key);
  if (value == nullptr) return Missing(where, key);
  if (!value->is_number()) return WrongType(where, key, "a number", *value);
  return value->get<double>();
}

absl::StatusOr<std::string> JsonStringOr(const nlohmann::json& object, absl::string_view key,
                                         absl::string_view fallback, absl::string_view where) {
  if (Find(object, key) == nullptr) return std::string(fallback);
  return JsonString(object, key, where);
}

absl::StatusOr<int64_t> JsonIntOr(const nlohmann::json& object, absl::string_view key,
                                  int64_t fallback, absl::string_view where) {
  if (Find(object, key) == nullptr) return fallback;
  return JsonInt(object, key, where);
}

absl::StatusOr<double> JsonDoubleOr(const nlohmann::json& object, absl::string_view key,
                                    double fallback, absl::string_view where) {
  if (Find(object, key) == nullptr) return fallback;
  return JsonDouble(object, key, where);
}

absl::StatusOr<bool> JsonBoolOr(const nlohmann::json& object, absl::string_view key, bool fallback,
                                absl::string_view where) {
  const nlohmann::json* value = Find(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return WrongType(where, key, "true or false", *value);
  return value->get<bool>();
}

std::string DumpJson(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace senvec
