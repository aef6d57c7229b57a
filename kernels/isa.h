#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// Instruction sets that our loops are built for, from the one every CPU has upwards.
enum class Isa {
  kBaseline,
  kAvx2,        // with FMA and half floats (F16C)
  kAvx512,      // F, BW, DQ, VL
  kAvx512Vnni,  // u8·s8 products
  kAvx512Bf16,  // and bfloat16 products
};

absl::string_view IsaName(Isa isa);  // "baseline", "avx2", "avx512", "avx512_vnni", "avx512_bf16"

// Those this CPU and its operating system can run, ascending. Never empty.
std::vector<Isa> SupportedIsas();

// The best supported one, or the one that `forced` names (the environment variable SENVEC_ISA; empty = best).
// InvalidArgument for an unknown name, FailedPrecondition for one that this CPU lacks; both list what is there.
absl::StatusOr<Isa> SelectIsa(absl::string_view forced);

}  // namespace senvec
