#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/check.h"
#include "tests/support/temp_dir.h"

namespace senvec {

// A folder for readers that take paths, refilled for each input and removed at the end of the process.
class InputFolder {
 public:
  const std::string& path() const { return folder_.path(); }
  std::string operator/(const std::string& name) const { return folder_ / name; }

  void Write(const std::string& name, absl::string_view bytes) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  // Writes the files that one input holds and removes the others: a line "--- NAME" begins the next one, and the first of
  // `names` needs no such line. Names that are not in `names` begin nothing.
  void WriteParts(absl::string_view bytes, absl::Span<const char* const> names) const {
    for (const char* name : names) std::filesystem::remove(folder_ / name);
    std::string name = names[0];
    size_t begin = 0;
    for (size_t line = 0; line < bytes.size();) {
      const size_t end = std::min(bytes.find('\n', line), bytes.size());
      for (const char* next : names) {
        if (bytes.substr(line, end - line) != std::string("--- ") + next) continue;
        if (line > 0) Write(name, bytes.substr(begin, line - begin));
        name = next;
        begin = std::min(end + 1, bytes.size());
      }
      line = end + 1;
    }
    Write(name, bytes.substr(begin));
  }

 private:
  const TempDir folder_;
};

}  // namespace senvec
