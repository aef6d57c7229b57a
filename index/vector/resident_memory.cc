#include "index/vector/resident_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/file.h"

namespace senvec {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<ResidentMemory>> ResidentMemory::Create(size_t bytes) {
  const size_t size = (bytes + kHugePage) / kHugePage * kHugePage;
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ErrnoToStatus(errno, absl::StrCat("cannot have ", size, " bytes for an index"));
  ::madvise(memory, size, MADV_HUGEPAGE);  // advice: without it only speed is lost
  return std::unique_ptr<ResidentMemory>(new ResidentMemory(static_cast<char*>(memory), size));
}

ResidentMemory::~ResidentMemory() { ::munmap(memory_, size_); }

const char* ResidentMemory::Copy(absl::string_view part) {
  SENVEC_CHECK(Room(part.size()) <= size_ - used_);
  char* const to = memory_ + used_;
  if (!part.empty()) std::memcpy(to, part.data(), part.size());
  used_ += Room(part.size());
  return to;
}

}  // namespace senvec
