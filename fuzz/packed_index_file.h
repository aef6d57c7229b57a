#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/hash.h"
#include "index/vector/vector_file.h"

namespace senvec {

// A vector index's file without the zeros between its parts: the header, then the parts in its order.
inline std::string PackIndexFile(absl::string_view file) {
  VectorFileHeader header;
  std::memcpy(&header, file.data(), sizeof(header));
  std::string packed(file.substr(0, sizeof(header)));
  for (const VectorFileHeader::Section& section : header.sections) {
    absl::StrAppend(&packed, file.substr(section.offset, section.bytes));
  }
  return packed;
}

// Back again, with places and checksums that fit whatever the parts hold, so that what is behind them is reached.
inline std::string UnpackIndexFile(absl::string_view packed) {
  VectorFileHeader header;
  if (packed.size() < sizeof(header)) return std::string(packed);
  std::memcpy(&header, packed.data(), sizeof(header));
  packed.remove_prefix(sizeof(header));
  std::string file(kSectionAlignment, '\0');
  for (VectorFileHeader::Section& section : header.sections) {
    const absl::string_view part = packed.substr(0, std::min<uint64_t>(section.bytes, packed.size()));
    packed.remove_prefix(part.size());
    section = {.offset = file.size(), .bytes = part.size(), .checksum = Checksum64(part)};
    absl::StrAppend(&file, part);
    file.resize((file.size() + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment);
  }
  header.file_bytes = file.size();
  SealHeader(header);
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

}  // namespace senvec
