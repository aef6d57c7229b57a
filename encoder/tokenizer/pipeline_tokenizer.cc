#include "encoder/tokenizer/pipeline_tokenizer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "encoder/tokenizer/utf8.h"

namespace senvec {
namespace {

// One text's tokens, without special ones.
struct Sequence {
  std::vector<int32_t> ids;
  std::vector<ByteSpan> offsets;
};

class PipelineTokenizer : public Tokenizer {
 public:
  PipelineTokenizer(TokenizerParts parts, std::vector<AddedToken> raw, std::vector<AddedToken> normalized)
      : parts_(std::move(parts)), raw_(std::move(raw), *parts_.flags), normalized_(std::move(normalized), *parts_.flags) {
    vocab_size_ = parts_.model->vocabulary().size();
    for (const AddedToken& token : parts_.added_tokens) vocab_size_ = std::max(vocab_size_, token.id + 1);
  }

  Encoding Encode(absl::string_view text, const TokenizeOptions& options) const override {
    const auto& items = parts_.post_template.single;
    Sequence sequence = TokenizeText(text, options.want_offsets);
    const size_t num_special = options.add_special_tokens ? PostTemplate::NumSpecial(items) : 0;
    const size_t total = sequence.ids.size();
    if (options.max_tokens > 0) Cut(sequence, Room(options, num_special));
    Encoding encoding = Assemble(items, options, sequence, {});
    encoding.num_truncated = static_cast<int32_t>(total - sequence.ids.size());
    return encoding;
  }

  Encoding EncodePair(absl::string_view first, absl::string_view second,
                      const TokenizeOptions& options) const override {
    const auto& items = parts_.post_template.pair;
    Sequence a = TokenizeText(first, options.want_offsets), b = TokenizeText(second, options.want_offsets);
    const size_t num_special = options.add_special_tokens ? PostTemplate::NumSpecial(items) : 0;
    const size_t total = a.ids.size() + b.ids.size();
    if (options.max_tokens > 0) {
      const PairLengths kept = LongestFirst(a.ids.size(), b.ids.size(), Room(options, num_special));
      Cut(a, kept.first);
      Cut(b, kept.second);
    }
    Encoding encoding = Assemble(items, options, a, b);
    encoding.num_truncated = static_cast<int32_t>(total - a.ids.size() - b.ids.size());
    return encoding;
  }

  int32_t vocab_size() const override { return vocab_size_; }

  std::string IdToToken(int32_t id) const override {
    for (const AddedToken& token : parts_.added_tokens) {
      if (token.id == id) return token.content;
    }
    const Vocabulary& vocabulary = parts_.model->vocabulary();
    return id >= 0 && id < vocabulary.size() ? vocabulary.Token(id) : std::string();
  }

  int32_t TokenToId(absl::string_view text) const override {
    for (const AddedToken& token : parts_.added_tokens) {
      if (token.content == text) return token.id;
    }
    return parts_.model->vocabulary().Find(text);
  }

  int32_t num_special_tokens() const override { return PostTemplate::NumSpecial(parts_.post_template.single); }
  std::string kind() const override { return parts_.model->kind(); }

 private:
  // Buffers of one call.
  struct Scratch {
    NormalizedText in, out;
    ModelScratch model;
    TokenSink sink;
  };

  static size_t Room(const TokenizeOptions& options, size_t num_special) {
    const auto limit = static_cast<size_t>(options.max_tokens);
    return limit > num_special ? limit - num_special : 0;
  }

  static void Cut(Sequence& sequence, size_t size) {
    if (sequence.ids.size() <= size) return;
    sequence.ids.resize(size);
    if (!sequence.offsets.empty()) sequence.offsets.resize(size);
  }

  Sequence TokenizeText(absl::string_view text, bool want_offsets) const {
    std::optional<RepairedText> repaired;
    if (!IsValidUtf8(text)) {
      repaired = RepairUtf8(text);
      text = repaired->text;
    }
    Scratch scratch;
    scratch.sink.want_spans = want_offsets;
    scratch.sink.ids.reserve(text.size() / 4 + 8);
    Sequence sequence;
    raw_.Split(text, [&](size_t begin, size_t end, int32_t id) {
      if (id >= 0) {
        scratch.sink.ids.push_back(id);
        if (want_offsets) sequence.offsets.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      } else {
        TokenizePiece(text.substr(begin, end - begin), begin, scratch, sequence.offsets);
      }
    });
    sequence.ids = std::move(scratch.sink.ids);
    if (repaired.has_value()) {
      for (ByteSpan& span : sequence.offsets) {
        span = {repaired->origin[span.begin], repaired->origin[span.end]};
      }
    }
    return sequence;
  }

