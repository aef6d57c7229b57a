#include "kernels/isa.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "kernels/kernels.h"

namespace senvec {

extern const Kernels kBaselineKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

absl::string_view IsaName(Isa isa) {
  switch (isa) {
    case Isa::kBaseline:
      return "baseline";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  SENVEC_CHECK(false && "unknown Isa");
}

std::vector<Isa> SupportedIsas() {
  std::vector<Isa> isas = {Isa::kBaseline};
#if defined(__x86_64__)
  // These look at XCR0 too: an operating system that does not save the registers counts as a lack.
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    isas.push_back(Isa::kAvx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      isas.push_back(Isa::kAvx512);
    }
  }
#endif
  return isas;
}

absl::StatusOr<Isa> SelectIsa(absl::string_view forced) {
  const std::vector<Isa> supported = SupportedIsas();
  if (forced.empty()) return supported.back();
  std::string names;
  for (Isa isa : supported) {
    if (IsaName(isa) == forced) return isa;
    absl::StrAppend(&names, names.empty() ? "" : ", ", IsaName(isa));
  }
  const bool known = forced == IsaName(Isa::kAvx2) || forced == IsaName(Isa::kAvx512);
  const std::string message = absl::StrCat("SENVEC_ISA is \"", forced, "\"; this CPU has ", names);
  return known ? absl::FailedPreconditionError(message) : absl::InvalidArgumentError(message);
}

const Kernels& KernelsFor(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return kAvx512Kernels;
  if (isa == Isa::kAvx2) return kAvx2Kernels;
#endif
  return kBaselineKernels;
}

size_t AttentionScratchSize(size_t n, size_t head_size) {
  constexpr size_t kMaxLanes = 16, kQueries = 4;
  const size_t n_padded = (n + kMaxLanes - 1) / kMaxLanes * kMaxLanes;
  const size_t d_padded = (head_size + kMaxLanes - 1) / kMaxLanes * kMaxLanes;
  // Kᵀ, V, four queries, their scores, their results.
  return head_size * n_padded + n * d_padded + kQueries * (head_size + n_padded + d_padded);
}

}  // namespace senvec
