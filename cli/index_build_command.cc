#include <cstdio>
#include <filesystem>
#include <limits>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bulk/bulk_build.h"
#include "cli/build_progress.h"
#include "cli/byte_size.h"
#include "cli/command.h"
#include "cli/index_flags.h"
#include "cli/model_flags.h"
#include "cli/notice.h"
#include "cli/usage_error.h"
#include "dataio/byte_source.h"
#include "dataio/embedding_file.h"
#include "dataio/line_reader.h"

namespace senvec {
namespace {

struct BuildFlags {
  ModelFlags model;
  IndexFlags index;
  SourceFlags source;
  std::string output, prompt, rejects;
  std::string memory = "2GB";
  int64_t dim = 0;
  bool strict = false, strict_length = false, restart = false, hub_correction = false;
};

std::string AbsolutePath(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

// The size of the first vector that one of the first `limit` documents brings with it; 0 when none does.
absl::StatusOr<int32_t> FirstVectorDim(const RecordSourceOptions& options, int64_t limit) {
  SENVEC_ASSIGN_OR_RETURN(const auto source, RecordSource::Open(options));
  if (source->dim() > 0) return static_cast<int32_t>(source->dim());
  BulkRecord record;
  for (; limit > 0; --limit) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, source->Next(record));
    if (!more) break;
    if (record.fault.empty() && !record.document.vector.empty()) return static_cast<int32_t>(record.document.vector.size());
  }
  return 0;
}

// Whether a model is to be loaded: the one that was named, or the default one where documents bring no vectors.
absl::StatusOr<bool> IsEncoded(const BuildFlags& flags, const RecordSourceOptions& options) {
  if (!flags.model.model.empty()) return true;
  if (flags.dim > 0 || !options.vectors.empty()) return false;
  // What comes through a pipe cannot be looked at twice.
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(options.input, ignored)) return true;
  constexpr int64_t kLookedAt = 1000;
  SENVEC_ASSIGN_OR_RETURN(const int32_t dim, FirstVectorDim(options, kLookedAt));
  return dim == 0;
}

absl::StatusOr<int32_t> DimOf(const BuildFlags& flags, const RecordSourceOptions& options) {
  if (flags.dim > 0) return static_cast<int32_t>(flags.dim);
  return FirstVectorDim(options, std::numeric_limits<int64_t>::max());
}

absl::Status TakeModel(const BuildFlags& flags, const SentenceEncoder& encoder, CollectionOptions& options) {
  const ModelInfo& info = encoder.info();
  options.model_fingerprint = info.fingerprint;
  options.whitening_fingerprint = info.whitening_fingerprint;
  options.model_directory = AbsolutePath(info.directory);
  options.whitening_path = AbsolutePath(flags.model.whitening);
  // A prompt that the model does not define is none.
  options.query_prompt = encoder.Prompt("query").value_or("");
  options.passage_prompt = encoder.Prompt("passage").value_or("");
  if (flags.prompt.empty()) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(options.passage_prompt, PromptText(encoder, flags.prompt));
  return absl::OkStatus();
}

// What must be the same when a build is taken up.
std::map<std::string, std::string> SettingsOf(const BuildFlags& flags, const CollectionOptions& options, const SentenceEncoder* encoder) {
  std::map<std::string, std::string> settings = {
      {"--kind", flags.index.kind},
      {"--metric", flags.index.metric},
      {"--codes", flags.index.codes},
      {"--rescoring", flags.index.rescoring},
      {"--m", absl::StrCat(flags.index.m)},
      {"--ef-construction", absl::StrCat(flags.index.ef_construction)},
      {"--ef-search", absl::StrCat(flags.index.ef_search)},
      {"--nlist", absl::StrCat(flags.index.nlist)},
      {"--nprobe", absl::StrCat(flags.index.nprobe)},
      {"--format", flags.source.format},
      {"--vectors", flags.source.vectors.empty() ? "" : "given"},
      {"--ids", flags.source.ids.empty() ? "" : "given"},
      {"--strict-length", flags.strict_length ? "given" : ""},
      {"--hub-correction", flags.hub_correction ? "given" : ""},
      {"dimensions", absl::StrCat(options.index.dim)},
  };
  if (encoder == nullptr) return settings;
  const ModelInfo& info = encoder->info();
  settings["--model"] = info.fingerprint;
  settings["--whitening"] = info.whitening_fingerprint;
  settings["--pooling"] = info.pooling;
  settings["--precision"] = info.precision;
  settings["--max-tokens"] = absl::StrCat(info.max_tokens);
  settings["--prompt"] = options.passage_prompt;
  return settings;
}

