#include "service/rpc/embed_task.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// A text may be bad for itself only after it was tokenised. Nothing else may reach the scheduler: an encoding that the
// encoder refuses would take the whole batch with it, and other callers' sentences.
absl::Status CheckEncoding(absl::string_view name, const Encoding& encoding, bool refuse_truncation) {
  const size_t limit = encoding.ids.size();
  if (limit == 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, " has no tokens: nothing of it is in the model's vocabulary"));
  }
  if (!refuse_truncation || encoding.num_truncated == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " has ", limit + encoding.num_truncated, " tokens; the limit is ",
                                                 limit, " and refuse_truncation is set, so cut it into passages"));
}

// The sentences of those texts that are good; fills all of `result` but rows and times.
absl::StatusOr<std::vector<Encoding>> TokenizeAll(const RpcContext& context, const EmbedTask& task,
                                                  EmbedResult& result) {
  const size_t n = task.texts.size();
  result.statuses = task.statuses;
  result.statuses.resize(n);
  result.num_tokens.resize(n);
  result.num_truncated.resize(n);
  std::vector<Encoding> sentences;
  sentences.reserve(n);
  for (size_t i = 0; i < n; ++i) {
    if (!result.statuses[i].ok()) continue;
    SENVEC_RETURN_IF_ERROR(task.caller.Check(context.now()));
    SENVEC_ASSIGN_OR_RETURN(Encoding encoding, context.encoder->Tokenize(task.prompt, task.texts[i], task.max_tokens));
    result.statuses[i] = CheckEncoding(task.names[i], encoding, task.refuse_truncation);
    if (!result.statuses[i].ok()) continue;
    result.num_tokens[i] = static_cast<int32_t>(encoding.ids.size());
    result.num_truncated[i] = encoding.num_truncated;
    sentences.push_back(std::move(encoding));
  }
  if (sentences.empty()) return result.statuses[0];
  return sentences;
}

// Puts the rows of the good texts where the texts are.
std::vector<float> Spread(std::vector<float> rows, const std::vector<absl::Status>& statuses, size_t dim) {
  if (rows.size() == statuses.size() * dim) return rows;
  std::vector<float> spread(statuses.size() * dim);
  auto from = rows.begin();
  for (size_t i = 0; i < statuses.size(); ++i) {
    if (!statuses[i].ok()) continue;
    std::copy_n(from, dim, spread.begin() + i * dim);
    from += dim;
  }
  return spread;
}

}  // namespace

void StartEmbed(const RpcContext& context, EmbedTask task, std::function<void(absl::StatusOr<EmbedResult>)> done) {
  if (task.texts.empty()) return done(EmbedResult());
  const absl::Time start = context.now();
  auto result = std::make_shared<EmbedResult>();
  absl::StatusOr<std::vector<Encoding>> sentences = TokenizeAll(context, task, *result);
  if (!sentences.ok()) return done(sentences.status());
  result->tokenize = context.now() - start;
  auto shared_done = std::make_shared<std::function<void(absl::StatusOr<EmbedResult>)>>(std::move(done));
  const absl::Status submitted = context.scheduler->Submit(
      {.sentences = *std::move(sentences),
       .options = task.options,
       .deadline = task.caller.deadline,
       .is_cancelled = std::move(task.caller.is_cancelled),
       .done = [&context, result, shared_done](absl::StatusOr<EncodeScheduler::Encoded> encoded) {
         if (!encoded.ok()) return (*shared_done)(encoded.status());
         result->rows = Spread(std::move(encoded->rows), result->statuses, context.encoder->info().dim);
         result->queue = encoded->queued;
         result->encode = encoded->encoding;
         (*shared_done)(std::move(*result));
       }});
  if (!submitted.ok()) (*shared_done)(submitted);
}

void EmbedThenWork(const RpcContext& context, EmbedTask task, std::function<absl::Status(const EmbedResult&)> work,
                   std::function<void(absl::Status)> done) {
  const Caller caller = task.caller;
  StartEmbed(context, std::move(task),
             [&context, caller, work = std::move(work), done = std::move(done)](absl::StatusOr<EmbedResult> result) {
               if (!result.ok()) return done(result.status());
               for (const absl::Status& status : result->statuses) {
                 if (!status.ok()) return done(status);
               }
               auto embedded = std::make_shared<const EmbedResult>(*std::move(result));
               const absl::Status submitted = context.work->Submit([&context, caller, work, done, embedded] {
                 const absl::Status waiting = caller.Check(context.now());
                 done(waiting.ok() ? work(*embedded) : waiting);
               });
               if (!submitted.ok()) done(submitted);
             });
}

}  // namespace senvec
