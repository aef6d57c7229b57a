#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/strings/string_view.h"

namespace rocksdb {
class Env;
}

namespace senvec {

// Tells how far the log of writes was replayed, at every tenth, where there is so much of it that one would wonder.
//
// Made for one opening of a store, by one thread; its environment may go on reading from many.
class LogReplay {
 public:
  static constexpr int64_t kWorthTelling = 16 << 20;  // bytes; half a second or so

  LogReplay(int64_t log_bytes, std::function<void(absl::string_view)> notice);

  // The system's file system, for a database that is opened with it and lives no longer than it. It counts what is read of
  // logs until Finish(); the LogReplay may go then.
  std::unique_ptr<rocksdb::Env> MakeEnv();
  // The store is open.
  void Finish();

 private:
  struct Count {
    Count(int64_t bytes, std::function<void(absl::string_view)> tell);
    void Add(int64_t bytes);

    const int64_t total;
    const std::function<void(absl::string_view)> notice;
    std::atomic<bool> is_over;
    std::atomic<int64_t> read = 0;
    std::atomic<int64_t> tenths = 0;  // that were told of
  };

  const std::shared_ptr<Count> count_;
};

}  // namespace senvec
