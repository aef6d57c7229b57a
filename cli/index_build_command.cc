#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/encode_stream.h"
#include "cli/model_flags.h"
#include "cli/partial_folder.h"
#include "cli/usage_error.h"
#include "dataio/corpus_reader.h"
#include "dataio/line_reader.h"
#include "encoder/tokenizer/utf8.h"
#include "index/collection.h"

namespace senvec {
namespace {

struct BuildFlags {
  ModelFlags model;
  std::string input;
  std::string output;
  std::string kind = "exact";
  std::string prompt;
  int64_t m = 16, ef_construction = 200, ef_search = 64;
};

// A prompt the model defines, or nothing.
std::string OptionalPrompt(const SentenceEncoder& encoder, const char* name) {
  const absl::StatusOr<std::string> text = encoder.Prompt(name);
  return text.ok() ? *text : std::string();
}

// The folder's own name.
std::string NameOf(const std::string& directory) {
  const std::filesystem::path path = std::filesystem::absolute(directory).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

absl::StatusOr<CollectionOptions> MakeOptions(const BuildFlags& flags, const SentenceEncoder& encoder) {
  CollectionOptions options;
  options.name = NameOf(flags.output);
  SENVEC_ASSIGN_OR_RETURN(options.index.kind, ParseIndexKind(flags.kind));
  options.index.dim = encoder.info().dim;
  options.index.m = static_cast<int32_t>(flags.m);
  options.index.ef_construction = static_cast<int32_t>(flags.ef_construction);
  options.index.ef_search = static_cast<int32_t>(flags.ef_search);
  options.model_fingerprint = encoder.info().fingerprint;
  options.whitening_fingerprint = encoder.info().whitening_fingerprint;
  options.model_directory = std::filesystem::absolute(flags.model.model).lexically_normal().string();
  if (!flags.model.whitening.empty()) {
    options.whitening_path = std::filesystem::absolute(flags.model.whitening).lexically_normal().string();
  }
  options.query_prompt = OptionalPrompt(encoder, "query");
  options.passage_prompt = OptionalPrompt(encoder, "passage");
  if (!flags.prompt.empty()) {
    SENVEC_ASSIGN_OR_RETURN(options.passage_prompt, PromptText(encoder, flags.prompt));
  }
  return options;
}

std::string Repaired(std::string text) { return IsValidUtf8(text) ? std::move(text) : RepairUtf8(text).text; }

// The documents of a corpus: texts go to the encoder, the rest waits here until their vectors come.
class Corpus {
 public:
  Corpus(CorpusReader* reader, std::string name) : reader_(reader), name_(std::move(name)) {}

  // A TextSource. Bytes that are no UTF-8 become U+FFFD, as the tokenizer reads them.
  absl::StatusOr<bool> Next(std::string& text) {
    CorpusRecord record;
    SENVEC_ASSIGN_OR_RETURN(const bool more, reader_->Next(record));
    if (!more) return false;
    record.id = Repaired(std::move(record.id));
    record.text = Repaired(std::move(record.text));
    const auto [known, is_new] = lines_.try_emplace(record.id, reader_->line_number());
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrCat(name_, ": line ", reader_->line_number(), ": id ", DumpJson(record.id),
                                                     " is that of line ", known->second, " already; ids must be unique"));
    }
    text = record.text;
    pending_.push_back(std::move(record));
    return true;
  }

  // The documents of the texts given last, with their vectors.
  std::vector<Document> Take(absl::Span<const float> rows, size_t dim) {
    std::vector<Document> documents;
    for (size_t i = 0; i < pending_.size(); ++i) {
      const auto row = rows.subspan(i * dim, dim);
      CorpusRecord& record = pending_[i];
      documents.push_back({std::move(record.id), std::move(record.text), std::move(record.metadata_json), {row.begin(), row.end()}});
    }
    pending_.clear();
    return documents;
  }

 private:
  CorpusReader* const reader_;
  const std::string name_;
  std::vector<CorpusRecord> pending_;
  absl::flat_hash_map<std::string, int64_t> lines_;  // by id
};

absl::Status Build(const BuildFlags& flags) {
  SENVEC_RETURN_IF_ERROR(AsUsageError(CorpusFormatOf(flags.input).status()));
  SENVEC_ASSIGN_OR_RETURN(const auto reader, CorpusReader::Open(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const int64_t total, CountLines(flags.input));
  // Half an index under that name would be taken for a whole one.
  SENVEC_ASSIGN_OR_RETURN(const auto folder, PartialFolder::Create(flags.output));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  SENVEC_ASSIGN_OR_RETURN(const CollectionOptions options, MakeOptions(flags, *model.encoder));
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate()));
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::Create(folder->path(), options));
  Corpus corpus(reader.get(), flags.input);
  const auto sink = [&](absl::Span<const std::string>, const SentenceEncoder::TextsResult& result) {
    const auto inserted = collection->Upsert(corpus.Take(result.rows, static_cast<size_t>(options.index.dim)));
    return inserted.ok() ? absl::OkStatus() : absl::Status(inserted.status().code(), absl::StrCat("near line ", reader->line_number(), ": ", inserted.status().message()));
  };
  SENVEC_ASSIGN_OR_RETURN(const StreamTotals totals,
                          EncodeStream([&](std::string& text) { return corpus.Next(text); },
                                       EncodeWith(*model.encoder, options.passage_prompt, {}), total, sink));
  SENVEC_RETURN_IF_ERROR(collection->Save());
  SENVEC_RETURN_IF_ERROR(folder->Publish());
  WarnOfTruncation(totals, model.encoder->info().max_tokens);
  std::fprintf(stderr, "%s: %lld documents, %d dimensions, %s\n", flags.output.c_str(),
               static_cast<long long>(collection->size()), options.index.dim, flags.kind.c_str());
  return absl::OkStatus();
}

}  // namespace

CommandRunner DeclareIndexBuild(FlagSet& flags) {
  auto build = std::make_shared<BuildFlags>();
  flags.Describe(
      "Encodes a corpus and writes a collection that `senvec search` and `senvec serve` open. The input's name tells its "
      "form: .txt has one text a line (its id is the line's number), .tsv id, tab, text, .jsonl objects with \"text\" and, "
      "if wanted, \"id\" and \"metadata\".\n"
      "Where the model defines prompts, documents get its passage prompt and later queries its query prompt; the "
      "collection remembers both, and the model's and whitening's fingerprints. Ids must be unique; bytes that are no UTF-8 "
      "become U+FFFD. The folder appears when all is done, or not at all.");
  flags.Add("--input", "FILE", &build->input, "the corpus").Required();
  flags.Add("--output", "DIR", &build->output, "a new folder; its name is the collection's").Required();
  flags.Add("--kind", "NAME", &build->kind, "exact compares all; hnsw is a graph, faster from some 10,000 documents on")
      .OneOf({"exact", "hnsw"});
  flags.Add("--prompt", "NAME", &build->prompt, "prompt for documents instead of passage: a name that the model defines, or none");
  flags.Add("--m", "N", &build->m, "hnsw: links of each document").Between(2, 256);
  flags.Add("--ef-construction", "N", &build->ef_construction, "hnsw: candidates while building").Between(2, 10000);
  flags.Add("--ef-search", "N", &build->ef_search, "hnsw: candidates while searching").Between(1, 100000);
  DeclareModelFlags(flags, build->model);
  DeclareWhiteningFlag(flags, build->model);
  flags.Example("senvec index build --model models/multilingual-e5-small --input samples/helpdesk.tsv --output data/helpdesk",
                "index the sample corpus");
  return [build] { return Build(*build); };
}

}  // namespace senvec
