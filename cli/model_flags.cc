#include "cli/model_flags.h"

#include <limits>
#include <utility>

#include "base/status_macros.h"
#include "cli/default_model.h"
#include "cli/environment.h"
#include "cli/usage_error.h"

namespace senvec {

void DeclareModelFlags(FlagSet& flags, ModelFlags& model) {
  flags.Add("--model", "DIR", &model.model,
                                  "the model's directory, e.g. one that scripts/get-model.sh made; without it the one "
                                  "that SENVEC_MODEL names, or the one that comes with Senvec");
  flags
      .Add("--pooling", "NAME", &model.pooling,
           "how token vectors become one, instead of the model's own way")
      .OneOf({"cls", "mean", "max", "last", "pooler", "first_last_avg"});
  flags
      .Add("--max-tokens", "N", &model.max_tokens,
           "longest input in tokens, special ones included; more is cut; 0 = the model's own limit")
      .Between(0, std::numeric_limits<int32_t>::max());
  flags
      .Add("--precision", "NAME", &model.precision,
           "arithmetic of the encoder, fp32 unless told otherwise; auto takes the fastest that stays near fp32 in a "
           "self-test")
      .OneOf({"auto", "fp32", "bf16", "int8"});
  flags
      .Add("--threads", "N", &model.threads,
           "threads that encode; 0 = as many as this process may use CPUs")
      .Between(0, 1024);
}

void DeclareWhiteningFlag(FlagSet& flags, ModelFlags& model) {
  flags.Add("--whitening", "FILE", &model.whitening,
            "a transform that `senvec whiten fit` made for this model");
}

absl::Status RefuseModelFlags(const FlagSet& flags) {
  return flags.RefuseGiven({"--model", "--pooling", "--whitening", "--max-tokens", "--precision", "--threads"},
                           "with --server the server's own model and settings encode; leave it out, or give it to `senvec serve`");
}

absl::StatusOr<LoadedModel> LoadModel(const ModelFlags& flags) {
  LoadOptions options;
  if (!flags.pooling.empty()) {
    SENVEC_ASSIGN_OR_RETURN(options.pooling, ParsePooling(flags.pooling));
  }
  options.max_tokens = static_cast<int32_t>(flags.max_tokens);
  options.whitening_path = flags.whitening;
  if (!flags.precision.empty()) options.precision = flags.precision;
  const std::string isa = EnvironmentOr(kIsaVariable, "auto");
  if (isa != "auto") options.isa = isa;
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate()));
  std::string directory = flags.model;
  if (directory.empty()) {
    SENVEC_ASSIGN_OR_RETURN(directory, DefaultModel());
  }
  LoadedModel model;
  model.pool = ThreadPool::ForThisProcess(static_cast<int>(flags.threads));
  SENVEC_ASSIGN_OR_RETURN(model.encoder,
                          SentenceEncoder::Load(directory, options, model.pool.get()));
  return model;
}

absl::StatusOr<std::string> PromptText(const SentenceEncoder& encoder, const std::string& name) {
  absl::StatusOr<std::string> text =
      encoder.Prompt(name.empty() ? encoder.info().default_prompt_name : name);
  if (!text.ok()) return AsUsageError(text.status());
  return text;
}

}  // namespace senvec
