// Runs a fuzz target over saved inputs, without a fuzzing engine: x_fuzz FILE_OR_FOLDER…
// A folder without files is a failure, so that a lost corpus does not pass as a green test.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

std::vector<std::string> FilesUnder(const char* path) {
  std::error_code error;
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(path, error)) return {path};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
    if (entry.is_regular_file(error)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE_OR_FOLDER…\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    const std::vector<std::string> files = FilesUnder(argv[i]);
    for (const std::string& file : files) {
      const absl::StatusOr<std::string> bytes = senvec::ReadFile(file);
      if (!bytes.ok()) {
        std::fprintf(stderr, "%s\n", std::string(bytes.status().message()).c_str());
        return 1;
      }
      // Printed before it runs, so that the last line names the input that crashed.
      std::printf("%s\n", file.c_str());
      std::fflush(stdout);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size());
    }
    if (files.empty()) {
      std::fprintf(stderr, "%s holds no inputs\n", argv[i]);
      return 1;
    }
  }
  return 0;
}
