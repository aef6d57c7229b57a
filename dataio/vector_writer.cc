#include "dataio/vector_writer.h"

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "dataio/atomic_file.h"
#include "dataio/standard_output.h"

namespace senvec {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "npy files are written as '<f4'");

// Room for the longest shape that can occur, and a multiple of 64 as the format asks.
constexpr size_t kNpyHeaderBytes = 128;

std::string NpyHeader(int64_t rows, int32_t dim) {
  std::string header("\x93NUMPY\x01\x00", 8);
  const size_t length = kNpyHeaderBytes - 10;
  header.push_back(static_cast<char>(length & 0xFF));
  header.push_back(static_cast<char>(length >> 8));
  absl::StrAppend(&header, "{'descr': '<f4', 'fortran_order': False, 'shape': (", rows, ", ", dim,
                  "), }");
  header.resize(kNpyHeaderBytes - 1, ' ');
  header.push_back('\n');
  return header;
}

absl::Status CheckRow(const VectorWriter::Row& row, int64_t index, int32_t dim) {
  if (row.vector.size() != static_cast<size_t>(dim)) {
    return absl::InvalidArgumentError(absl::StrCat("vector ", index, " has ", row.vector.size(),
                                                   " components, expected ", dim));
  }
  for (int32_t i = 0; i < dim; ++i) {
    if (!std::isfinite(row.vector[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("vector ", index, ": component ", i, " is ", row.vector[i]));
    }
  }
  return absl::OkStatus();
}

class NpyWriter : public VectorWriter {
 public:
  NpyWriter(std::unique_ptr<AtomicFile> file, int32_t dim) : file_(std::move(file)), dim_(dim) {}

  absl::Status Append(const Row& row) override {
    SENVEC_RETURN_IF_ERROR(CheckRow(row, rows_, dim_));
    // The number of rows is known at the end only.
    if (rows_++ == 0) SENVEC_RETURN_IF_ERROR(file_->Append(NpyHeader(0, dim_)));
    return file_->Append({reinterpret_cast<const char*>(row.vector.data()),
                          row.vector.size() * sizeof(float)});
  }

  absl::Status Finish() override {
    const std::string header = NpyHeader(rows_, dim_);
    SENVEC_RETURN_IF_ERROR(rows_ == 0 ? file_->Append(header) : file_->Overwrite(0, header));
    return file_->Commit();
  }

 private:
  const std::unique_ptr<AtomicFile> file_;
  const int32_t dim_;
  int64_t rows_ = 0;
};

std::string JsonLine(const VectorWriter::Row& row, int64_t index) {
  std::string line = absl::StrCat("{\"index\":", index, ",\"tokens\":", row.num_tokens,
                                  ",\"truncated\":", row.num_truncated, ",\"vector\":[");
  char digits[32];
  for (size_t i = 0; i < row.vector.size(); ++i) {
    const auto end = std::to_chars(digits, digits + sizeof(digits), row.vector[i]).ptr;
    absl::StrAppend(&line, i == 0 ? "" : ",",
                    absl::string_view(digits, static_cast<size_t>(end - digits)));
  }
  line.append("]}\n");
  return line;
}

// JSON lines to a file, or, without one, to standard output as they come.
class JsonlWriter : public VectorWriter {
 public:
  JsonlWriter(std::unique_ptr<AtomicFile> file, int32_t dim) : file_(std::move(file)), dim_(dim) {}

  absl::Status Append(const Row& row) override {
    SENVEC_RETURN_IF_ERROR(CheckRow(row, rows_, dim_));
    const std::string line = JsonLine(row, rows_++);
    return file_ == nullptr ? WriteStandardOutput(line) : file_->Append(line);
  }

  absl::Status Finish() override {
    return file_ == nullptr ? absl::OkStatus() : file_->Commit();
  }

 private:
  const std::unique_ptr<AtomicFile> file_;
  const int32_t dim_;
  int64_t rows_ = 0;
};

}  // namespace

absl::Status VectorWriter::CheckName(const std::string& path) {
  if (path == "-" || absl::EndsWith(path, ".npy") || absl::EndsWith(path, ".jsonl")) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot tell the output's form from its name ", path,
                   ": it must end in .npy (float32 array) or .jsonl (one object a line)"));
}

absl::StatusOr<std::unique_ptr<VectorWriter>> VectorWriter::Create(const std::string& path,
                                                                   int32_t dim) {
  SENVEC_RETURN_IF_ERROR(CheckName(path));
  if (path == "-") return std::make_unique<JsonlWriter>(nullptr, dim);
  SENVEC_ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> file, AtomicFile::Create(path));
  if (absl::EndsWith(path, ".npy")) return std::make_unique<NpyWriter>(std::move(file), dim);
  return std::make_unique<JsonlWriter>(std::move(file), dim);
}

}  // namespace senvec
