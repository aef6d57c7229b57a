#include <cmath>
#include <cstring>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "scoring/linear_classifier.h"

namespace senvec {
namespace {

// docs/formats.md, "Classifier".
constexpr char kMagic[8] = {'S', 'E', 'N', 'V', 'C', 'L', 'S', '\n'};
constexpr uint32_t kVersion = 1;
constexpr uint32_t kLargestDim = 1 << 16;
constexpr uint32_t kMostLabels = 1 << 20;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t dim;
  uint32_t num_labels;
  uint32_t description_bytes;
  uint64_t checksum;         // of what follows the header
  uint64_t header_checksum;  // of the bytes before it
};
static_assert(sizeof(Header) == 40);

constexpr size_t kCheckedBytes = sizeof(Header) - sizeof(uint64_t);

uint64_t ChecksumOf(const Header& header) {
  return Checksum64({reinterpret_cast<const char*>(&header), kCheckedBytes});
}

absl::string_view BytesOf(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

absl::Status Bad(absl::string_view where, absl::string_view fault) {
  return absl::InvalidArgumentError(absl::StrCat(where, " is no classifier that can be used: ", fault,
                                                 "; make it again with `senvec classify fit`"));
}

absl::Status Damaged(absl::string_view where, absl::string_view fault) {
  return absl::DataLossError(absl::StrCat(where, " is damaged: ", fault, "; make it again with `senvec classify fit`"));
}

absl::StatusOr<Header> ReadHeader(absl::string_view bytes, absl::string_view where) {
  Header header;
  if (bytes.size() < sizeof(kMagic) || std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) != 0) {
    return Bad(where, "it does not begin as one");
  }
  if (bytes.size() < sizeof(header)) return Damaged(where, absl::StrCat("it has only ", bytes.size(), " bytes"));
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.header_checksum != ChecksumOf(header)) return Damaged(where, "the checksum of its header is wrong");
  if (header.version != kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has version ", header.version, ", this program reads ",
                                                      kVersion, "; use the newer Senvec that wrote it"));
  }
  if (header.dim == 0 || header.dim > kLargestDim || header.num_labels < 2 || header.num_labels > kMostLabels) {
    return Bad(where, absl::StrCat("it has ", header.num_labels, " labels of dimension ", header.dim));
  }
  const uint64_t numbers = uint64_t{header.num_labels} * (uint64_t{header.dim} + 1);
  const uint64_t expected = sizeof(header) + uint64_t{header.description_bytes} + numbers * sizeof(double);
  if (bytes.size() != expected) {
    return Damaged(where, absl::StrCat("it has ", bytes.size(), " bytes instead of ", expected));
  }
  if (header.checksum != Checksum64(bytes.substr(sizeof(header)))) return Damaged(where, "its checksum is wrong");
  return header;
}

// Copies the next `count` numbers and moves `bytes` on.
absl::StatusOr<std::vector<double>> TakeNumbers(absl::string_view& bytes, size_t count, absl::string_view where) {
  std::vector<double> values(count);
  std::memcpy(values.data(), bytes.data(), count * sizeof(double));
  bytes.remove_prefix(count * sizeof(double));
  for (const double value : values) {
    if (!std::isfinite(value)) return Bad(where, absl::StrCat("it holds the value ", value));
  }
  return values;
}

}  // namespace

std::string LinearClassifier::Serialize() const {
  const std::string description = DumpJson({{"labels", labels_},
                                            {"counts", counts_},
                                            {"shrinkage", options_.shrinkage},
                                            {"uniform_prior", options_.uniform_prior},
                                            {"model_fingerprint", source_.model_fingerprint},
                                            {"whitening_fingerprint", source_.whitening_fingerprint},
                                            {"prompt", source_.prompt}});
  const std::string content = absl::StrCat(description, BytesOf(weights_), BytesOf(biases_));
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.dim = static_cast<uint32_t>(dim_);
  header.num_labels = static_cast<uint32_t>(labels_.size());
  header.description_bytes = static_cast<uint32_t>(description.size());
  header.checksum = Checksum64(content);
  header.header_checksum = ChecksumOf(header);
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&header), sizeof(header)), content);
}

absl::Status LinearClassifier::ParseDescription(absl::string_view text, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, where));
  for (const char* key : {"labels", "counts"}) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_array()) {
      return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" is no list"));
    }
  }
  absl::flat_hash_set<std::string> seen;
  for (const nlohmann::json& label : json["labels"]) {
    if (!label.is_string() || label.get_ref<const std::string&>().empty() || !seen.insert(label.get<std::string>()).second) {
      return absl::InvalidArgumentError(absl::StrCat("label ", DumpJson(label), " is empty, twice there, or no string"));
    }
    labels_.push_back(label.get<std::string>());
  }
  for (const nlohmann::json& count : json["counts"]) {
    if (!count.is_number_integer() || count.get<int64_t>() < 1) {
      return absl::InvalidArgumentError(absl::StrCat("count ", DumpJson(count), " is none"));
    }
    counts_.push_back(count.get<int64_t>());
  }
  SENVEC_ASSIGN_OR_RETURN(options_.shrinkage, JsonDouble(json, "shrinkage", where));
  SENVEC_ASSIGN_OR_RETURN(options_.uniform_prior, JsonBoolOr(json, "uniform_prior", false, where));
  SENVEC_ASSIGN_OR_RETURN(source_.model_fingerprint, JsonString(json, "model_fingerprint", where));
  SENVEC_ASSIGN_OR_RETURN(source_.whitening_fingerprint, JsonString(json, "whitening_fingerprint", where));
  SENVEC_ASSIGN_OR_RETURN(source_.prompt, JsonString(json, "prompt", where));
  return options_.Validate();
}

absl::StatusOr<LinearClassifier> LinearClassifier::Parse(absl::string_view bytes, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const Header header, ReadHeader(bytes, where));
  bytes.remove_prefix(sizeof(header));
  LinearClassifier read;
  read.dim_ = static_cast<int32_t>(header.dim);
  if (absl::Status good = read.ParseDescription(bytes.substr(0, header.description_bytes), "its description"); !good.ok()) {
    return Bad(where, good.message());
  }
  bytes.remove_prefix(header.description_bytes);
  if (read.labels_.size() != header.num_labels || read.counts_.size() != header.num_labels) {
    return Bad(where, absl::StrCat("it names ", read.labels_.size(), " labels and ", read.counts_.size(),
                                   " counts instead of ", header.num_labels));
  }
  SENVEC_ASSIGN_OR_RETURN(read.weights_, TakeNumbers(bytes, size_t{header.num_labels} * header.dim, where));
  SENVEC_ASSIGN_OR_RETURN(read.biases_, TakeNumbers(bytes, header.num_labels, where));
  return read;
}

absl::Status LinearClassifier::Save(const std::string& path) const { return WriteFileAtomically(path, Serialize()); }

absl::StatusOr<LinearClassifier> LinearClassifier::Load(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return Parse(bytes, path);
}

}  // namespace senvec
