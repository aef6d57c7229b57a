#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "eval/run.h"
#include "senvec/v1/evaluation.pb.h"
#include "service/rpc/caller.h"
#include "service/rpc/evaluation_intake.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Measures the server's model over its scheduler, on the calling thread and context.pool; takes as long as it takes.
// `progress` is called now and then, on the calling thread. Cancelled and DeadlineExceeded when the caller has left;
// errors of RunSuites(). Needs no gRPC.
absl::StatusOr<RunReport> RunEvaluation(const RpcContext& context, const Evaluation& evaluation, const Caller& caller,
                                        const std::function<void(const v1::EvaluationProgress&)>& progress);

// The report in short.
v1::EvaluationSummary SummaryMessage(const nlohmann::json& report);

}  // namespace senvec
