#include "index/log_check.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/mapped_file.h"
#include "base/status_macros.h"
#include "index/log_scan.h"

namespace senvec {
namespace {

absl::Status Damaged(const std::string& path, int64_t at, absl::string_view fault) {
  return absl::DataLossError(
      absl::StrCat(path, " is damaged at byte ", at, ": ", fault, "; restore the collection from a snapshot"));
}

// The logs of writes from number `first` on, oldest first. Older ones are on their way to be removed, in any order: a
// process that was killed meanwhile leaves some of them, with gaps.
std::vector<std::string> LogPaths(const std::string& directory, uint64_t first) {
  std::vector<std::pair<uint64_t, std::string>> logs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    uint64_t number = 0;
    if (absl::EndsWith(name, ".log") && absl::SimpleAtoi(name.substr(0, name.size() - 4), &number) && number >= first) {
      logs.emplace_back(number, entry.path().string());
    }
  }
  std::sort(logs.begin(), logs.end());
  std::vector<std::string> paths;
  for (auto& [number, path] : logs) paths.push_back(std::move(path));
  return paths;
}

absl::StatusOr<LogScan> Scan(const std::string& path, LogKind kind, LogCheck& check) {
  LogScan scan;
  std::error_code error;
  if (std::filesystem::file_size(path, error) == 0) return scan;
  SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  scan = ScanLog(file->bytes(), kind);
  if (scan.fault.empty()) return scan;
  if (scan.is_followed) return Damaged(path, scan.fault_at, scan.fault);
  check.is_unfinished = true;
  check.notices.push_back(absl::StrCat(path, " ends at byte ", scan.fault_at, " of ", file->bytes().size(),
                                       ", in a write that was never finished (", scan.fault, "); it is left out"));
  return scan;
}

absl::Status CheckWrites(const std::string& directory, LogCheck& check) {
  for (const std::string& path : LogPaths(directory, check.first_log)) {
    SENVEC_ASSIGN_OR_RETURN(const LogScan scan, Scan(path, LogKind::kWrites, check));
    check.log_bytes += scan.end;
    if (scan.first_sequence == 0) continue;
    if (check.last_sequence != 0 && scan.first_sequence > check.last_sequence + 1) {
      return Damaged(path, 0, absl::StrCat("changes ", check.last_sequence + 1, " to ", scan.first_sequence - 1,
                                           " are missing before it"));
    }
    if (scan.first_sequence <= check.last_sequence) {
      return Damaged(path, 0, absl::StrCat("it holds changes ", scan.first_sequence, " to ", scan.last_sequence,
                                           ", of which an earlier log has some"));
    }
    check.last_sequence = std::max(check.last_sequence, scan.last_sequence);
  }
  return absl::OkStatus();
}

absl::Status CheckManifest(const std::string& directory, LogCheck& check) {
  const std::optional<uint64_t> number = ManifestNumber(directory);
  if (!number.has_value()) return absl::OkStatus();  // RocksDB says so when it opens
  const std::string path = JoinPath(directory, absl::StrFormat("MANIFEST-%06d", *number));
  if (!FileExists(path)) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(const LogScan scan, Scan(path, LogKind::kManifest, check));
  check.first_log = scan.first_log;
  if (!check.mark.has_value()) return absl::OkStatus();
  if (*number < check.mark->manifest_number) {
    return Damaged(JoinPath(directory, "CURRENT"), 0,
                   absl::StrCat("it names an older MANIFEST than number ", check.mark->manifest_number));
  }
  if (*number == check.mark->manifest_number && scan.end < static_cast<int64_t>(check.mark->manifest_bytes)) {
    return Damaged(path, scan.end, absl::StrCat("it had ", check.mark->manifest_bytes, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<uint64_t> ManifestNumber(const std::string& directory) {
  const absl::StatusOr<std::string> current = ReadFile(JoinPath(directory, "CURRENT"));
  uint64_t number = 0;
  if (!current.ok()) return std::nullopt;
  absl::string_view name = *current;
  if (!absl::ConsumePrefix(&name, "MANIFEST-") || !absl::ConsumeSuffix(&name, "\n") ||
      !absl::SimpleAtoi(name, &number)) {
    return std::nullopt;
  }
  return number;
}

absl::StatusOr<LogCheck> CheckLogs(const std::string& directory) {
  LogCheck check;
  const std::string path = JoinPath(directory, kSyncMarkName);
  const absl::StatusOr<std::string> bytes = ReadFile(path);
  const absl::StatusOr<SyncMark> mark = bytes.ok() ? ParseSyncMark(*bytes, path) : bytes.status();
  if (mark.ok()) {
    check.mark = *mark;
  } else {
    check.notices.push_back(absl::StrCat(mark.status().message(),
                                         ": whether the last writes are all there cannot be told; it is made anew"));
  }
  SENVEC_RETURN_IF_ERROR(CheckManifest(directory, check));
  SENVEC_RETURN_IF_ERROR(CheckWrites(directory, check));
  return check;
}

absl::Status CheckAgainstMark(const std::string& directory, const LogCheck& check, uint64_t sequence) {
  if (!check.mark.has_value() || sequence >= check.mark->sequence) return absl::OkStatus();
  std::string where = directory;
  if (check.is_unfinished) absl::StrAppend(&where, " (", check.notices.back(), ")");
  return absl::DataLossError(absl::StrCat(
      "the log in ", where, " ends with change ", sequence, ", but ", check.mark->sequence,
      " were acknowledged; restore the collection from a snapshot, or remove ", JoinPath(directory, kSyncMarkName),
      " to go on without the last writes"));
}

}  // namespace senvec
