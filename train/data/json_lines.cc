#include "train/data/json_lines.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// Walks a text that is valid JSON; on any other it ends early.
class LineScanner {
 public:
  LineScanner(absl::string_view json, absl::string_view where) : json_(json), where_(where) {}

  absl::StatusOr<std::map<std::string, int64_t>> Scan() {
    SENVEC_RETURN_IF_ERROR(Value("", 0));
    return std::move(lines_);
  }

 private:
  static constexpr int kMaxDepth = 80;

  char Peek() {
    for (; at_ < json_.size(); ++at_) {
      const char c = json_[at_];
      if (c == '\n') ++line_;
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return c;
    }
    return 0;
  }

  // The quoted string at the cursor, with its quotes.
  absl::string_view Quoted() {
    const size_t begin = at_++;
    while (at_ < json_.size() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, json_.size());
    return json_.substr(begin, at_ - begin);
  }

  absl::Status Value(const std::string& path, int depth) {
    const char first = Peek();
    lines_.emplace(path, line_);
    if (depth > kMaxDepth) return absl::OkStatus();
    if (first == '{') return Object(path, depth);
    if (first == '[') return Array(path, depth);
    if (first == '"') {
      Quoted();
      return absl::OkStatus();
    }
    while (at_ < json_.size() && absl::string_view(",]} \t\r\n").find(json_[at_]) == absl::string_view::npos) ++at_;
    return absl::OkStatus();
  }

  absl::Status Object(const std::string& path, int depth) {
    ++at_;
    std::map<std::string, int64_t> own;
    while (Peek() == '"') {
      const int64_t line = line_;
      SENVEC_ASSIGN_OR_RETURN(const nlohmann::json name, ParseJson(Quoted(), where_));
      const std::string key = name.is_string() ? name.get<std::string>() : "";
      const std::string inner = path.empty() ? key : absl::StrCat(path, ".", key);
      const auto [known, is_new] = own.try_emplace(key, line);
      if (!is_new) {
        return absl::InvalidArgumentError(absl::StrCat(where_, ":", line, ": \"", inner,
                                                       "\" stands here a second time; the first is on line ", known->second));
      }
      if (Peek() != ':') return absl::OkStatus();
      ++at_;
      SENVEC_RETURN_IF_ERROR(Value(inner, depth + 1));
      if (Peek() == ',') ++at_;
    }
    if (Peek() == '}') ++at_;
    return absl::OkStatus();
  }

  absl::Status Array(const std::string& path, int depth) {
    ++at_;
    for (int64_t i = 0; Peek() != ']' && at_ < json_.size(); ++i) {
      const size_t begin = at_;
      SENVEC_RETURN_IF_ERROR(Value(absl::StrCat(path, "[", i, "]"), depth + 1));
      if (Peek() == ',') ++at_;
      if (at_ == begin) return absl::OkStatus();
    }
    if (at_ < json_.size()) ++at_;
    return absl::OkStatus();
  }

  const absl::string_view json_;
  const absl::string_view where_;
  size_t at_ = 0;
  int64_t line_ = 1;
  std::map<std::string, int64_t> lines_;
};

}  // namespace

absl::StatusOr<std::map<std::string, int64_t>> JsonValueLines(absl::string_view json, absl::string_view where) {
  return LineScanner(json, where).Scan();
}

}  // namespace senvec
