#include "service/server_config.h"

#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "encoder/device_name.h"

namespace senvec {
namespace {

using Setter = std::function<absl::Status(const nlohmann::json& value)>;

absl::Status WrongValue(const nlohmann::json& value, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat("is ", value.dump(), "; it must be ", wanted));
}

// One setting, in and out of JSON.
struct Key {
  Setter set;
  std::function<nlohmann::json()> get;
};

Key Text(std::string* target) {
  return {[target](const nlohmann::json& value) {
            if (!value.is_string()) return WrongValue(value, "a string");
            *target = value.get<std::string>();
            return absl::OkStatus();
          },
          [target] { return *target; }};
}

template <typename T>
Key Integer(T* target, int64_t low, int64_t high) {
  return {[target, low, high](const nlohmann::json& value) {
            if (!value.is_number_integer() || value.get<int64_t>() < low || value.get<int64_t>() > high) {
              return WrongValue(value, absl::StrCat("a whole number in [", low, ", ", high, "]"));
            }
            *target = static_cast<T>(value.get<int64_t>());
            return absl::OkStatus();
          },
          [target] { return *target; }};
}

Key Seconds(absl::Duration* target) {
  return {[target](const nlohmann::json& value) {
            constexpr double kHighest = 86400;
            if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > kHighest) {
              return WrongValue(value, "seconds in [0, 86400]");
            }
            *target = absl::Seconds(value.get<double>());
            return absl::OkStatus();
          },
          [target] { return absl::ToDoubleSeconds(*target); }};
}

// Empty: the model's own.
Key PoolingKey(std::optional<Pooling>* target) {
  return {[target](const nlohmann::json& value) -> absl::Status {
            if (!value.is_string()) return WrongValue(value, "a string");
            target->reset();
            if (value == "") return absl::OkStatus();
            SENVEC_ASSIGN_OR_RETURN(*target, ParsePooling(value.get<std::string>()));
            return absl::OkStatus();
          },
          [target] { return target->has_value() ? std::string(PoolingName(**target)) : ""; }};
}

std::map<std::string, Key> Keys(ServerConfig& config) {
  constexpr int64_t kMax32 = std::numeric_limits<int32_t>::max();
  return {{"model", Text(&config.model)},
          {"data", Text(&config.data)},
          {"listen", Text(&config.listen)},
          {"pooling", PoolingKey(&config.load.pooling)},
          {"max_tokens", Integer(&config.load.max_tokens, 0, kMax32)},
          {"whitening", Text(&config.load.whitening_path)},
          {"precision", Text(&config.load.precision)},
          {"isa", Text(&config.load.isa)},
          {"device", Text(&config.device)},
          {"threads", Integer(&config.threads, 0, 1024)},
          {"work_threads", Integer(&config.work_threads, 1, 256)},
          {"max_texts", Integer(&config.limits.max_texts, 1, 1 << 20)},
          {"max_text_bytes", Integer(&config.limits.max_text_bytes, 1, kMax32)},
          {"max_k", Integer(&config.limits.max_k, 1, 1 << 20)},
          {"max_hits", Integer(&config.limits.max_hits, 1, kMax32)},
          {"max_answer_bytes", Integer(&config.limits.max_answer_bytes, 4096, kMax32)},
          {"max_evaluation_texts", Integer(&config.limits.max_evaluation_texts, 1, 1 << 30)},
          {"max_evaluation_bytes", Integer(&config.limits.max_evaluation_bytes, 1, int64_t{1} << 40)},
          {"max_batch_tokens", Integer(&config.scheduler.max_batch_tokens, 1, 1 << 20)},
          {"max_queued_tokens", Integer(&config.scheduler.max_queued_tokens, 1, int64_t{1} << 40)},
          {"sentences_per_turn", Integer(&config.scheduler.sentences_per_turn, 1, 1 << 16)},
          {"max_message_bytes", Integer(&config.max_message_bytes, 4096, kMax32)},
          {"memory_quota_bytes", Integer(&config.memory_quota_bytes, 1 << 20, int64_t{1} << 40)},
          {"cache_bytes", Integer(&config.cache_bytes, 0, int64_t{1} << 40)},
          {"snapshots", Text(&config.snapshots)},
          {"drain_s", Seconds(&config.drain)}};
}

}  // namespace

absl::StatusOr<ServerConfig> ServerConfig::FromJson(absl::string_view text, absl::string_view where, ServerConfig base) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, where));
  if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(where, ": expected a JSON object"));
  const std::map<std::string, Key> keys = Keys(base);
  for (const auto& [key, value] : json.items()) {
    const auto found = keys.find(key);
    if (found == keys.end()) {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : keys) known.push_back(name);
      return absl::InvalidArgumentError(absl::StrCat(where, ": unknown key \"", key, "\"; known are ", absl::StrJoin(known, ", ")));
    }
    if (const absl::Status status = found->second.set(value); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": \"", key, "\" ", status.message()));
    }
  }
  return base;
}

std::string ServerConfig::ToJson() const {
  ServerConfig copy = *this;
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, key] : Keys(copy)) json[name] = key.get();
  return DumpJson(json);
}

absl::StatusOr<ServerConfig> ServerConfig::FromFile(const std::string& path, ServerConfig base) {
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return FromJson(text, path, std::move(base));
}

absl::Status ServerConfig::Validate() const {
  if (model.empty()) return absl::InvalidArgumentError("no model directory is given (--model or \"model\")");
  if (data.empty()) return absl::InvalidArgumentError("no data directory is given (--data or \"data\")");
  const size_t colon = listen.rfind(':');
  int32_t port = -1;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(listen.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("listen address \"", listen, "\" is not HOST:PORT with a port in [0, 65535]"));
  }
  if (!device.empty()) SENVEC_RETURN_IF_ERROR(DeviceName::Parse(device).status());
  SENVEC_RETURN_IF_ERROR(load.Validate());
  return scheduler.Validate();
}

}  // namespace senvec
