#include "train/data/leak_guard.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "dataio/line_reader.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

constexpr uint32_t kFullWidthFirst = 0xFF01, kFullWidthLast = 0xFF5E, kFullWidthOffset = 0xFEE0;

bool IsLabel(absl::string_view field) {
  double number = 0;
  return absl::SimpleAtod(field, &number) || field == "entailment" || field == "neutral" || field == "contradiction";
}

std::vector<std::string> TextsOfTsv(absl::string_view line) {
  std::vector<std::string> texts;
  for (const absl::string_view field : absl::StrSplit(line, '\t')) {
    if (!IsLabel(field)) texts.emplace_back(field);
  }
  return texts;
}

absl::StatusOr<std::vector<std::string>> TextsOfJson(absl::string_view line, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
  if (!object.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": expected a JSON object, got ", object.type_name()));
  }
  std::vector<std::string> texts;
  for (const auto& [key, value] : object.items()) {
    const bool is_name = key == "id" || key == "_id" || key == "label" || key == "label_text" || key == "group";
    if (!is_name && value.is_string()) texts.push_back(value.get<std::string>());
  }
  return texts;
}

}  // namespace

uint64_t TextFolder::Hash(absl::string_view text) const {
  std::string repaired;
  if (!IsValidUtf8(text)) {
    repaired = RepairUtf8(text).text;
    text = repaired;
  }
  std::string folded;
  std::vector<uint32_t> lower;
  for (size_t at = 0; at < text.size();) {
    uint32_t c = DecodeUtf8(text, at);
    if (c >= kFullWidthFirst && c <= kFullWidthLast) c -= kFullWidthOffset;
    if ((flags_[c] & (kBertDrop | kBertSpace | kWhitespace | kPunctuation | kNonspacingMark)) != 0) continue;
    lower.clear();
    AppendLowerCase(c, lower);
    for (const uint32_t part : lower) {
      if (!flags_.Has(part, kNonspacingMark)) AppendUtf8(part, folded);
    }
  }
  return Checksum64(folded.empty() ? text : absl::string_view(folded));
}

uint64_t TextFolder::PairHash(uint64_t a, uint64_t b) {
  if (b < a) std::swap(a, b);
  const uint64_t both[2] = {a, b};
  return Checksum64({reinterpret_cast<const char*>(both), sizeof(both)});
}

void LeakGuard::AddTexts(absl::Span<const std::string> texts, uint32_t line) {
  const Place place = {static_cast<int32_t>(files_.size()) - 1, line};
  std::vector<uint64_t> hashes;
  for (const std::string& text : texts) {
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    hashes.push_back(folder_.Hash(text));
    sentences_.try_emplace(hashes.back(), place);
  }
  for (size_t i = 0; i < hashes.size(); ++i) {
    for (size_t j = i + 1; j < hashes.size(); ++j) pairs_.try_emplace(TextFolder::PairHash(hashes[i], hashes[j]), place);
  }
}

absl::Status LeakGuard::Add(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(path));
  files_.push_back(path);
  const bool is_json = absl::EndsWith(path, ".jsonl");
  std::string line;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines->Next(line));
    if (!more) return absl::OkStatus();
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    std::vector<std::string> texts;
    if (is_json) {
      SENVEC_ASSIGN_OR_RETURN(texts, TextsOfJson(line, absl::StrCat(path, ":", lines->line_number())));
    } else {
      texts = TextsOfTsv(line);
    }
    // A line of more texts is no row of a data set; as one pair of each would be quadratic.
    constexpr size_t kMostTexts = 16;
    if (texts.size() > kMostTexts) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", lines->line_number(), ": has ", texts.size(),
                                                     " texts; an evaluation file has at most ", kMostTexts, " in a line"));
    }
    AddTexts(texts, static_cast<uint32_t>(lines->line_number()));
  }
}

std::optional<LeakGuard::Place> LeakGuard::FindSentence(uint64_t hash) const {
  const auto found = sentences_.find(hash);
  if (found == sentences_.end()) return std::nullopt;
  return found->second;
}

std::optional<LeakGuard::Place> LeakGuard::FindPair(absl::Span<const uint64_t> row) const {
  for (size_t i = 1; i < row.size(); ++i) {
    const auto found = pairs_.find(TextFolder::PairHash(row[0], row[i]));
    if (found != pairs_.end()) return found->second;
  }
  return std::nullopt;
}

std::optional<LeakGuard::Place> LeakGuard::Find(absl::Span<const uint64_t> row, GuardLevel level) const {
  if (level == GuardLevel::kOff) return std::nullopt;
  if (level == GuardLevel::kPairs && row.size() > 1) return FindPair(row);
  for (const uint64_t hash : row) {
    const std::optional<Place> found = FindSentence(hash);
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

}  // namespace senvec
