#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/vector/vector_file.h"

namespace senvec {

// Writes a vector index's file part by part; it appears under its name only at Commit(). Not thread-safe.
class VectorFileWriter {
 public:
  // The system's reason, with the path, where the folder cannot be written to.
  static absl::StatusOr<std::unique_ptr<VectorFileWriter>> Create(const std::string& path);
  // Without Commit(), nothing is left and an old file of that name is untouched.
  ~VectorFileWriter();
  VectorFileWriter(const VectorFileWriter&) = delete;
  VectorFileWriter& operator=(const VectorFileWriter&) = delete;

  // Parts are written one after the other, each once: begin, its bytes in pieces, end.
  absl::Status Begin(VectorSection section);
  absl::Status Append(absl::string_view bytes);
  absl::Status End();
  template <typename T>
  absl::Status Write(VectorSection section, absl::Span<const T> values) {
    if (absl::Status status = Begin(section); !status.ok()) return status;
    if (absl::Status status = Append({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
        !status.ok()) {
      return status;
    }
    return End();
  }

  // A part that was ended, mapped read-only until the writer goes.
  absl::StatusOr<const char*> Map(VectorSection section);

  // What the header says besides places; complete it before Commit().
  VectorFileHeader& header() { return header_; }
  // Writes the header, syncs the file, gives it its name and syncs the folder. At most once.
  absl::Status Commit();

 private:
  VectorFileWriter(std::string path, int fd);
  absl::Status WriteAt(uint64_t offset, absl::string_view bytes);

  const std::string path_, temporary_;
  int fd_;
  bool named_ = false;  // a file `temporary_` exists
  uint64_t end_;        // where the next bytes go
  VectorFileHeader::Section* open_ = nullptr;
  std::vector<absl::Span<char>> mapped_;
  VectorFileHeader header_ = {};
};

}  // namespace senvec
