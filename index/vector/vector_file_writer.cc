#include "index/vector/vector_file_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr mode_t kMode = 0644;

std::string FolderOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open folder ", folder));
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return failed == 0 ? absl::OkStatus() : ErrnoToStatus(failed, absl::StrCat("cannot sync folder ", folder));
}

}  // namespace

VectorFileWriter::VectorFileWriter(std::string path, int fd)
    : path_(std::move(path)),
      temporary_(absl::StrCat(path_, ".tmp.", ::getpid())),
      fd_(fd),
      end_(sizeof(VectorFileHeader)) {}

VectorFileWriter::~VectorFileWriter() {
  for (absl::Span<char> part : mapped_) ::munmap(part.data(), part.size());
  if (fd_ >= 0) ::close(fd_);
  if (named_) ::unlink(temporary_.c_str());
}

absl::StatusOr<std::unique_ptr<VectorFileWriter>> VectorFileWriter::Create(const std::string& path) {
  const std::string folder = FolderOf(path);
  // Without a name nothing is left even when the process is killed; not every file system can.
  const int nameless = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode);
  auto writer = std::unique_ptr<VectorFileWriter>(new VectorFileWriter(path, nameless));
  if (nameless < 0) {
    writer->fd_ = ::open(writer->temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
    if (writer->fd_ < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
    writer->named_ = true;
  }
  return writer;
}

absl::Status VectorFileWriter::WriteAt(uint64_t offset, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return absl::OkStatus();
}

absl::Status VectorFileWriter::Begin(VectorSection section) {
  SENVEC_CHECK(open_ == nullptr);
  open_ = &header_.sections[static_cast<uint32_t>(section)];
  SENVEC_CHECK(open_->offset == 0);
  open_->offset = end_ = (end_ + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
  return absl::OkStatus();
}

absl::Status VectorFileWriter::Append(absl::string_view bytes) {
  SENVEC_CHECK(open_ != nullptr);
  SENVEC_RETURN_IF_ERROR(WriteAt(end_, bytes));
  end_ += bytes.size();
  return absl::OkStatus();
}

absl::Status VectorFileWriter::End() {
  VectorFileHeader::Section& section = *std::exchange(open_, nullptr);
  section.bytes = end_ - section.offset;
  const uint32_t number = static_cast<uint32_t>(&section - header_.sections);
  SENVEC_ASSIGN_OR_RETURN(const char* const bytes, Map(static_cast<VectorSection>(number)));
  section.checksum = Checksum64({bytes, section.bytes});
  return absl::OkStatus();
}

absl::StatusOr<const char*> VectorFileWriter::Map(VectorSection which) {
  const VectorFileHeader::Section& section = header_.sections[static_cast<uint32_t>(which)];
  if (section.bytes == 0) return "";
  void* const mapped =
      ::mmap(nullptr, section.bytes, PROT_READ, MAP_SHARED, fd_, static_cast<off_t>(section.offset));
  if (mapped == MAP_FAILED) return ErrnoToStatus(errno, absl::StrCat("cannot map ", path_));
  mapped_.push_back(absl::MakeSpan(static_cast<char*>(mapped), section.bytes));
  return static_cast<const char*>(mapped);
}

absl::Status VectorFileWriter::Commit() {
  // A part that is empty begins at the end, so that every place lies in the file.
  const uint64_t end = (end_ + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
  if (::ftruncate(fd_, static_cast<off_t>(end)) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot lengthen ", path_));
  }
  for (VectorFileHeader::Section& section : header_.sections) {
    if (section.bytes == 0) section = {.offset = end, .bytes = 0, .checksum = Checksum64("")};
  }
  header_.file_bytes = end;
  SealHeader(header_);
  SENVEC_RETURN_IF_ERROR(WriteAt(0, {reinterpret_cast<const char*>(&header_), sizeof(header_)}));
  if (::fsync(fd_) != 0) return ErrnoToStatus(errno, absl::StrCat("cannot sync ", path_));
  if (!named_) {
    const std::string self = absl::StrCat("/proc/self/fd/", fd_);
    ::unlink(temporary_.c_str());  // of an earlier process with the same number
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return ErrnoToStatus(errno, absl::StrCat("cannot name the finished file ", temporary_));
    }
    named_ = true;
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot rename ", temporary_, " to ", path_));
  }
  named_ = false;
  return SyncFolder(FolderOf(path_));
}

}  // namespace senvec
