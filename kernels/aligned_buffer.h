#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

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

}  // namespace senvec
