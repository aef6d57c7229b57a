#include "cli/library_versions.h"

#include <google/protobuf/stubs/common.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/version_info.h>
#include <openblas_config.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

// "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"; absent when another BLAS stands in for it.
extern "C" char* openblas_get_config() __attribute__((weak));

namespace senvec {
namespace {

// The number after the name: " OpenBLAS 0.3.21 " and what openblas_get_config() says.
std::string OpenBlasNumber(absl::string_view text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  absl::ConsumePrefix(&text, "OpenBLAS ");
  const std::vector<std::string> words = absl::StrSplit(text, ' ');
  return words[0];
}

LibraryVersion OpenBlas() {
  return {"OpenBLAS", OpenBlasNumber(OPENBLAS_VERSION),
          openblas_get_config == nullptr ? "" : OpenBlasNumber(openblas_get_config())};
}

}  // namespace

std::vector<LibraryVersion> LibraryVersions() {
  return {{"gRPC", GRPC_CPP_VERSION_STRING, grpc::Version()},
          {"protobuf", google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION), ""},
          OpenBlas()};
}

bool IsCompatible(const LibraryVersion& library) {
  if (library.running.empty()) return true;
  const std::vector<std::string> built = absl::StrSplit(library.built, '.'), running = absl::StrSplit(library.running, '.');
  return built.size() >= 2 && running.size() >= 2 && built[0] == running[0] && built[1] == running[1];
}

}  // namespace senvec
