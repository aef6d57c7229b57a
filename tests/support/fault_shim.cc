#include "tests/support/fault_shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>

namespace {

constexpr int kMaxFiles = 4096;

char prefix[512];
std::atomic<bool> armed = false;
std::atomic<int64_t> fail_at = 0;
std::atomic<int> error_number = 0;
std::atomic<bool> for_ever = false;
std::atomic<int64_t> calls = 0;
std::atomic<int64_t> failures = 0;
std::atomic<bool> watched[kMaxFiles];

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
// The C library's own function of this name.
#define SENVEC_REAL(name) \
  static const auto real = Next<decltype(&::name)>(#name)

bool IsWatched(const char* path) {
  if (path == nullptr || prefix[0] == '\0') return false;
  return strncmp(path, prefix, strlen(prefix)) == 0;
}
bool IsWatched(int fd) { return fd >= 0 && fd < kMaxFiles && watched[fd].load(std::memory_order_relaxed); }
void Watch(int fd, const char* path) {
  if (fd >= 0 && fd < kMaxFiles) watched[fd].store(IsWatched(path), std::memory_order_relaxed);
}

// The errno that this call fails with; 0 = it goes through, −1 = a short write.
int Fault() {
  if (!armed.load()) return 0;
  const int64_t number = calls.fetch_add(1) + 1;
  const int64_t at = fail_at.load();
  if (at == 0 || number < at) return 0;
  const bool first = number == at;
  if (!first && !for_ever.load()) return 0;
  failures.fetch_add(1);
  const int error = error_number.load();
  if (error != 0) return error;
  return first ? -1 : ENOSPC;
}

// For calls that have no half.
bool Fails() {
  const int error = Fault();
  if (error == 0) return false;
  errno = error < 0 ? ENOSPC : error;
  return true;
}

bool Creates(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

template <typename Open>
int OpenWatched(const char* path, int flags, const Open& open) {
  if (IsWatched(path) && Creates(flags) && Fails()) return -1;
  const int fd = open();
  Watch(fd, path);
  return fd;
}

// A write of `bytes`, or of the half of it.
template <typename Write>
ssize_t WriteWatched(int fd, size_t bytes, const Write& write) {
  if (!IsWatched(fd)) return write(bytes);
  const int error = Fault();
  if (error == 0) return write(bytes);
  if (error < 0 && bytes > 1) return write(bytes / 2);
  errno = error < 0 ? ENOSPC : error;
  return -1;
}

mode_t ModeOf(int flags, va_list arguments) { return Creates(flags) ? va_arg(arguments, mode_t) : 0; }

}  // namespace

extern "C" {

void senvec_fault_arm(const SenvecFaultPlan* plan) {
  armed = false;
  snprintf(prefix, sizeof(prefix), "%s", plan->prefix);
  fail_at = plan->at;
  error_number = plan->error;
  for_ever = plan->for_ever != 0;
  calls = 0;
  failures = 0;
  armed = true;
}
int64_t senvec_fault_count() { return calls; }
int64_t senvec_fault_failed() { return failures; }

#define SENVEC_OPEN(name)                                                               \
  int name(const char* path, int flags, ...) {                                          \
    SENVEC_REAL(name);                                                                  \
    va_list arguments;                                                                  \
    va_start(arguments, flags);                                                         \
    const mode_t mode = ModeOf(flags, arguments);                                       \
    va_end(arguments);                                                                  \
    return OpenWatched(path, flags, [&] { return real(path, flags, mode); });           \
  }
#define SENVEC_OPENAT(name)                                                             \
  int name(int folder, const char* path, int flags, ...) {                              \
    SENVEC_REAL(name);                                                                  \
    va_list arguments;                                                                  \
    va_start(arguments, flags);                                                         \
    const mode_t mode = ModeOf(flags, arguments);                                       \
    va_end(arguments);                                                                  \
    return OpenWatched(path, flags, [&] { return real(folder, path, flags, mode); });   \
  }
SENVEC_OPEN(open)
SENVEC_OPEN(open64)
SENVEC_OPENAT(openat)
SENVEC_OPENAT(openat64)

int close(int fd) {
  SENVEC_REAL(close);
  Watch(fd, nullptr);
  return real(fd);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  SENVEC_REAL(write);
  return WriteWatched(fd, count, [&](size_t n) { return real(fd, bytes, n); });
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  SENVEC_REAL(pwrite);
  return WriteWatched(fd, count, [&](size_t n) { return real(fd, bytes, n, offset); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  SENVEC_REAL(pwrite64);
  return WriteWatched(fd, count, [&](size_t n) { return real(fd, bytes, n, offset); });
}
ssize_t writev(int fd, const iovec* parts, int count) {
  SENVEC_REAL(writev);
  if (IsWatched(fd) && Fails()) return -1;
  return real(fd, parts, count);
}
ssize_t sendfile(int to, int from, off_t* offset, size_t count) {
  SENVEC_REAL(sendfile);
  return WriteWatched(to, count, [&](size_t n) { return real(to, from, offset, n); });
}
ssize_t sendfile64(int to, int from, off64_t* offset, size_t count) {
  SENVEC_REAL(sendfile64);
  return WriteWatched(to, count, [&](size_t n) { return real(to, from, offset, n); });
}
ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, size_t count, unsigned flags) {
  SENVEC_REAL(copy_file_range);
  return WriteWatched(to, count, [&](size_t n) { return real(from, from_at, to, to_at, n, flags); });
}

int fsync(int fd) {
  SENVEC_REAL(fsync);
  return IsWatched(fd) && Fails() ? -1 : real(fd);
}
int fdatasync(int fd) {
  SENVEC_REAL(fdatasync);
  return IsWatched(fd) && Fails() ? -1 : real(fd);
}
int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags) {
  SENVEC_REAL(sync_file_range);
  // Nothing to sync: how RocksDB asks whether the file system knows the call, which it asserts.
  const bool is_question = offset == 0 && count == 0;
  return !is_question && IsWatched(fd) && Fails() ? -1 : real(fd, offset, count, flags);
}
int ftruncate(int fd, off_t length) noexcept {
  SENVEC_REAL(ftruncate);
  return IsWatched(fd) && Fails() ? -1 : real(fd, length);
}
int ftruncate64(int fd, off64_t length) noexcept {
  SENVEC_REAL(ftruncate64);
  return IsWatched(fd) && Fails() ? -1 : real(fd, length);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  SENVEC_REAL(fallocate);
  return IsWatched(fd) && Fails() ? -1 : real(fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  SENVEC_REAL(fallocate64);
  return IsWatched(fd) && Fails() ? -1 : real(fd, mode, offset, length);
}

int rename(const char* from, const char* to) noexcept {
  SENVEC_REAL(rename);
  return IsWatched(to) && Fails() ? -1 : real(from, to);
}
int link(const char* from, const char* to) noexcept {
  SENVEC_REAL(link);
  return IsWatched(to) && Fails() ? -1 : real(from, to);
}
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  SENVEC_REAL(linkat);
  return IsWatched(to) && Fails() ? -1 : real(from_folder, from, to_folder, to, flags);
}
int mkdir(const char* path, mode_t mode) noexcept {
  SENVEC_REAL(mkdir);
  return IsWatched(path) && Fails() ? -1 : real(path, mode);
}

}  // extern "C"