// How many records there will be; 0 where only reading tells.
absl::StatusOr<int64_t> TotalOf(const RecordSourceOptions& options) {
  if (!options.vectors.empty()) {
    SENVEC_ASSIGN_OR_RETURN(const EmbeddingFile file, EmbeddingFile::Open(options.vectors));
    return file.rows();
  }
  // What is read from a pipe is gone.
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(options.input, ignored)) return 0;
  // Unpacking it twice would take longer than a guess is wrong.
  SENVEC_ASSIGN_OR_RETURN(const auto source, ByteSource::Open(options.input));
  return source->is_packed() ? 0 : CountLines(options.input);
}

void Tell(const BuildFlags& flags, const CollectionOptions& options, const BulkReport& report, int32_t max_tokens) {
  if (report.num_truncated > 0) {
    std::fprintf(stderr, "note: %lld texts were longer than %d tokens and were cut; split them, or raise --max-tokens if the model allows it\n",
                 static_cast<long long>(report.num_truncated), max_tokens);
  }
  if (report.num_rejects > 0) {
    std::fprintf(stderr, "note: %lld of %lld lines were left out; %s says which and why\n", static_cast<long long>(report.num_rejects),
                 static_cast<long long>(report.num_records), report.rejects_path.c_str());
  }
  std::fprintf(stderr, "%s: %lld documents, %d dimensions, %s; %.2f s for reading, encoding and writing, %.2f s for the index\n",
               flags.output.c_str(), static_cast<long long>(report.num_documents), options.index.dim, flags.index.kind.c_str(),
               absl::ToDoubleSeconds(report.encoding), absl::ToDoubleSeconds(report.indexing));
}

absl::Status Build(const BuildFlags& flags) {
  BulkBuildOptions options;
  SENVEC_ASSIGN_OR_RETURN(options.source, SourceOptionsOf(flags.source));
  const absl::StatusOr<int64_t> memory = ParseByteSize(flags.memory);
  if (!memory.ok()) return UsageError(absl::StrCat("--memory: ", memory.status().message()));
  constexpr int64_t kLeastMemory = 64000000;
  if (*memory < kLeastMemory) return UsageError("--memory: at least 64MB are needed, beside the model");
  const int threads = flags.model.threads > 0 ? static_cast<int>(flags.model.threads) : ThreadPool::AvailableCpus();
  LoadedModel model;
  SENVEC_ASSIGN_OR_RETURN(const bool is_encoded, IsEncoded(flags, options.source));
  if (is_encoded) {
    // Each worker encodes a batch of its own on its own thread, which keeps all cores at work without waiting.
    ModelFlags one_thread = flags.model;
    one_thread.threads = 1;
    SENVEC_ASSIGN_OR_RETURN(model, LoadModel(one_thread));
    SENVEC_RETURN_IF_ERROR(TakeModel(flags, *model.encoder, options.collection));
  }
  int32_t dim = 0;
  if (model.encoder != nullptr) {
    dim = model.encoder->info().dim;
  } else {
    SENVEC_ASSIGN_OR_RETURN(dim, DimOf(flags, options.source));
  }
  SENVEC_ASSIGN_OR_RETURN(options.collection.index, IndexOptionsOf(flags.index, dim));
  options.collection.hub_correction = flags.hub_correction;
  if (flags.hub_correction && options.collection.index.metric != Metric::kCosine) {
    return UsageError(absl::StrCat("--hub-correction needs --metric cosine, not ", flags.index.metric));
  }
  options.output = flags.output;
  options.settings = SettingsOf(flags, options.collection, model.encoder.get());
  options.rejects = flags.rejects;
  options.strict = flags.strict;
  options.refuse_truncation = flags.strict_length;
  options.restart = flags.restart;
  options.num_workers = threads;
  options.memory_bytes = *memory;
  options.now = absl::Now;
  options.notice = TellNotice;
  SENVEC_ASSIGN_OR_RETURN(const int64_t total, TotalOf(options.source));
  ThreadPool pool(threads);
  BuildProgress progress(total);
  const absl::StatusOr<BulkReport> report = BulkBuild(options, model.encoder.get(), &pool, progress.listener());
  progress.Finish();
  SENVEC_RETURN_IF_ERROR(report.status());
  Tell(flags, options.collection, *report, model.encoder == nullptr ? 0 : model.encoder->info().max_tokens);
  return absl::OkStatus();
}

}  // namespace

