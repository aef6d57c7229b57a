// vocab.txt and tokenizer_config.json come with a model that someone else made: any bytes end in an error or in a tokenizer
// that keeps its promises for any text.
#include <cstdint>

#include "fuzz/input_folder.h"
#include "fuzz/tokenizer_invariants.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  folder.WriteParts({reinterpret_cast<const char*>(data), size}, {"vocab.txt", "tokenizer_config.json"});
  const auto tokenizer = senvec::Tokenizer::FromDirectory(folder.path());
  if (!tokenizer.ok()) {
    SENVEC_CHECK(!tokenizer.status().message().empty());
    return 0;
  }
  for (const absl::string_view text : {"", "How do I  reset it? [MASK]", "e\u0301 \uff26 \u91cd\u7f6e", "\xff\xe4 a"}) {
    senvec::CheckText(**tokenizer, text, 3);
  }
  return 0;
}
