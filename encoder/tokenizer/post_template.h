#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// Where special tokens go around one text or two.
struct PostTemplate {
  struct Item {
    int sequence = -1;         // 0 = first text, 1 = second, -1 = the special tokens `ids`
    std::vector<int32_t> ids;
    int32_t type_id = 0;
  };
  std::vector<Item> single;
  std::vector<Item> pair;

  // Special tokens in one of the two.
  static int32_t NumSpecial(const std::vector<Item>& items);
};

// Reads the "post_processor" of a tokenizer.json: TemplateProcessing, BertProcessing, RobertaProcessing, or none.
absl::StatusOr<PostTemplate> ParsePostTemplate(const nlohmann::json& json, absl::string_view where);

// [CLS] A [SEP] and [CLS] A [SEP] B [SEP] with type 1 for the second part.
PostTemplate BertTemplate(int32_t cls, int32_t sep);

}  // namespace senvec
