#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/model_flags.h"
#include "dataio/standard_output.h"

namespace senvec {
namespace {

struct InfoFlags {
  ModelFlags model;
  bool json = false;
};

nlohmann::json InfoJson(const ModelInfo& info) {
  return {{"directory", info.directory}, {"family", info.family}, {"fingerprint", info.fingerprint},
          {"tokenizer", info.tokenizer}, {"precision", info.precision}, {"precision_report", info.precision_report}, {"isa", info.isa},
          {"pooling", info.pooling}, {"normalize", info.normalize}, {"dim", info.dim},
          {"hidden_size", info.hidden_size}, {"layers", info.num_layers}, {"heads", info.num_heads},
          {"vocabulary", info.vocab_size}, {"max_tokens", info.max_tokens}, {"parameters", info.num_parameters},
          {"prompts", info.prompts}, {"default_prompt", info.default_prompt_name},
          {"whitening_fingerprint", info.whitening_fingerprint}};
}

std::string InfoText(const ModelInfo& info) {
  std::string text = absl::StrFormat(
      "directory    %s\nfamily       %s, %d layers x %d, %d heads, %.1f million parameters\nfingerprint  %s\n"
      "tokenizer    %s, %d ids, at most %d tokens\nvectors      %d values, %s pooling, %s\narithmetic   %s on %s\n",
      info.directory, info.family, info.num_layers, info.hidden_size, info.num_heads,
      static_cast<double>(info.num_parameters) / 1e6, info.fingerprint, info.tokenizer, info.vocab_size,
      info.max_tokens, info.dim, info.pooling, info.normalize ? "normalised" : "not normalised", info.precision, info.isa);
  if (!info.precision_report.empty()) absl::StrAppend(&text, "self-test    ", info.precision_report, "\n");
  if (!info.whitening_fingerprint.empty()) absl::StrAppend(&text, "whitening    ", info.whitening_fingerprint, "\n");
  for (const auto& [name, prompt] : info.prompts) {
    absl::StrAppend(&text, "prompt       ", name, " = \"", prompt, "\"", name == info.default_prompt_name ? " (default)" : "", "\n");
  }
  return text;
}

absl::Status ShowInfo(const InfoFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  const ModelInfo& info = model.encoder->info();
  return WriteStandardOutput(flags.json ? DumpJson(InfoJson(info)) + "\n" : InfoText(info));
}

}  // namespace

CommandRunner DeclareModelInfo(FlagSet& flags) {
  auto info = std::make_shared<InfoFlags>();
  flags.Describe("Loads a model, which checks all of its files, and tells what it is.");
  flags.Add("--json", &info->json, "print one JSON object");
  DeclareModelFlags(flags, info->model);
  DeclareWhiteningFlag(flags, info->model);
  flags.Example("senvec model info", "what the model is that comes with Senvec");
  return [info] { return ShowInfo(*info); };
}

}  // namespace senvec
