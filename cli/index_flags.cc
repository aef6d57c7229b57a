#include "cli/index_flags.h"

#include "base/status_macros.h"
#include "cli/usage_error.h"

namespace senvec {

void DeclareIndexFlags(FlagSet& flags, IndexFlags& index) {
  flags.Add("--kind", "NAME", &index.kind,
            "exact compares all; hnsw is a graph, faster from some 10,000 documents on; ivf looks into lists, smaller and "
            "quicker to build than a graph; auto chooses by size and memory")
      .OneOf({"auto", "exact", "hnsw", "ivf"});
  flags.Add("--metric", "NAME", &index.metric, "what near means: cosine, inner product, or squared distance").OneOf({"cosine", "ip", "l2"});
  flags.Add("--codes", "NAME", &index.codes, "what candidates are found with, kept in memory").OneOf({"fp32", "fp16", "int8"});
  flags.Add("--rescoring", "NAME", &index.rescoring, "what final scores are computed from, mapped from disk").OneOf({"fp32", "fp16"});
  flags.Add("--m", "N", &index.m, "hnsw: links of each document").Between(2, 256);
  flags.Add("--ef-construction", "N", &index.ef_construction, "hnsw: candidates while building").Between(2, 10000);
  flags.Add("--ef-search", "N", &index.ef_search, "hnsw: candidates while searching").Between(1, 100000);
  flags.Add("--nlist", "N", &index.nlist, "ivf: lists; 0 = by the number of documents").Between(0, 1048576);
  flags.Add("--nprobe", "N", &index.nprobe, "ivf: lists that a search looks into; 0 = by --nlist").Between(0, 1048576);
}

absl::StatusOr<VectorIndexOptions> IndexOptionsOf(const IndexFlags& flags, int32_t dim) {
  VectorIndexOptions options;
  SENVEC_ASSIGN_OR_RETURN(options.kind, ParseIndexKind(flags.kind));
  SENVEC_ASSIGN_OR_RETURN(options.metric, ParseMetric(flags.metric));
  SENVEC_ASSIGN_OR_RETURN(options.codes, ParseVectorStorage(flags.codes));
  SENVEC_ASSIGN_OR_RETURN(options.rescoring, ParseVectorStorage(flags.rescoring));
  options.dim = dim;
  options.m = static_cast<int32_t>(flags.m);
  options.ef_construction = static_cast<int32_t>(flags.ef_construction);
  options.ef_search = static_cast<int32_t>(flags.ef_search);
  options.nlist = static_cast<int32_t>(flags.nlist);
  options.nprobe = static_cast<int32_t>(flags.nprobe);
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate()));
  return options;
}

void DeclareSourceFlags(FlagSet& flags, SourceFlags& source) {
  flags.Add("--input", "FILE", &source.input, "the corpus: .txt, .tsv or .jsonl, packed by gzip or not; - is standard input, with --format");
  flags.Add("--format", "NAME", &source.format, "form of the input, where its name does not tell").OneOf({"txt", "tsv", "jsonl"});
  flags.Add("--vectors", "FILE", &source.vectors,
            "vectors that are there already, instead of encoding texts: .npy (float32, one row a document) or .fvecs; with "
            "--input the n-th row is the n-th document's");
  flags.Add("--ids", "FILE", &source.ids, "ids of the vectors where there is no --input, one a line; without it row numbers from 0");
}

absl::StatusOr<RecordSourceOptions> SourceOptionsOf(const SourceFlags& flags) {
  RecordSourceOptions options = {.input = flags.input, .format = {}, .vectors = flags.vectors, .ids = flags.ids};
  if (!flags.format.empty()) {
    SENVEC_ASSIGN_OR_RETURN(options.format, ParseCorpusFormat(flags.format));
  }
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate()));
  return options;
}

void DeclareIndexFolder(FlagSet& flags, std::string& index) {
  flags.Add("--index", "DIR", &index, "a folder that `senvec index build` made, or one of a server that is not running").Required();
}

}  // namespace senvec
