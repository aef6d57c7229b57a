#include "index/sync_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr char kMagic[8] = {'S', 'E', 'N', 'V', 'S', 'Y', 'N', '1'};
constexpr size_t kFields = sizeof(kMagic) + sizeof(SyncMark);

}  // namespace

std::string SerializeSyncMark(const SyncMark& mark) {
  std::string bytes(kMagic, sizeof(kMagic));
  bytes.append(reinterpret_cast<const char*>(&mark), sizeof(mark));
  const uint64_t checksum = Checksum64(bytes);
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  return bytes;
}

absl::StatusOr<SyncMark> ParseSyncMark(absl::string_view bytes, absl::string_view where) {
  uint64_t checksum = 0;
  if (bytes.size() == kFields + sizeof(checksum)) std::memcpy(&checksum, bytes.data() + kFields, sizeof(checksum));
  const bool good = bytes.size() == kFields + sizeof(checksum) && bytes.substr(0, 8) == absl::string_view(kMagic, 8) &&
                    checksum == Checksum64(bytes.substr(0, kFields));
  if (!good) return absl::DataLossError(absl::StrCat(where, " is damaged"));
  SyncMark mark;
  std::memcpy(&mark, bytes.data() + sizeof(kMagic), sizeof(mark));
  return mark;
}

absl::StatusOr<std::unique_ptr<SyncMarkFile>> SyncMarkFile::Open(const std::string& directory, const SyncMark& mark) {
  const std::string path = JoinPath(directory, kSyncMarkName);
  // Whole from its first moment on.
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(path, SerializeSyncMark(mark)));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return std::unique_ptr<SyncMarkFile>(new SyncMarkFile(fd, mark));
}

SyncMarkFile::~SyncMarkFile() { ::close(fd_); }

void SyncMarkFile::SetSequence(uint64_t sequence) {
  MutexLock lock(&mutex_);
  mark_.sequence = std::max(mark_.sequence, sequence);
  Write();
}

void SyncMarkFile::SetManifest(uint64_t number, uint64_t bytes) {
  MutexLock lock(&mutex_);
  if (number < mark_.manifest_number) return;
  if (number == mark_.manifest_number) bytes = std::max(bytes, mark_.manifest_bytes);
  mark_.manifest_number = number;
  mark_.manifest_bytes = bytes;
  Write();
}

// A mark that cannot be written says less than is there, which is allowed.
void SyncMarkFile::Write() {
  const std::string bytes = SerializeSyncMark(mark_);
  if (::pwrite(fd_, bytes.data(), bytes.size(), 0) < 0) errno = 0;
}

}  // namespace senvec
