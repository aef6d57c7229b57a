#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/document_lines.h"
#include "cli/index_flags.h"
#include "cli/notice.h"
#include "cli/usage_error.h"
#include "dataio/atomic_file.h"
#include "dataio/standard_output.h"
#include "dataio/vector_writer.h"
#include "index/collection.h"

namespace senvec {
namespace {

constexpr int32_t kDocumentsAtOnce = 1000;

struct ExportFlags {
  std::string index;
  std::string output = "-";
  std::string vectors;
  std::string filter;
};

absl::Status Export(const ExportFlags& flags) {
  if (!flags.vectors.empty() && !absl::EndsWith(flags.vectors, ".npy")) return UsageError("--vectors: the name must end in .npy");
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::OpenForReading(flags.index, {.notice = TellNotice}));
  std::unique_ptr<AtomicFile> file;
  std::unique_ptr<VectorWriter> vectors;
  if (flags.output != "-") {
    SENVEC_ASSIGN_OR_RETURN(file, AtomicFile::Create(flags.output));
  }
  if (!flags.vectors.empty()) {
    SENVEC_ASSIGN_OR_RETURN(vectors, VectorWriter::Create(flags.vectors, collection->options().index.dim));
  }
  SENVEC_ASSIGN_OR_RETURN(const int64_t total, collection->Count(flags.filter));
  ProgressBar progress({.label = "export", .unit = "documents", .total = total, .is_terminal = ProgressBar::IsTerminal(stderr)}, absl::Now());
  ScanOptions scan = {.after_id = "", .limit = kDocumentsAtOnce, .filter = flags.filter, .with_vectors = true};
  int64_t done = 0;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<Document> documents, collection->Scan(scan));
    if (documents.empty()) break;
    std::string lines;
    for (const Document& document : documents) {
      lines += JsonLineOf(document, /*with_vector=*/vectors == nullptr);
      if (vectors != nullptr) SENVEC_RETURN_IF_ERROR(vectors->Append({.vector = document.vector}));
    }
    SENVEC_RETURN_IF_ERROR(file == nullptr ? WriteStandardOutput(lines) : file->Append(lines));
    done += static_cast<int64_t>(documents.size());
    progress.Update(done, absl::Now());
    scan.after_id = documents.back().id;
  }
  if (vectors != nullptr) SENVEC_RETURN_IF_ERROR(vectors->Finish());
  if (file != nullptr) SENVEC_RETURN_IF_ERROR(file->Commit());
  progress.Finish(absl::Now());
  return absl::OkStatus();
}

}  // namespace

CommandRunner DeclareIndexExport(FlagSet& flags) {
  auto options = std::make_shared<ExportFlags>();
  flags.Describe("Writes the documents of a collection as JSON lines, by ascending id: {\"id\":…,\"text\":…,\"group\":…,\"metadata\":{…},"
                 "\"vector\":[…]}. With --vectors the vectors go to a float32 array instead, one row a line. `senvec index build` and `senvec "
                 "index import` read both. Files appear when all is done, or not at all.");
  DeclareIndexFolder(flags, options->index);
  flags.Add("--output", "FILE", &options->output, "FILE.jsonl; - is standard output");
  flags.Add("--vectors", "FILE", &options->vectors, "FILE.npy for the vectors");
  flags.Add("--filter", "EXPR", &options->filter, "only documents whose metadata match (docs/filters.md)");
  flags.Example("senvec index export --index data/helpdesk --output helpdesk.jsonl --vectors helpdesk.npy", "everything, in two files");
  flags.Example("senvec index export --index data/helpdesk --filter 'lang = \"zh\"' | head -n 1", "look at one document");
  return [options] { return Export(*options); };
}

}  // namespace senvec
