#include "dataio/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 16;
constexpr absl::string_view kGzipMagic = "\x1F\x8B";

// A descriptor, and bytes that were read from it to see what it holds.
class Descriptor {
 public:
  Descriptor(std::string name, int fd, bool is_owned) : name_(std::move(name)), fd_(fd), is_owned_(is_owned) {
    struct stat info;
    if (is_owned_ && ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) size_ = info.st_size;
  }
  ~Descriptor() {
    if (is_owned_) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  absl::StatusOr<bool> StartsWith(absl::string_view magic) {
    char byte;
    while (peeked_.size() < magic.size()) {
      SENVEC_ASSIGN_OR_RETURN(const size_t n, ReadHere(absl::MakeSpan(&byte, 1)));
      if (n == 0) return false;
      peeked_.push_back(byte);
    }
    return absl::StartsWith(peeked_, magic);
  }
  absl::StatusOr<size_t> Read(absl::Span<char> out) {
    if (peeked_.empty()) return ReadHere(out);
    const size_t n = std::min(out.size(), peeked_.size());
    std::memcpy(out.data(), peeked_.data(), n);
    peeked_.erase(0, n);
    return n;
  }

  const std::string& name() const { return name_; }
  int64_t position() const { return position_; }
  int64_t size() const { return size_; }

 private:
  absl::StatusOr<size_t> ReadHere(absl::Span<char> out) {
    while (true) {
      const ssize_t n = ::read(fd_, out.data(), out.size());
      if (n >= 0) {
        position_ += n;
        return static_cast<size_t>(n);
      }
      if (errno != EINTR) return ErrnoToStatus(errno, absl::StrCat("cannot read ", name_));
    }
  }

  const std::string name_;
  const int fd_;
  const bool is_owned_;
  int64_t size_ = 0;
  int64_t position_ = 0;
  std::string peeked_;
};

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(std::unique_ptr<Descriptor> file) : file_(std::move(file)) {}
  absl::StatusOr<size_t> Read(absl::Span<char> out) override { return file_->Read(out); }
  bool is_packed() const override { return false; }
  const std::string& name() const override { return file_->name(); }
  int64_t stored_position() const override { return file_->position(); }
  int64_t stored_size() const override { return file_->size(); }

 private:
  const std::unique_ptr<Descriptor> file_;
};

// zlib's inflate, which reports errors by code and throws nothing.
class GzipSource : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<Descriptor> file) : file_(std::move(file)), block_(kBlockBytes, '\0') {}
  ~GzipSource() override {
    if (is_open_) ::inflateEnd(&stream_);
  }

  absl::Status Start() {
    constexpr int kLargestWindow = 15, kGzipOnly = 16;
    if (::inflateInit2(&stream_, kLargestWindow + kGzipOnly) != Z_OK) {
      return absl::ResourceExhaustedError(absl::StrCat("no memory to unpack ", file_->name()));
    }
    is_open_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Read(absl::Span<char> out) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kBlockBytes));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      SENVEC_RETURN_IF_ERROR(Refill());
      if (is_between_members_ && stream_.avail_in == 0) return 0;
      if (stream_.avail_in == 0) return Damaged("it ends in the middle of the packed data");
      SENVEC_RETURN_IF_ERROR(Inflate());
    }
    return wanted - stream_.avail_out;
  }

  bool is_packed() const override { return true; }
  const std::string& name() const override { return file_->name(); }
  int64_t stored_position() const override { return file_->position() - stream_.avail_in; }
  int64_t stored_size() const override { return file_->size(); }

 private:
  absl::Status Refill() {
    if (stream_.avail_in > 0) return absl::OkStatus();
    SENVEC_ASSIGN_OR_RETURN(const size_t n, file_->Read(absl::MakeSpan(&block_[0], block_.size())));
    stream_.next_in = reinterpret_cast<Bytef*>(&block_[0]);
    stream_.avail_in = static_cast<uInt>(n);
    return absl::OkStatus();
  }
  absl::Status Inflate() {
    is_between_members_ = false;
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      is_between_members_ = true;
      return ::inflateReset(&stream_) == Z_OK ? absl::OkStatus() : Damaged("it cannot be read on");
    }
    if (result == Z_OK || result == Z_BUF_ERROR) return absl::OkStatus();
    return Damaged(stream_.msg != nullptr ? stream_.msg : "zlib refuses it");
  }
  absl::Status Damaged(absl::string_view fault) const {
    return absl::DataLossError(absl::StrCat(file_->name(), ": the gzip stream is damaged near byte ", stored_position(), ": ",
                                            fault, "; `gzip -t` shows the same, fetch the file again"));
  }

  const std::unique_ptr<Descriptor> file_;
  std::string block_;
  z_stream stream_ = {};
  bool is_open_ = false;
  bool is_between_members_ = true;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> ByteSource::Open(const std::string& path) {
  const bool is_file = path != "-";
  const int fd = is_file ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (fd < 0) return ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  auto file = std::make_unique<Descriptor>(is_file ? path : "standard input", fd, is_file);
  SENVEC_ASSIGN_OR_RETURN(const bool is_gzip, file->StartsWith(kGzipMagic));
  if (!is_gzip) return std::make_unique<PlainSource>(std::move(file));
  auto source = std::make_unique<GzipSource>(std::move(file));
  SENVEC_RETURN_IF_ERROR(source->Start());
  return source;
}

}  // namespace senvec
