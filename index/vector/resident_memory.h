#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// Bytes that a search jumps about in: anonymous memory on huge pages where the system has them, so that a jump costs no
// walk through page tables.
class ResidentMemory {
 public:
  // ResourceExhausted when the system has no more.
  static absl::StatusOr<std::unique_ptr<ResidentMemory>> Create(size_t bytes);
  ~ResidentMemory();
  ResidentMemory(const ResidentMemory&) = delete;
  ResidentMemory& operator=(const ResidentMemory&) = delete;

  // Copies `part` behind what was copied before, beginning at a cache line, and lets the part's own pages go.
  const char* Copy(absl::string_view part);
  size_t size() const { return size_; }
  // What Copy() takes of the bytes for a part.
  static size_t Room(size_t part) { return (part + 63) / 64 * 64; }

 private:
  ResidentMemory(char* memory, size_t size) : memory_(memory), size_(size) {}

  char* const memory_;
  const size_t size_;
  size_t used_ = 0;
};

}  // namespace senvec
