#include "index/filter/bitmap_format.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// Numbers of the format.
constexpr uint32_t kCookieWithRuns =
    12347;  // in the low half; the high half is the number of containers − 1
constexpr uint32_t kCookieWithoutRuns = 12346;
constexpr uint32_t kMaxContainers = 65536;
constexpr uint32_t kMaxArrayRows =
    4096;  // a container with more rows that is no run container is a bitset
constexpr uint32_t kOffsetsFromContainers =
    4;  // with runs, fewer containers have no list of offsets
constexpr uint32_t kBitsetWords = 1024;

class FormatChecker {
 public:
  explicit FormatChecker(absl::string_view bytes) : bytes_(bytes) {}

  absl::Status Check() {
    SENVEC_RETURN_IF_ERROR(ReadHead());
    for (uint32_t i = 0; i < num_containers_; ++i) {
      SENVEC_RETURN_IF_ERROR(CheckContainer(i));
    }
    if (position_ != bytes_.size()) {
      return Fault(absl::StrCat(bytes_.size() - position_, " bytes follow the last container"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Fault(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("bitmap, byte ", position_, ": ", what));
  }

  absl::Status Need(size_t count, absl::string_view what) const {
    if (bytes_.size() - position_ >= count) return absl::OkStatus();
    return Fault(absl::StrCat("cut off in ", what));
  }

  template <typename T>
  T At(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  template <typename T>
  T Take() {
    const T value = At<T>(position_);
    position_ += sizeof value;
    return value;
  }

  absl::Status ReadHead() {
    SENVEC_RETURN_IF_ERROR(Need(4, "the cookie"));
    const uint32_t cookie = Take<uint32_t>();
    if ((cookie & 0xffff) == kCookieWithRuns) {
      num_containers_ = (cookie >> 16) + 1;
      with_runs_ = true;
      SENVEC_RETURN_IF_ERROR(ReadRunFlags());
    } else if (cookie == kCookieWithoutRuns) {
      SENVEC_RETURN_IF_ERROR(Need(4, "the number of containers"));
      num_containers_ = Take<uint32_t>();
      if (num_containers_ > kMaxContainers) {
        position_ -= 4;
        return Fault(absl::StrCat(num_containers_, " containers, more than ", kMaxContainers));
      }
    } else {
      position_ = 0;
      return Fault(absl::StrCat("unknown cookie ", cookie));
    }
    SENVEC_RETURN_IF_ERROR(ReadKeys());
    if (!with_runs_ || num_containers_ >= kOffsetsFromContainers) {
      offsets_at_ = position_;
      SENVEC_RETURN_IF_ERROR(Need(size_t{4} * num_containers_, "the offsets"));
      position_ += size_t{4} * num_containers_;
    }
    return absl::OkStatus();
  }

  absl::Status ReadRunFlags() {
    run_flags_at_ = position_;
    const size_t count = (num_containers_ + 7) / 8;
    SENVEC_RETURN_IF_ERROR(Need(count, "the run flags"));
    const uint32_t used = num_containers_ % 8;
    if (used != 0 && At<uint8_t>(position_ + count - 1) >> used != 0) {
      return Fault("run flags for containers that are not there");
    }
    if (bytes_.substr(position_, count).find_first_not_of('\0') == absl::string_view::npos) {
      return Fault("run flags of which none is set");
    }
    position_ += count;
    return absl::OkStatus();
  }

  absl::Status ReadKeys() {
    keys_at_ = position_;
    SENVEC_RETURN_IF_ERROR(Need(size_t{4} * num_containers_, "the keys"));
    for (uint32_t i = 0; i < num_containers_; ++i, position_ += 4) {
      if (i > 0 && At<uint16_t>(position_) <= At<uint16_t>(position_ - 4)) {
        return Fault("keys out of order");
      }
    }
    return absl::OkStatus();
  }

  bool IsRun(uint32_t i) const {
    return with_runs_ && (At<uint8_t>(run_flags_at_ + i / 8) >> (i % 8) & 1) != 0;
  }

  absl::Status CheckContainer(uint32_t i) {
    if (offsets_at_ != 0 && At<uint32_t>(offsets_at_ + size_t{4} * i) != position_) {
      return Fault(absl::StrCat("container ", i, " is not where its offset says"));
    }
    const uint32_t rows = At<uint16_t>(keys_at_ + size_t{4} * i + 2) + uint32_t{1};
    if (IsRun(i)) return CheckRuns(rows);
    return rows <= kMaxArrayRows ? CheckArray(rows) : CheckBitset(rows);
  }

  absl::Status CheckArray(uint32_t rows) {
    SENVEC_RETURN_IF_ERROR(Need(size_t{2} * rows, "an array container"));
    int32_t before = -1;
    for (uint32_t i = 0; i < rows; ++i, position_ += 2) {
      const int32_t row = At<uint16_t>(position_);
      if (row <= before) return Fault("rows out of order");
      before = row;
    }
    return absl::OkStatus();
  }

  absl::Status CheckBitset(uint32_t rows) {
    SENVEC_RETURN_IF_ERROR(Need(size_t{8} * kBitsetWords, "a bitset container"));
    uint32_t found = 0;
    for (uint32_t i = 0; i < kBitsetWords; ++i) {
      found += static_cast<uint32_t>(std::popcount(At<uint64_t>(position_ + size_t{8} * i)));
    }
    if (found != rows) return Fault(absl::StrCat("a bitset of ", found, " rows that says ", rows));
    position_ += size_t{8} * kBitsetWords;
    return absl::OkStatus();
  }

  absl::Status CheckRuns(uint32_t rows) {
    SENVEC_RETURN_IF_ERROR(Need(2, "a run container"));
    const uint32_t runs = Take<uint16_t>();
    if (runs == 0) return Fault("a run container without runs");
    SENVEC_RETURN_IF_ERROR(Need(size_t{4} * runs, "a run container"));
    uint32_t found = 0;
    uint32_t free_from = 0;  // where the next run may start: runs that touch would be one
    for (uint32_t i = 0; i < runs; ++i, position_ += 4) {
      const uint32_t first = At<uint16_t>(position_);
      const uint32_t last = first + At<uint16_t>(position_ + 2);
      if (first < free_from) return Fault("runs out of order, or touching");
      if (last > 0xffff) return Fault("a run past the container's end");
      found += last - first + 1;
      free_from = last + 2;
    }
    if (found != rows) return Fault(absl::StrCat("runs of ", found, " rows that say ", rows));
    return absl::OkStatus();
  }

  const absl::string_view bytes_;
  size_t position_ = 0;
  uint32_t num_containers_ = 0;
  bool with_runs_ = false;
  size_t run_flags_at_ = 0;
  size_t keys_at_ = 0;
  size_t offsets_at_ = 0;  // 0 = there are none
};

}  // namespace

absl::Status CheckBitmapFormat(absl::string_view bytes) { return FormatChecker(bytes).Check(); }

}  // namespace senvec
