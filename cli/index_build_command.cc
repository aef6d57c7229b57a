#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/encode_stream.h"
#include "cli/model_flags.h"
#include "cli/usage_error.h"
#include "dataio/corpus_reader.h"
#include "dataio/line_reader.h"
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

// Documents wait here from the reader until their vectors come.
struct Pending {
  std::vector<CorpusRecord> records;
};

absl::Status Build(const BuildFlags& flags) {
  SENVEC_RETURN_IF_ERROR(AsUsageError(CorpusFormatOf(flags.input).status()));
  SENVEC_ASSIGN_OR_RETURN(const auto reader, CorpusReader::Open(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const int64_t total, CountLines(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  SENVEC_ASSIGN_OR_RETURN(const CollectionOptions options, MakeOptions(flags, *model.encoder));
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate()));
  absl::StatusOr<std::unique_ptr<Collection>> collection = Collection::Create(flags.output, options);
  if (absl::IsAlreadyExists(collection.status())) {
    return absl::AlreadyExistsError(absl::StrCat(collection.status().message(), "; remove it or take another --output"));
  }
  SENVEC_RETURN_IF_ERROR(collection.status());
  Pending pending;
  const TextSource source = [&](std::string& text) -> absl::StatusOr<bool> {
    CorpusRecord record;
    SENVEC_ASSIGN_OR_RETURN(const bool more, reader->Next(record));
    if (!more) return false;
    text = record.text;
    pending.records.push_back(std::move(record));
    return true;
  };
  const size_t dim = static_cast<size_t>(options.index.dim);
  const auto sink = [&](absl::Span<const std::string> texts, const SentenceEncoder::TextsResult& result) {
    std::vector<Document> documents;
    for (size_t i = 0; i < texts.size(); ++i) {
      CorpusRecord& record = pending.records[i];
      const auto row = absl::MakeConstSpan(result.rows).subspan(i * dim, dim);
      documents.push_back({std::move(record.id), std::move(record.text), std::move(record.metadata_json), {row.begin(), row.end()}});
    }
    pending.records.clear();
    const auto inserted = (*collection)->Upsert(documents);
    return inserted.ok() ? absl::OkStatus() : absl::Status(inserted.status().code(), absl::StrCat("near line ", reader->line_number(), ": ", inserted.status().message()));
  };
  const auto totals = EncodeStream(source, EncodeWith(*model.encoder, options.passage_prompt, {}), total, sink);
  absl::Status status = totals.status();
  if (status.ok()) status = (*collection)->Save();
  if (!status.ok()) {
    // Half an index under that name would be taken for a whole one.
    collection->reset();
    std::error_code ignored;
    for (const char* name : {"MANIFEST.json", "documents-1.bin", "vectors-1.idx", "LOCK"}) {
      std::filesystem::remove(std::filesystem::path(flags.output) / name, ignored);
    }
    std::filesystem::remove(flags.output, ignored);
    return status;
  }
  WarnOfTruncation(*totals, model.encoder->info().max_tokens);
  std::fprintf(stderr, "%s: %lld documents, %d dimensions, %s\n", flags.output.c_str(),
               static_cast<long long>((*collection)->size()), options.index.dim, flags.kind.c_str());
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
      "collection remembers both, and the model's and whitening's fingerprints.");
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
