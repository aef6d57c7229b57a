#pragma once

#include <filesystem>
#include <string>

#include "base/check.h"
#include "base/file.h"

namespace senvec {

// Makes a model directory at `folder`: the tiny BERT of encoder/arch/testdata (24 values, 32 tokens), a vocabulary of
// letters and a few words, and prompts "query" and "passage".
inline void MakeTinyModel(const std::string& folder) {
  namespace fs = std::filesystem;
  const fs::path from = fs::path(SENVEC_SOURCE_DIR) / "encoder/arch/testdata/bert";
  fs::create_directories(folder);
  for (const char* name : {"config.json", "model.safetensors"}) {
    fs::copy_file(from / name, fs::path(folder) / name, fs::copy_options::overwrite_existing);
  }
  const auto write = [&](const char* name, const std::string& text) {
    SENVEC_CHECK(WriteFileAtomically(JoinPath(folder, name), text).ok());
  };
  std::string vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const char* token : {"reset", "##ting", "how", "do", "i", "my", "password", "parcel", "where", "is", "?", ".", "重", "置",
                            "密", "码", "a", "b", "c", "query", "passage", ":"}) {
    vocab += std::string(token) + "\n";
  }
  write("vocab.txt", vocab);
  write("tokenizer_config.json", R"({"do_lower_case":true})");
  write("config_sentence_transformers.json", R"({"prompts":{"query":"query: ","passage":"passage: "}})");
}

}  // namespace senvec
