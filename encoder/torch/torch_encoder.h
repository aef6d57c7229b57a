#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/thread_pool.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// A SentenceEncoder whose transformer, pooling and Dense modules are libtorch's, on `device`: "cpu", "cuda" or "cuda:N".
// Packed rows; on the CPU through the trainer's loops, on a GPU through padded attention.
//
// options.precision: "fp32", "bf16", or "auto": bf16 on a GPU when it passes the self-check, else fp32. int8 and
// options.isa are the CPU engine's alone.
//
// Before it is returned it encodes 32 sentences beside our CPU engine in fp32; FailedPrecondition names device, precision
// and the lowest cosine when one differs by more than that precision may (cosine 0.99999 for fp32, 0.999 for bf16). The
// CPU engine is let go of afterwards. Unavailable when there is no such device, InvalidArgument for another name.
//
// Safe for concurrent use. On a GPU the same text may get other last bits in another batch.
absl::StatusOr<std::unique_ptr<SentenceEncoder>> LoadTorchEncoder(const std::string& directory, const std::string& device,
                                                                  const LoadOptions& options, ThreadPool* pool);

}  // namespace senvec
