#include "index/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFormat = 1;

absl::StatusOr<SnapshotFile> Describe(const std::string& directory, const std::string& name) {
  SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(JoinPath(directory, name)));
  return SnapshotFile{name, static_cast<int64_t>(file->bytes().size()), Checksum64(file->bytes())};
}

// A name from a list must stay inside the folder.
bool IsInside(absl::string_view name) {
  const fs::path path{std::string(name)};
  if (name.empty() || path.is_absolute()) return false;
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".." || part == "."; });
}

absl::StatusOr<std::vector<SnapshotFile>> Fields(absl::string_view text, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, where));
  if (!json.is_object()) return absl::InvalidArgumentError("it is no JSON object");
  SENVEC_ASSIGN_OR_RETURN(const int64_t format, JsonInt(json, "format", where));
  if (format > kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has format ", format, ", this program reads up to ",
                                                      kFormat, "; use the newer Senvec that wrote it"));
  }
  const auto list = json.find("files");
  if (list == json.end() || !list->is_array()) return absl::InvalidArgumentError("\"files\" is missing");
  std::vector<SnapshotFile> files;
  for (const nlohmann::json& entry : *list) {
    SnapshotFile file;
    if (!entry.is_object()) return absl::InvalidArgumentError("a file is no JSON object");
    SENVEC_ASSIGN_OR_RETURN(file.name, JsonString(entry, "name", where));
    SENVEC_ASSIGN_OR_RETURN(file.bytes, JsonInt(entry, "bytes", where));
    SENVEC_ASSIGN_OR_RETURN(const std::string checksum, JsonString(entry, "xxh3", where));
    if (!IsInside(file.name) || file.bytes < 0 || !absl::SimpleHexAtoi(checksum, &file.checksum)) {
      return absl::InvalidArgumentError(absl::StrCat("file ", DumpJson(file.name), " has no usable name, length or checksum"));
    }
    files.push_back(std::move(file));
  }
  return files;
}

absl::Status SyncFolder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0) return ErrnoToStatus(error, absl::StrCat("cannot sync ", path));
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), std::min(bytes.size(), size_t{1} << 20));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, "cannot write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return ::fsync(fd) == 0 ? absl::OkStatus() : ErrnoToStatus(errno, "cannot sync");
}

// Into a new file, synced. The standard library's own says "Input/output error" of a full disk.
absl::Status CopyFile(const std::string& from, const std::string& to) {
  SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(from));
  const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot create ", to));
  const absl::Status written = WriteAll(fd, file->bytes());
  ::close(fd);
  if (written.ok()) return written;
  return absl::Status(written.code(), absl::StrCat("cannot copy ", from, " to ", to, ": ", written.message()));
}

absl::Status CheckFile(const std::string& directory, const SnapshotFile& expected) {
  const auto found = Describe(directory, expected.name);
  const std::string path = JoinPath(directory, expected.name);
  if (!found.ok()) return absl::DataLossError(absl::StrCat("a file of the snapshot is lost: ", found.status().message()));
  if (found->bytes == expected.bytes && found->checksum == expected.checksum) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, " is damaged: it has ", found->bytes, " bytes of ", expected.bytes,
                                          found->bytes == expected.bytes ? ", and its checksum is wrong" : "",
                                          "; take another snapshot"));
}

absl::StatusOr<std::vector<SnapshotFile>> ReadSnapshot(const std::string& directory) {
  const std::string path = JoinPath(directory, kSnapshotFileName);
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseSnapshot(text, path);
}

}  // namespace

std::string SerializeSnapshot(const std::vector<SnapshotFile>& files) {
  nlohmann::json list = nlohmann::json::array();
  for (const SnapshotFile& file : files) {
    list.push_back({{"name", file.name}, {"bytes", file.bytes}, {"xxh3", absl::StrFormat("%016x", file.checksum)}});
  }
  return absl::StrCat(nlohmann::json({{"format", kFormat}, {"files", std::move(list)}}).dump(1), "\n");
}

absl::StatusOr<std::vector<SnapshotFile>> ParseSnapshot(absl::string_view text, absl::string_view where) {
  absl::StatusOr<std::vector<SnapshotFile>> files = Fields(text, where);
  if (files.ok() || absl::IsFailedPrecondition(files.status())) return files;
  return absl::DataLossError(
      absl::StrCat(where, " is damaged: ", files.status().message(), "; take another snapshot"));
}

absl::Status SealSnapshot(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    if (entry.is_regular_file(error)) names.push_back(fs::path(entry.path()).lexically_relative(directory).string());
  }
  if (error) return ErrnoToStatus(error.value(), absl::StrCat("cannot list ", directory));
  std::sort(names.begin(), names.end());
  std::vector<SnapshotFile> files;
  for (const std::string& name : names) {
    SENVEC_ASSIGN_OR_RETURN(files.emplace_back(), Describe(directory, name));
  }
  return WriteFileAtomically(JoinPath(directory, kSnapshotFileName), SerializeSnapshot(files));
}

absl::Status VerifySnapshot(const std::string& directory) {
  SENVEC_ASSIGN_OR_RETURN(const auto files, ReadSnapshot(directory));
  for (const SnapshotFile& file : files) SENVEC_RETURN_IF_ERROR(CheckFile(directory, file));
  return absl::OkStatus();
}

absl::Status CopySnapshot(const std::string& directory, const std::string& new_directory) {
  SENVEC_ASSIGN_OR_RETURN(const auto files, ReadSnapshot(directory));
  for (const SnapshotFile& file : files) {
    const std::string from = JoinPath(directory, file.name);
    const std::string to = JoinPath(new_directory, file.name);
    SENVEC_RETURN_IF_ERROR(MakeDirectories(fs::path(to).parent_path().string()));
    SENVEC_RETURN_IF_ERROR(CopyFile(from, to));
    SENVEC_RETURN_IF_ERROR(CheckFile(new_directory, file));
    SENVEC_RETURN_IF_ERROR(SyncFolder(fs::path(to).parent_path().string()));
  }
  return absl::OkStatus();
}

absl::Status LinkOrCopyFile(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return CopyFile(from, to);
}

}  // namespace senvec
