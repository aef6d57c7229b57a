#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "base/thread_pool.h"
#include "encoder/sentence_encoder.h"
#include "index/collection_store.h"
#include "service/batching/encode_scheduler.h"
#include "service/batching/work_queue.h"

namespace senvec {

// Bounds on what one message may ask for.
struct RpcLimits {
  int32_t max_texts = 4096;                  // texts, documents, ids or queries of one call
  int64_t max_text_bytes = int64_t{4} << 20;  // of one text
  int32_t max_k = 10000;                     // hits of one query
  int64_t max_hits = 1000000;                // queries × k of one call
  int64_t max_answer_bytes = int64_t{256} << 20;  // of hits or documents in one answer
  // Of one evaluation. Its memory is about two vectors and the text for each text, and the judgments.
  int64_t max_evaluation_texts = 500000;
  int64_t max_evaluation_bytes = int64_t{256} << 20;
};

// What every call works with. The server owns it all; it outlives the services.
struct RpcContext {
  const SentenceEncoder* encoder = nullptr;
  EncodeScheduler* scheduler = nullptr;
  CollectionStore* store = nullptr;
  WorkQueue* work = nullptr;
  // What takes minutes (optimising, snapshots, removing by a filter), one after the other, so that it holds up no search.
  WorkQueue* long_work = nullptr;
  // Evaluations, one at a time, and the threads that their arithmetic is shared out over.
  WorkQueue* evaluations = nullptr;
  ThreadPool* pool = nullptr;
  std::string snapshots;  // the folder of snapshots; empty = there is none
  RpcLimits limits;
  std::string version;
  std::function<absl::Time()> now;
};

}  // namespace senvec
