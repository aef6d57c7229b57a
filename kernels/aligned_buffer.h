#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/check.h"

namespace senvec {

// Bytes that begin at a cache line. Growing loses the contents; never shrinks.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  // At least `size` bytes, uninitialised where they are new.
  char* Grow(size_t size) {
    if (size <= size_) return bytes_.get();
    const size_t whole = (size + kAlignment - 1) / kAlignment * kAlignment;
    bytes_.reset(static_cast<char*>(std::aligned_alloc(kAlignment, whole)));
    SENVEC_CHECK(bytes_ != nullptr && "out of memory");
    size_ = whole;
    return bytes_.get();
  }
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<char, Free> bytes_;
  size_t size_ = 0;
};

// For vectors that begin at a cache line: a load or store of one never lies across two.
template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT(google-explicit-constructor): what containers ask for

  T* allocate(size_t n) {
    constexpr size_t kAlignment = AlignedBuffer::kAlignment;
    const size_t whole = (n * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    void* bytes = std::aligned_alloc(kAlignment, whole);
    SENVEC_CHECK(bytes != nullptr && "out of memory");
    return static_cast<T*>(bytes);
  }
  void deallocate(T* bytes, size_t) { std::free(bytes); }
  bool operator==(const AlignedAllocator&) const { return true; }
};
template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace senvec
