// Serves scripts/compare_tokenizers.py and benchmarks/bench_tokenizer.py:
//   tokenizer_pipe MODEL_DIR ids      texts from standard input, ids to standard output
//   tokenizer_pipe MODEL_DIR offsets  the same with byte offsets after the ids
//   tokenizer_pipe MODEL_DIR time     reads all texts, tokenises them five times, prints the seconds of each pass
// Integers are little-endian u32. A text is its length and its bytes. An answer is the number of tokens and the ids;
// with offsets, twice as many values follow.
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

void WriteAnswer(const Encoding& encoding) {
  const uint32_t size = static_cast<uint32_t>(encoding.ids.size());
  std::fwrite(&size, sizeof(size), 1, stdout);
  std::fwrite(encoding.ids.data(), sizeof(int32_t), size, stdout);
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
    std::fprintf(stderr, "usage: tokenizer_pipe MODEL_DIR ids|offsets|time\n");
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
  for (std::string text; senvec::ReadText(text);) {
    senvec::WriteAnswer((*tokenizer)->Encode(text, {.want_offsets = mode == "offsets"}));
  }
  return 0;
}
