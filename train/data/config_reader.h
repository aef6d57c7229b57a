#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// What errors and paths of a configuration need; made once for a file.
struct ConfigSource {
  std::string where;                             // the file's name
  std::string folder;                            // relative paths begin here
  std::map<std::string, int64_t> lines;          // see JsonValueLines()
  std::map<std::string, std::string> variables;  // what ${NAME} stands for

  // InvalidArgument "FILE:LINE: "PATH" MESSAGE".
  absl::Status Error(const std::string& path, absl::string_view message) const;
  // ${NAME} replaced, and relative to `folder`; "" stays "".
  absl::StatusOr<std::string> ResolvePath(const std::string& path, const std::string& key_path) const;
};

// One object of a configuration: each call takes a key to a variable, which keeps its value when the key is missing or null;
// Finish() then refuses keys that no call named. The first error is kept, and nothing is read after it.
class ConfigReader {
 public:
  // `path` of the object, "" for the whole. Everything must outlive the reader.
  ConfigReader(const nlohmann::json& object, std::string path, const ConfigSource& source);

  template <typename E>
  using Words = std::vector<std::pair<absl::string_view, E>>;

  void Text(const char* key, std::string* target);
  // A path, see ConfigSource::ResolvePath().
  void Path(const char* key, std::string* target);
  void Paths(const char* key, std::vector<std::string>* target);
  void Texts(const char* key, std::vector<std::string>* target);
  void Flag(const char* key, bool* target);
  void Real(const char* key, double* target, double low, double high);
  // An object of numbers.
  void Numbers(const char* key, std::map<std::string, double>* target);
  template <typename T>
  void Whole(const char* key, T* target, int64_t low, int64_t high) {
    int64_t value = 0;
    if (WholeValue(key, &value, low, high)) *target = static_cast<T>(value);
  }
  template <typename E>
  bool Choice(const char* key, E* target, const Words<E>& words) {
    std::vector<std::string> names;
    for (const auto& [name, value] : words) names.emplace_back(name);
    const int found = ChoiceIndex(key, names);
    if (found >= 0) *target = words[found].second;
    return found >= 0;
  }
  // A nested object; `read` is given its reader, and Finish() is done for it.
  void Object(const char* key, const std::function<void(ConfigReader&)>& read);
  // An array of objects.
  void Objects(const char* key, const std::function<void(ConfigReader&)>& read);
  // The raw value, or null when it is missing or an error came before.
  const nlohmann::json* Raw(const char* key);

  bool Has(const char* key) const;
  // Keeps an error about `key` (or the object itself, for ""), unless there is one.
  void Fail(const char* key, absl::string_view message);
  bool ok() const { return status_.ok(); }
  absl::Status Finish();

 private:
  std::string PathOf(absl::string_view key) const;
  bool WholeValue(const char* key, int64_t* target, int64_t low, int64_t high);
  int ChoiceIndex(const char* key, const std::vector<std::string>& names);
  void WrongValue(const char* key, const nlohmann::json& value, absl::string_view wanted);
  const nlohmann::json* StringArray(const char* key);

  const nlohmann::json& object_;
  const std::string path_;
  const ConfigSource& source_;
  std::vector<std::string> known_;
  absl::Status status_;
};

}  // namespace senvec
