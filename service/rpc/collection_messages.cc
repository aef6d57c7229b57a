#include "service/rpc/collection_messages.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

absl::Status Unknown(absl::string_view field, int value, absl::string_view known) {
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, "; it is ", known));
}

absl::StatusOr<IndexKind> KindOf(v1::IndexKind kind) {
  switch (kind) {
    case v1::INDEX_KIND_UNSPECIFIED:
    case v1::INDEX_KIND_AUTO:
      return IndexKind::kAuto;
    case v1::INDEX_KIND_EXACT:
      return IndexKind::kExact;
    case v1::INDEX_KIND_HNSW:
      return IndexKind::kHnsw;
    case v1::INDEX_KIND_IVF:
      return IndexKind::kIvf;
    default:
      return Unknown("kind", kind, "INDEX_KIND_EXACT (1), INDEX_KIND_HNSW (2), INDEX_KIND_IVF (3) or INDEX_KIND_AUTO (4)");
  }
}

v1::IndexKind KindMessage(IndexKind kind) {
  switch (kind) {
    case IndexKind::kExact:
      return v1::INDEX_KIND_EXACT;
    case IndexKind::kHnsw:
      return v1::INDEX_KIND_HNSW;
    case IndexKind::kIvf:
      return v1::INDEX_KIND_IVF;
    case IndexKind::kAuto:
      return v1::INDEX_KIND_AUTO;
  }
  return v1::INDEX_KIND_UNSPECIFIED;
}

absl::StatusOr<Metric> MetricOf(v1::Metric metric) {
  switch (metric) {
    case v1::METRIC_UNSPECIFIED:
    case v1::METRIC_COSINE:
      return Metric::kCosine;
    case v1::METRIC_INNER_PRODUCT:
      return Metric::kInnerProduct;
    case v1::METRIC_L2:
      return Metric::kL2;
    default:
      return Unknown("metric", metric, "METRIC_COSINE (1), METRIC_INNER_PRODUCT (2) or METRIC_L2 (3)");
  }
}

v1::Metric MetricMessage(Metric metric) {
  return metric == Metric::kCosine ? v1::METRIC_COSINE : metric == Metric::kL2 ? v1::METRIC_L2 : v1::METRIC_INNER_PRODUCT;
}

absl::StatusOr<VectorStorage> StorageOf(absl::string_view field, v1::VectorStorage storage, VectorStorage fallback) {
  switch (storage) {
    case v1::VECTOR_STORAGE_UNSPECIFIED:
      return fallback;
    case v1::VECTOR_STORAGE_FP32:
      return VectorStorage::kFp32;
    case v1::VECTOR_STORAGE_FP16:
      return VectorStorage::kFp16;
    case v1::VECTOR_STORAGE_INT8:
      return VectorStorage::kInt8;
    default:
      return Unknown(field, storage, "VECTOR_STORAGE_FP32 (1), VECTOR_STORAGE_FP16 (2) or VECTOR_STORAGE_INT8 (3)");
  }
}

v1::VectorStorage StorageMessage(VectorStorage storage) {
  return storage == VectorStorage::kFp32   ? v1::VECTOR_STORAGE_FP32
         : storage == VectorStorage::kFp16 ? v1::VECTOR_STORAGE_FP16
                                           : v1::VECTOR_STORAGE_INT8;
}

