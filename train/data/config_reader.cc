#include "train/data/config_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "base/suggest.h"

namespace senvec {
namespace {

constexpr size_t kShown = 80;  // characters of a value in a message

std::string DidYouMean(absl::string_view typed, const std::vector<std::string>& words) {
  const std::string nearest = Suggest(typed, words);
  return nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?");
}

std::string Shown(const nlohmann::json& value) {
  const std::string dumped = DumpJson(value);
  return dumped.size() <= kShown ? dumped : absl::StrCat(dumped.substr(0, kShown), "…");
}

}  // namespace

absl::Status ConfigSource::Error(const std::string& path, absl::string_view message) const {
  const auto line = lines.find(path);
  const std::string at = line == lines.end() ? where : absl::StrCat(where, ":", line->second);
  return absl::InvalidArgumentError(
      path.empty() ? absl::StrCat(at, ": ", message) : absl::StrCat(at, ": \"", path, "\" ", message));
}

absl::StatusOr<std::string> ConfigSource::ResolvePath(const std::string& path, const std::string& key_path) const {
  if (path.empty()) return path;
  std::string result;
  for (size_t at = 0; at < path.size();) {
    const size_t begin = path.find("${", at);
    const size_t end = begin == std::string::npos ? begin : path.find('}', begin);
    if (end == std::string::npos) {
      result += path.substr(at);
      break;
    }
    const std::string name = path.substr(begin + 2, end - begin - 2);
    const auto variable = variables.find(name);
    if (variable == variables.end()) {
      return Error(key_path, absl::StrCat("has ${", name, "}, but the environment has no ", name));
    }
    absl::StrAppend(&result, path.substr(at, begin - at), variable->second);
    at = end + 1;
  }
  return absl::StartsWith(result, "/") || folder.empty() ? result : JoinPath(folder, result);
}

ConfigReader::ConfigReader(const nlohmann::json& object, std::string path, const ConfigSource& source)
    : object_(object), path_(std::move(path)), source_(source) {
  if (!object_.is_object()) {
    status_ = source_.Error(path_, absl::StrCat("must be an object, got ", object_.type_name()));
  }
}

std::string ConfigReader::PathOf(absl::string_view key) const {
  if (path_.empty()) return std::string(key);
  return key.empty() ? path_ : absl::StrCat(path_, ".", key);
}

bool ConfigReader::Has(const char* key) const {
  if (!object_.is_object()) return false;
  const auto found = object_.find(key);
  return found != object_.end() && !found->is_null();
}

const nlohmann::json* ConfigReader::Raw(const char* key) {
  known_.emplace_back(key);
  if (!status_.ok() || !Has(key)) return nullptr;
  return &object_[key];
}

void ConfigReader::Fail(const char* key, absl::string_view message) {
  if (status_.ok()) status_ = source_.Error(PathOf(key), message);
}

void ConfigReader::WrongValue(const char* key, const nlohmann::json& value, absl::string_view wanted) {
  Fail(key, absl::StrCat("is ", Shown(value), "; it must be ", wanted));
}

void ConfigReader::Text(const char* key, std::string* target) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return;
  if (!value->is_string()) return WrongValue(key, *value, "a string");
  *target = value->get<std::string>();
}

void ConfigReader::Path(const char* key, std::string* target) {
  std::string text;
  Text(key, &text);
  if (!ok() || text.empty()) return;
  absl::StatusOr<std::string> path = source_.ResolvePath(text, PathOf(key));
  if (path.ok()) {
    *target = *std::move(path);
  } else {
    status_ = path.status();
  }
}

const nlohmann::json* ConfigReader::StringArray(const char* key) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return nullptr;
  const bool fits = value->is_array() && std::all_of(value->begin(), value->end(), [](const auto& v) { return v.is_string(); });
  if (fits) return value;
  WrongValue(key, *value, "an array of strings");
  return nullptr;
}

void ConfigReader::Texts(const char* key, std::vector<std::string>* target) {
  const nlohmann::json* value = StringArray(key);
  if (value != nullptr) *target = value->get<std::vector<std::string>>();
}

void ConfigReader::Paths(const char* key, std::vector<std::string>* target) {
  const nlohmann::json* value = StringArray(key);
  if (value == nullptr) return;
  target->clear();
  for (size_t i = 0; i < value->size(); ++i) {
    absl::StatusOr<std::string> path =
        source_.ResolvePath((*value)[i].get<std::string>(), absl::StrCat(PathOf(key), "[", i, "]"));
    if (!path.ok()) {
      status_ = path.status();
      return;
    }
    target->push_back(*std::move(path));
  }
}

void ConfigReader::Flag(const char* key, bool* target) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) return WrongValue(key, *value, "true or false");
  *target = value->get<bool>();
}

void ConfigReader::Real(const char* key, double* target, double low, double high) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return;
  const double number = value->is_number() ? value->get<double>() : NAN;
  if (!(number >= low && number <= high)) {
    return WrongValue(key, *value, absl::StrCat("a number in [", low, ", ", high, "]"));
  }
  *target = number;
}

bool ConfigReader::WholeValue(const char* key, int64_t* target, int64_t low, int64_t high) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return false;
  // Above 2^63 the library's signed value would wrap round.
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() || value->get<uint64_t>() <= static_cast<uint64_t>(high)) &&
                    value->get<int64_t>() >= low && value->get<int64_t>() <= high;
  if (!fits) {
    WrongValue(key, *value, absl::StrCat("a whole number in [", low, ", ", high, "]"));
    return false;
  }
  *target = value->get<int64_t>();
  return true;
}

void ConfigReader::Numbers(const char* key, std::map<std::string, double>* target) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return;
  if (!value->is_object()) return WrongValue(key, *value, "an object of numbers");
  target->clear();
  for (const auto& [name, number] : value->items()) {
    if (!number.is_number()) return WrongValue(key, *value, "an object of numbers");
    (*target)[name] = number.get<double>();
  }
}

int ConfigReader::ChoiceIndex(const char* key, const std::vector<std::string>& names) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return -1;
  const std::string word = value->is_string() ? value->get<std::string>() : "";
  const auto found = std::find(names.begin(), names.end(), word);
  if (value->is_string() && found != names.end()) return static_cast<int>(found - names.begin());
  WrongValue(key, *value, absl::StrCat("one of ", absl::StrJoin(names, ", "), DidYouMean(word, names)));
  return -1;
}

void ConfigReader::Object(const char* key, const std::function<void(ConfigReader&)>& read) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return;
  ConfigReader inner(*value, PathOf(key), source_);
  read(inner);
  status_ = inner.Finish();
}

void ConfigReader::Objects(const char* key, const std::function<void(ConfigReader&)>& read) {
  const nlohmann::json* value = Raw(key);
  if (value == nullptr) return;
  if (!value->is_array()) return WrongValue(key, *value, "an array of objects");
  for (size_t i = 0; i < value->size() && ok(); ++i) {
    ConfigReader inner((*value)[i], absl::StrCat(PathOf(key), "[", i, "]"), source_);
    read(inner);
    status_ = inner.Finish();
  }
}

absl::Status ConfigReader::Finish() {
  if (!object_.is_object()) return status_;
  // An unknown key is often why another is missing, so that it is said first.
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    return source_.Error(PathOf(key), absl::StrCat("is not known", DidYouMean(key, known_), "; known are ",
                                                   absl::StrJoin(known_, ", ")));
  }
  return status_;
}

}  // namespace senvec
