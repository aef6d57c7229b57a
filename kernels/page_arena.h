#pragma once

#include <cstddef>
#include <vector>

namespace senvec {

// Memory for weights that are read over and over: in pages of 2 MiB where the system gives them, so that reading a model
// from end to end misses the translation buffer a few times and not at every 4 KiB. Only grows; what is handed out lives
// as long as the arena. Not thread-safe.
class PageArena {
 public:
  PageArena() = default;
  ~PageArena();
  PageArena(const PageArena&) = delete;
  PageArena& operator=(const PageArena&) = delete;

  // `size` bytes, zeros, that begin at a cache line. Address space is taken in large pieces, memory as it is written.
  char* Allocate(size_t size);

 private:
  struct Piece {
    char* bytes;
    size_t size;
  };
  std::vector<Piece> pieces_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace senvec
