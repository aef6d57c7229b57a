#include "index/log_scan.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

constexpr size_t kBlock = 32768;
constexpr size_t kHeader = 7;         // checksum, length, type
constexpr size_t kWriteHeader = 12;   // sequence number of the first change, number of changes
constexpr size_t kEditHead = 256;     // of a MANIFEST's record: its numbers, which come first, are within

enum Type : uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

// CRC-32C, eight bytes at a time.
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;
constexpr CrcTables MakeCrcTables() {
  CrcTables tables = {};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    tables[0][i] = crc;
  }
  for (size_t t = 1; t < 8; ++t) {
    for (uint32_t i = 0; i < 256; ++i) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
  }
  return tables;
}
constexpr CrcTables kCrc = MakeCrcTables();

uint32_t Crc32c(absl::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < 8; ++i) crc ^= kCrc[7 - i][word >> (8 * i) & 255];
  }
  for (char c : bytes) crc = (crc >> 8) ^ kCrc[0][(crc ^ static_cast<unsigned char>(c)) & 255];
  return ~crc;
}

template <typename Int>
Int Load(absl::string_view bytes, size_t at) {
  Int value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// RocksDB's tags of a MANIFEST's record, as far as they come before the first log that is still needed.
enum EditTag : uint64_t {
  kComparator = 1,
  kLogNumber = 2,
  kNextFile = 3,
  kFirstLog = 10,
  kPreviousLog = 9,
  kGreatestTable = 203,
  kDatabaseId = 8193,
};

// 7 bits a byte, least first; false where the bytes end before.
bool TakeNumber(absl::string_view& bytes, uint64_t& number) {
  number = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    number |= uint64_t{byte & 127u} << shift;
    if (byte < 128) return true;
  }
  return false;
}

// The first log that is still needed, as a MANIFEST's record with this beginning says; 0 where it does not.
uint64_t FirstLogOf(absl::string_view edit) {
  uint64_t tag = 0, value = 0;
  while (TakeNumber(edit, tag) && TakeNumber(edit, value)) {
    if (tag == kFirstLog) return value;
    if (tag == kComparator || tag == kDatabaseId) {
      if (value > edit.size()) return 0;
      edit.remove_prefix(value);
    } else if (tag != kLogNumber && tag != kNextFile && tag != kPreviousLog && tag != kGreatestTable) {
      return 0;
    }
  }
  return 0;
}

// A piece of a record: records are cut where a block ends.
struct Piece {
  Type type;
  absl::string_view payload;
};

// The piece at `at`; else nothing, and `fault` says why.
std::optional<Piece> PieceAt(absl::string_view bytes, size_t at, std::string& fault) {
  const size_t block_left = kBlock - at % kBlock;
  if (bytes.size() - at < kHeader) {
    fault = "a record's head is cut off";
    return std::nullopt;
  }
  const auto length = size_t{Load<uint16_t>(bytes, at + 4)};
  const auto type = static_cast<uint8_t>(bytes[at + 6]);
  if (type == kZero && length == 0) {
    fault = "there are zeros where a record should be";
  } else if (type < kFull || type > kLast) {
    fault = absl::StrCat("a record has the unknown type ", type);
  } else if (length > block_left - kHeader) {
    fault = "a record's length is wrong";
  } else if (length > bytes.size() - at - kHeader) {
    fault = "a record is cut off";
  } else {
    const uint32_t crc = Crc32c(bytes.substr(at + 6, 1 + length));
    if (Load<uint32_t>(bytes, at) == ((crc >> 15) | (crc << 17)) + 0xa282ead8u) {
      return Piece{static_cast<Type>(type), bytes.substr(at + kHeader, length)};
    }
    fault = "a record's checksum is wrong";
  }
  return std::nullopt;
}

// Where the next piece begins: what is left of a block is too small for a head.
size_t SkipTrailer(size_t at) {
  const size_t block_left = kBlock - at % kBlock;
  return block_left < kHeader ? at + block_left : at;
}

bool AnyPieceAfter(absl::string_view bytes, size_t at) {
  std::string ignored;
  // In the same block it may begin anywhere, in others at their start.
  const size_t block_end = std::min(bytes.size(), (at / kBlock + 1) * kBlock);
  for (size_t place = at + 1; place < block_end; ++place) {
    if (const auto piece = PieceAt(bytes, place, ignored); piece.has_value() && !piece->payload.empty()) return true;
  }
  for (size_t place = block_end; place < bytes.size(); place += kBlock) {
    if (PieceAt(bytes, place, ignored).has_value()) return true;
  }
  return false;
}

class Scanner {
 public:
  Scanner(absl::string_view bytes, LogKind kind) : bytes_(bytes), kind_(kind) {}

  LogScan Run() {
    size_t at = SkipTrailer(0);
    while (at < bytes_.size()) {
      const std::optional<Piece> piece = PieceAt(bytes_, at, scan_.fault);
      if (!piece.has_value() || !Take(*piece, at)) return Fail(at);
      at += kHeader + piece->payload.size();
      if (!is_open_) scan_.end = static_cast<int64_t>(at);
      at = SkipTrailer(at);
    }
    if (!is_open_) return scan_;
    scan_.fault = "a record is cut off";
    return Fail(begin_);
  }

 private:
  bool Take(const Piece& piece, size_t at) {
    const bool begins = piece.type == kFull || piece.type == kFirst;
    if (begins == is_open_) {
      scan_.fault = is_open_ ? "a record has no end" : "a record has no beginning";
      return false;
    }
    if (begins) {
      begin_ = at;
      head_.clear();
    }
    const size_t head = kind_ == LogKind::kWrites ? kWriteHeader : kEditHead;
    absl::StrAppend(&head_, piece.payload.substr(0, head - head_.size()));
    is_open_ = piece.type == kFirst || piece.type == kMiddle;
    return is_open_ || EndRecord();
  }

  bool EndRecord() {
    if (kind_ == LogKind::kWrites && !TakeSequence()) return false;
    if (kind_ == LogKind::kManifest) scan_.first_log = std::max(scan_.first_log, FirstLogOf(head_));
    ++scan_.num_records;
    scan_.last_begin = static_cast<int64_t>(begin_);
    return true;
  }

  bool TakeSequence() {
    if (head_.size() < kWriteHeader) {
      scan_.fault = "a record is too short for a write";
      return false;
    }
    const auto sequence = Load<uint64_t>(head_, 0);
    const auto count = uint64_t{Load<uint32_t>(head_, 8)};
    if (next_ != 0 && sequence > next_) {
      scan_.fault = absl::StrCat("changes ", next_, " to ", sequence - 1, " are missing");
      return false;
    }
    // One without changes only says where the log begins.
    if (scan_.first_sequence == 0 && count > 0) scan_.first_sequence = sequence;
    next_ = std::max(next_, sequence + count);
    if (next_ > 0) scan_.last_sequence = next_ - 1;
    return true;
  }

  LogScan Fail(size_t at) {
    // An unfinished record counts from where it began.
    scan_.fault_at = static_cast<int64_t>(is_open_ ? begin_ : at);
    scan_.is_followed = AnyPieceAfter(bytes_, at);
    return scan_;
  }

  const absl::string_view bytes_;
  const LogKind kind_;
  LogScan scan_;
  bool is_open_ = false;
  size_t begin_ = 0;
  std::string head_;
  uint64_t next_ = 0;
};

}  // namespace

LogScan ScanLog(absl::string_view bytes, LogKind kind) { return Scanner(bytes, kind).Run(); }

}  // namespace senvec
