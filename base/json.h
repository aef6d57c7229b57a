#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// Parses `text` without exceptions. InvalidArgument names `where` (a path or field), the byte and the reason.
// Depth is limited to 64 levels, so that hostile nesting cannot exhaust the stack.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text, absl::string_view where);

// Reads and parses a file.
absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path);

// Typed access with an error that names `where` and `key`: InvalidArgument when the key is missing or of another
// type. The …Or forms take a missing or null key as `fallback`, and still refuse another type.
absl::StatusOr<std::string> JsonString(const nlohmann::json& object, absl::string_view key,
                                       absl::string_view where);
absl::StatusOr<int64_t> JsonInt(const nlohmann::json& object, absl::string_view key,
                                absl::string_view where);
absl::StatusOr<double> JsonDouble(const nlohmann::json& object, absl::string_view key,
                                  absl::string_view where);
absl::StatusOr<std::string> JsonStringOr(const nlohmann::json& object, absl::string_view key,
                                         absl::string_view fallback, absl::string_view where);
absl::StatusOr<int64_t> JsonIntOr(const nlohmann::json& object, absl::string_view key,
                                  int64_t fallback, absl::string_view where);
absl::StatusOr<double> JsonDoubleOr(const nlohmann::json& object, absl::string_view key,
                                    double fallback, absl::string_view where);
absl::StatusOr<bool> JsonBoolOr(const nlohmann::json& object, absl::string_view key, bool fallback,
                                absl::string_view where);

// Serialises; invalid UTF-8 inside strings becomes U+FFFD instead of an exception.
std::string DumpJson(const nlohmann::json& value);

}  // namespace senvec
