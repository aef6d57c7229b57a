#include "train/data/train_log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

absl::StatusOr<std::map<std::string, double>> Values(const nlohmann::json& object, const char* key, absl::string_view where) {
  std::map<std::string, double> values;
  const auto found = object.find(key);
  if (found == object.end()) return values;
  if (!found->is_object()) return absl::InvalidArgumentError(absl::StrCat(where, ": \"", key, "\" must be an object"));
  for (const auto& [name, value] : found->items()) {
    if (value.is_null()) continue;  // what was not finite, such as the correlation of equal numbers
    SENVEC_ASSIGN_OR_RETURN(values[name], JsonDouble(*found, name, absl::StrCat(where, ": \"", key, "\"")));
  }
  return values;
}

}  // namespace

std::string FormatTrainLogLine(const TrainLogLine& line) {
  nlohmann::ordered_json json;
  json["step"] = line.step;
  if (!line.dev.empty()) {
    json["dev"] = line.dev;
    json["mean"] = line.mean;
    json["best"] = line.best;
  } else {
    json["loss"] = line.loss;
    json["learning_rate"] = line.learning_rate;
    json["gradient_norm"] = line.gradient_norm;
    json["sentences_per_s"] = line.sentences_per_s;
  }
  json["seconds"] = line.seconds;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<TrainLogLine> ParseTrainLogLine(absl::string_view json, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(json, where));
  TrainLogLine line;
  SENVEC_ASSIGN_OR_RETURN(line.step, JsonInt(object, "step", where));
  SENVEC_ASSIGN_OR_RETURN(line.loss, Values(object, "loss", where));
  SENVEC_ASSIGN_OR_RETURN(line.learning_rate, JsonDoubleOr(object, "learning_rate", 0, where));
  SENVEC_ASSIGN_OR_RETURN(line.gradient_norm, JsonDoubleOr(object, "gradient_norm", 0, where));
  SENVEC_ASSIGN_OR_RETURN(line.sentences_per_s, JsonDoubleOr(object, "sentences_per_s", 0, where));
  SENVEC_ASSIGN_OR_RETURN(line.seconds, JsonDoubleOr(object, "seconds", 0, where));
  SENVEC_ASSIGN_OR_RETURN(line.dev, Values(object, "dev", where));
  SENVEC_ASSIGN_OR_RETURN(line.mean, JsonDoubleOr(object, "mean", 0, where));
  SENVEC_ASSIGN_OR_RETURN(line.best, JsonBoolOr(object, "best", false, where));
  return line;
}

absl::StatusOr<std::vector<TrainLogLine>> ReadTrainLog(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<TrainLogLine> lines;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) break;
    const absl::string_view line = absl::string_view(text).substr(at, end - at);
    SENVEC_ASSIGN_OR_RETURN(TrainLogLine parsed, ParseTrainLogLine(line, absl::StrCat(path, ":", ++number)));
    lines.push_back(std::move(parsed));
    at = end + 1;
  }
  return lines;
}

absl::StatusOr<std::unique_ptr<TrainLog>> TrainLog::Open(const std::string& path, int64_t done_steps) {
  std::string kept;
  if (FileExists(path)) {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<TrainLogLine> lines, ReadTrainLog(path));
    for (const TrainLogLine& line : lines) {
      if (line.step <= done_steps) absl::StrAppend(&kept, FormatTrainLogLine(line), "\n");
    }
  }
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(path, kept));
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return std::unique_ptr<TrainLog>(new TrainLog(path, fd));
}

TrainLog::~TrainLog() { ::close(fd_); }

absl::Status TrainLog::Append(const TrainLogLine& line) {
  const std::string bytes = FormatTrainLogLine(line) + "\n";
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    done += static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

}  // namespace senvec
