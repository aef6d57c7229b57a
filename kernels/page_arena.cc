#include "kernels/page_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace senvec {
namespace {

constexpr size_t kLargePage = size_t{2} << 20, kPiece = size_t{32} << 20, kCacheLine = 64;

size_t RoundUp(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

}  // namespace

PageArena::~PageArena() {
  for (const Piece& piece : pieces_) ::munmap(piece.bytes, piece.size);
}

char* PageArena::Allocate(size_t size) {
  size = RoundUp(size, kCacheLine);
  if (size > left_) {
    const size_t room = RoundUp(std::max(size, kPiece), kLargePage);
    // One large page more, so that a large page can begin the room.
    const size_t mapped = room + kLargePage;
    void* bytes = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SENVEC_CHECK(bytes != MAP_FAILED && "out of memory");
    pieces_.push_back({static_cast<char*>(bytes), mapped});
    next_ = static_cast<char*>(bytes) + (kLargePage - reinterpret_cast<uintptr_t>(bytes) % kLargePage) % kLargePage;
    left_ = room;
    // Where the system has no large pages, small ones do.
    static_cast<void>(::madvise(next_, room, MADV_HUGEPAGE));
  }
  char* allocated = next_;
  next_ += size;
  left_ -= size;
  return allocated;
}

}  // namespace senvec
