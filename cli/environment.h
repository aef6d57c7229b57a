#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace senvec {

// The variables Senvec reads. Everything else is a flag.
inline constexpr char kIsaVariable[] = "SENVEC_ISA";
inline constexpr char kLogVariable[] = "SENVEC_LOG";
inline constexpr char kModelVariable[] = "SENVEC_MODEL";  // see default_model.h

// A usage error that names the variable, its value and the known ones, when one with known ones is set to something else.
// An empty value counts as not set.
absl::Status CheckEnvironment();

// What the variable holds, or `fallback` when it is not set.
std::string EnvironmentOr(const char* variable, absl::string_view fallback);

// Their rows in `senvec --help`.
std::string EnvironmentHelp();

}  // namespace senvec