CommandRunner DeclareIndexBuild(FlagSet& flags) {
  auto build = std::make_shared<BuildFlags>();
  flags.Describe(
      "Encodes a corpus and writes a collection that `senvec search` and `senvec serve` open. The input's name tells its "
      "form: .txt has one text a line (its id is the line's number), .tsv id, tab, text and perhaps tab, group; .jsonl "
      "objects with \"text\" and, if wanted, \"id\", \"metadata\" (an object, for filters), \"group\" and \"vector\".\n"
      "Stopped at any moment, the same command goes on where it was: until all is done the folder is hidden beside the "
      "output. Lines that are no documents (not JSON, no text, an id for the second time, not UTF-8 …) are left out and "
      "listed with number and reason; with --strict the first one stops the build.\n"
      "Where the model defines prompts, documents get its passage prompt and later queries its query prompt; the "
      "collection remembers both, and the model's and whitening's fingerprints. Of vectors (--vectors, \"vector\" in "
      "the documents, or --dim for those of a pipe) no model is needed to build; with --model the "
      "collection remembers whose vectors they are, and can be searched by text.");
  DeclareSourceFlags(flags, build->source);
  flags.Add("--output", "DIR", &build->output, "a new folder; its name is the collection's").Required();
  DeclareIndexFlags(flags, build->index);
  flags.Add("--memory", "SIZE", &build->memory, "bound for buffers, caches and building the index, beside the model: 500MB, 2GB");
  flags.Add("--strict", &build->strict, "stop at the first bad line");
  flags.Add("--strict-length", &build->strict_length, "a text of more tokens than the model takes is a bad line, instead of being cut");
  flags.Add("--rejects", "FILE", &build->rejects, "where bad lines are listed, instead of OUTPUT.rejects.tsv");
  flags.Add("--restart", &build->restart, "throw away what an unfinished build of this output has, and begin anew");
  flags.Add("--hub-correction", &build->hub_correction,
            "keep what `senvec search --scoring csls` needs; each document is compared with all others");
  flags.Add("--prompt", "NAME", &build->prompt, "prompt for documents instead of passage: a name that the model defines, or none");
  flags.Add("--dim", "N", &build->dim, "values of each vector, where neither a model nor a file of vectors tells").Between(1, 65536);
  DeclareModelFlags(flags, build->model);
  DeclareWhiteningFlag(flags, build->model);
  flags.Example("senvec index build --input samples/helpdesk.tsv --output data/helpdesk",
                "index the sample corpus");
  flags.Example("zcat corpus.jsonl.gz | senvec index build --model models/all-MiniLM-L6-v2 --input - --format jsonl --output data/corpus --kind hnsw",
                "a graph of documents that come through a pipe");
  flags.Example("senvec index build --vectors vectors.npy --ids ids.txt --output data/vectors", "vectors that are there already");
  return [build] { return Build(*build); };
}

}  // namespace senvec
