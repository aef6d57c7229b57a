#include "index/log_replay.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace senvec {
namespace {

class CountedFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  CountedFile(std::unique_ptr<rocksdb::FSSequentialFile> file, std::function<void(int64_t)> on_read)
      : rocksdb::FSSequentialFileOwnerWrapper(std::move(file)), on_read_(std::move(on_read)) {}

  rocksdb::IOStatus Read(size_t n, const rocksdb::IOOptions& options, rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->Read(n, options, result, scratch, context);
    if (status.ok()) on_read_(static_cast<int64_t>(result->size()));
    return status;
  }

 private:
  const std::function<void(int64_t)> on_read_;
};

// Logs are read from the first byte to the last; everything else passes.
class CountedFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit CountedFileSystem(std::function<void(int64_t)> on_read)
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()), on_read_(std::move(on_read)) {}
  const char* Name() const override { return "senvec::CountedFileSystem"; }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->NewSequentialFile(path, options, file, context);
    if (status.ok() && absl::EndsWith(path, ".log")) *file = std::make_unique<CountedFile>(std::move(*file), on_read_);
    return status;
  }

 private:
  const std::function<void(int64_t)> on_read_;
};

}  // namespace

LogReplay::Count::Count(int64_t bytes, std::function<void(absl::string_view)> tell)
    : total(bytes), notice(std::move(tell)), is_over(bytes < kWorthTelling || notice == nullptr) {}

void LogReplay::Count::Add(int64_t bytes) {
  if (is_over.load()) return;
  const int64_t now = (read.fetch_add(bytes) + bytes) * 10 / total;
  if (now <= tenths.exchange(now) || now >= 10) return;
  notice(absl::StrCat(now * 10, " % of the log are replayed"));
}

LogReplay::LogReplay(int64_t log_bytes, std::function<void(absl::string_view)> notice)
    : count_(std::make_shared<Count>(log_bytes, std::move(notice))) {
  if (count_->is_over.load()) return;
  count_->notice(absl::StrFormat("replaying the log of writes, %.1f MB", static_cast<double>(log_bytes) / 1e6));
}

std::unique_ptr<rocksdb::Env> LogReplay::MakeEnv() {
  return rocksdb::NewCompositeEnv(
      std::make_shared<CountedFileSystem>([count = count_](int64_t bytes) { count->Add(bytes); }));
}

void LogReplay::Finish() {
  if (!count_->is_over.exchange(true)) count_->notice("the log is replayed");
}

}  // namespace senvec