absl::Status TakeIndex(const v1::CreateCollectionRequest& request, VectorIndexOptions& index) {
  SENVEC_ASSIGN_OR_RETURN(index.kind, KindOf(request.kind()));
  SENVEC_ASSIGN_OR_RETURN(index.metric, MetricOf(request.metric()));
  SENVEC_ASSIGN_OR_RETURN(index.codes, StorageOf("codes", request.codes(), index.codes));
  SENVEC_ASSIGN_OR_RETURN(index.rescoring, StorageOf("rescoring", request.rescoring(), index.rescoring));
  const auto take = [](int32_t given, int32_t& target) {
    if (given != 0) target = given;
  };
  take(request.m(), index.m);
  take(request.ef_construction(), index.ef_construction);
  take(request.ef_search(), index.ef_search);
  take(request.nlist(), index.nlist);
  take(request.nprobe(), index.nprobe);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CollectionOptions> OptionsOf(const v1::CreateCollectionRequest& request, const SentenceEncoder& encoder) {
  const ModelInfo& model = encoder.info();
  CollectionOptions options;
  options.name = request.name();
  SENVEC_RETURN_IF_ERROR(TakeIndex(request, options.index));
  options.index.dim = model.dim;
  options.hub_correction = request.hub_correction();
  options.model_fingerprint = model.fingerprint;
  options.whitening_fingerprint = model.whitening_fingerprint;
  options.model_directory = model.directory;
  const auto prompt = [&](bool is_set, const std::string& given, const char* name) {
    return is_set ? given : encoder.Prompt(name).value_or("");
  };
  options.query_prompt = prompt(request.has_query_prompt(), request.query_prompt(), "query");
  options.passage_prompt = prompt(request.has_passage_prompt(), request.passage_prompt(), "passage");
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return options;
}

absl::StatusOr<WriteOptions> WriteOptionsOf(v1::Durability durability) {
  WriteOptions options;
  switch (durability) {
    case v1::DURABILITY_UNSPECIFIED:
    case v1::DURABILITY_DURABLE:
      return options;
    case v1::DURABILITY_RELAXED:
      options.durable = false;
      return options;
    default:
      return Unknown("durability", durability, "DURABILITY_DURABLE (1) or DURABILITY_RELAXED (2)");
  }
}

v1::Collection CollectionMessage(const Collection& collection, const std::vector<CollectionStore::Alias>& aliases) {
  const CollectionOptions& options = collection.options();
  v1::Collection message;
  message.set_name(options.name);
  message.set_kind(KindMessage(options.index.kind));
  message.set_metric(MetricMessage(options.index.metric));
  message.set_dim(options.index.dim);
  message.set_num_documents(collection.size());
  message.set_model_fingerprint(options.model_fingerprint);
  message.set_whitening_fingerprint(options.whitening_fingerprint);
  message.set_query_prompt(options.query_prompt);
  message.set_passage_prompt(options.passage_prompt);
  message.set_codes(StorageMessage(options.index.codes));
  message.set_rescoring(StorageMessage(options.index.rescoring));
  message.set_m(options.index.m);
  message.set_ef_construction(options.index.ef_construction);
  message.set_ef_search(options.index.ef_search);
  message.set_nlist(options.index.nlist);
  message.set_nprobe(options.index.nprobe);
  message.set_hub_correction(options.hub_correction);
  for (const CollectionStore::Alias& alias : aliases) {
    if (alias.collection == options.name) message.add_aliases(alias.name);
  }
  return message;
}

v1::CollectionStats StatsMessage(const CollectionStats& stats) {
  v1::CollectionStats message;
  message.set_num_segments(stats.num_segments);
  message.set_num_unindexed(stats.num_unindexed);
  message.set_num_removed_rows(stats.num_removed_rows);
  message.set_resident_bytes(stats.resident_bytes);
  message.set_mapped_bytes(stats.mapped_bytes);
  message.set_disk_bytes(stats.disk_bytes);
  message.set_read_only(stats.read_only);
  message.set_read_only_reason(stats.read_only_reason);
  message.set_num_uncorrected(stats.num_uncorrected);
  return message;
}

v1::Document DocumentMessage(Document&& document, const DocumentParts& parts) {
  v1::Document message;
  message.set_id(std::move(document.id));
  message.set_group(std::move(document.group));
  if (parts.text) message.set_text(std::move(document.text));
  if (parts.metadata) message.set_metadata_json(std::move(document.metadata_json));
  if (parts.vector) message.mutable_vector()->mutable_values()->Add(document.vector.begin(), document.vector.end());
  return message;
}

int64_t FillHit(Hit&& hit, const DocumentParts& parts, v1::Hit* message) {
  constexpr size_t kFrame = 24;  // tags, lengths and the score
  size_t bytes = kFrame + hit.id.size() + hit.group.size();
  message->set_id(std::move(hit.id));
  message->set_score(hit.score);
  if (!hit.group.empty()) message->set_group(std::move(hit.group));
  if (parts.text) {
    bytes += hit.text.size();
    message->set_text(std::move(hit.text));
  }
  if (parts.metadata) {
    bytes += hit.metadata_json.size();
    message->set_metadata_json(std::move(hit.metadata_json));
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace senvec
