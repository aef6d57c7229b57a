#include "cli/collection_model.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {

absl::StatusOr<LoadedModel> LoadModelOf(const std::string& index, const CollectionOptions& options, const ModelFlags& flags) {
  if (options.model_fingerprint.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        index, " was built of vectors without a model, so that nothing can encode a text for it; name the model with --model when building"));
  }
  ModelFlags model = flags;
  if (model.model.empty()) model.model = options.model_directory;
  if (model.whitening.empty()) model.whitening = options.whitening_path;
  absl::StatusOr<LoadedModel> loaded = LoadModel(model);
  if (absl::IsNotFound(loaded.status()) && flags.model.empty()) {
    return absl::NotFoundError(absl::StrCat("the model that ", index, " was built with is not at ", model.model,
                                            " any more; name its directory with --model"));
  }
  SENVEC_RETURN_IF_ERROR(loaded.status());
  const ModelInfo& info = loaded->encoder->info();
  if (info.fingerprint != options.model_fingerprint || info.whitening_fingerprint != options.whitening_fingerprint) {
    return absl::FailedPreconditionError(absl::StrCat(
        index, " was built with model ", options.model_fingerprint, ", ", model.model, " is ", info.fingerprint,
        "; take that model (and its whitening and pooling), or build the index again"));
  }
  return loaded;
}

}  // namespace senvec