  // A stretch without raw added tokens: normalize, then look for the tokens that want normalized text.
  void TokenizePiece(absl::string_view piece, size_t base, Scratch& scratch, std::vector<ByteSpan>& offsets) const {
    const bool track = scratch.sink.want_spans;
    scratch.in.Clear(track);
    AssignIdentity(piece, static_cast<uint32_t>(base), scratch.in);
    if (parts_.normalizer != nullptr) {
      scratch.out.Clear(track);
      parts_.normalizer->Normalize(scratch.in, scratch.out);
      std::swap(scratch.in, scratch.out);
    }
    if (normalized_.empty()) return TokenizeNormalized(scratch.in, base == 0, scratch, offsets);
    const NormalizedText whole = std::move(scratch.in);
    normalized_.Split(whole.text, [&](size_t begin, size_t end, int32_t id) {
      if (id >= 0) {
        scratch.sink.ids.push_back(id);
        if (track) offsets.push_back(whole.Origin(begin, end));
        return;
      }
      NormalizedText part;
      part.Clear(track);
      part.text = whole.text.substr(begin, end - begin);
      if (track) part.origins.assign(whole.origins.begin() + begin, whole.origins.begin() + end);
      TokenizeNormalized(part, base == 0 && begin == 0, scratch, offsets);
    });
  }

  void TokenizeNormalized(NormalizedText& text, bool at_start, Scratch& scratch, std::vector<ByteSpan>& offsets) const {
    parts_.pre_tokenizer->Split(text, at_start, [&](size_t begin, size_t end) {
      const absl::string_view word = absl::string_view(text.text).substr(begin, end - begin);
      parts_.model->Tokenize(word, begin, scratch.model, scratch.sink);
    });
    for (const ByteSpan& span : scratch.sink.spans) offsets.push_back(text.Origin(span.begin, span.end));
    scratch.sink.spans.clear();
  }

  static Encoding Assemble(const std::vector<PostTemplate::Item>& items, const TokenizeOptions& options,
                           const Sequence& first, const Sequence& second) {
    Encoding encoding;
    const size_t size = first.ids.size() + second.ids.size() + PostTemplate::NumSpecial(items);
    encoding.ids.reserve(size);
    encoding.type_ids.reserve(size);
    for (const PostTemplate::Item& item : items) {
      if (item.sequence < 0 && !options.add_special_tokens) continue;
      const Sequence* text = item.sequence < 0 ? nullptr : item.sequence == 0 ? &first : &second;
      const std::vector<int32_t>& ids = text == nullptr ? item.ids : text->ids;
      encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
      encoding.type_ids.resize(encoding.ids.size(), item.type_id);
      if (!options.want_offsets) continue;
      if (text != nullptr) encoding.offsets.insert(encoding.offsets.end(), text->offsets.begin(), text->offsets.end());
      encoding.offsets.resize(encoding.ids.size());
    }
    return encoding;
  }

  const TokenizerParts parts_;
  const AddedTokens raw_;
  const AddedTokens normalized_;
  int32_t vocab_size_ = 0;
};

}  // namespace

PairLengths LongestFirst(size_t first, size_t second, size_t limit) {
  if (first + second <= limit) return {first, second};
  size_t shorter = std::min(first, second);
  size_t longer = shorter > limit ? shorter : std::max(shorter, limit - shorter);
  if (shorter + longer > limit) {
    shorter = limit / 2;
    longer = shorter + limit % 2;
  }
  return first > second ? PairLengths{longer, shorter} : PairLengths{shorter, longer};
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> MakePipelineTokenizer(TokenizerParts parts, absl::string_view where) {
  std::vector<AddedToken> raw, normalized;
  int32_t limit = parts.model->vocabulary().size();
  for (AddedToken token : parts.added_tokens) {
    limit = std::max(limit, token.id + 1);
    if (!token.normalized) {
      raw.push_back(std::move(token));
      continue;
    }
    // It is looked for as it reads after normalization.
    if (parts.normalizer != nullptr) {
      NormalizedText in, out;
      in.text = token.content;
      parts.normalizer->Normalize(in, out);
      token.content = out.text;
    }
    if (!token.content.empty()) normalized.push_back(std::move(token));
  }
  for (const auto* items : {&parts.post_template.single, &parts.post_template.pair}) {
    for (const PostTemplate::Item& item : *items) {
      for (int32_t id : item.ids) {
        if (id >= limit) {
          return absl::InvalidArgumentError(
              absl::StrCat(where, ": post_processor: token id ", id, " is not in the vocabulary of ", limit));
        }
      }
    }
  }
  return std::make_unique<PipelineTokenizer>(std::move(parts), std::move(raw), std::move(normalized));
}

}  // namespace senvec
