#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "encoder/model_directory.h"
#include "encoder/pooling/pooling.h"
#include "encoder/weights/weight_source.h"

namespace senvec {

// 32 hex digits over everything that decides a vector: weights, configuration, tokenizer, modules and the pooling in
// use. Names and places of files do not count, so that a copied model is the same model.
absl::StatusOr<std::string> ModelFingerprint(const ModelDirectory& directory, const WeightSource& weights,
                                             Pooling pooling);

}  // namespace senvec
