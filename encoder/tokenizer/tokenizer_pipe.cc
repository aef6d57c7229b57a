// Serves scripts/compare_tokenizers.py and benchmarks/bench_tokenizer.py:
//   tokenizer_pipe MODEL_DIR ids      texts from standard input, ids to standard output
//   tokenizer_pipe MODEL_DIR offsets  the same with type ids and byte offsets after the ids
//   tokenizer_pipe MODEL_DIR pairs    as offsets, each two texts being a pair
//   tokenizer_pipe MODEL_DIR time     reads all texts, tokenises them five times, prints the seconds of each pass
// Integers are little-endian u32. A text is its length and its bytes. An answer is the number of tokens and the ids;
// with offsets, as many type ids and twice as many offsets follow.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "encoder/tokenizer/tokenizer.h"

namespace senvec {
namespace {

bool ReadText(std::string& text) {
  uint32_t size = 0;
  if (std::fread(&size, sizeof(size), 1, stdin) != 1) return false;
  text.resize(size);
  return std::fread(text.data(), 1, size, stdin) == size;
}

void WriteAnswer(const Encoding& encoding, bool everything) {
  const uint32_t size = static_cast<uint32_t>(encoding.ids.size());
  std::fwrite(&size, sizeof(size), 1, stdout);
  std::fwrite(encoding.ids.data(), sizeof(int32_t), size, stdout);
  if (!everything) return;
  std::fwrite(encoding.type_ids.data(), sizeof(int32_t), size, stdout);
  std::fwrite(encoding.offsets.data(), sizeof(ByteSpan), encoding.offsets.size(), stdout);
}

void Time(const Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  for (std::string text; ReadText(text);) texts.push_back(text);
  for (int pass = 0; pass < 5; ++pass) {
    const absl::Time start = absl::Now();
    size_t tokens = 0;
    for (const std::string& text : texts) tokens += tokenizer.Encode(text, {}).ids.size();
    std::printf("%.9f %zu\n", absl::ToDoubleSeconds(absl::Now() - start), tokens);
  }
}

}  // namespace
}  // namespace senvec

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: tokenizer_pipe MODEL_DIR ids|offsets|pairs|time\n");
    return 2;
  }
  const auto tokenizer = senvec::Tokenizer::FromDirectory(argv[1]);
  if (!tokenizer.ok()) {
    std::fprintf(stderr, "%s\n", std::string(tokenizer.status().message()).c_str());
    return 1;
  }
  const std::string mode = argv[2];
  if (mode == "time") {
    senvec::Time(**tokenizer);
    return 0;
  }
  const bool everything = mode != "ids";
  const senvec::TokenizeOptions options = {.want_offsets = everything};
  for (std::string text, second; senvec::ReadText(text);) {
    if (mode == "pairs" && !senvec::ReadText(second)) break;
    senvec::WriteAnswer(mode == "pairs" ? (*tokenizer)->EncodePair(text, second, options) : (*tokenizer)->Encode(text, options),
                        everything);
  }
  return 0;
}
