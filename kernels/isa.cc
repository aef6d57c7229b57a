#include "kernels/isa.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "kernels/kernels.h"

namespace senvec {

extern const Kernels kBaselineKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512VnniKernels;
extern const Kernels kAvx512Bf16Kernels;
#endif

namespace {

constexpr std::array<Isa, 5> kAll = {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAvx512Bf16};

// Each needs what the one before it needs.
bool CpuAdds(Isa isa) {
#if defined(__x86_64__)
  // These look at XCR0 too: an operating system that does not save the registers counts as a lack.
  switch (isa) {
    case Isa::kBaseline:
      return true;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case Isa::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::kAvx512Vnni:
      return __builtin_cpu_supports("avx512vnni");
    case Isa::kAvx512Bf16:
      return __builtin_cpu_supports("avx512bf16");
  }
#endif
  return isa == Isa::kBaseline;
}

}  // namespace

absl::string_view IsaName(Isa isa) {
  switch (isa) {
    case Isa::kBaseline:
      return "baseline";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Vnni:
      return "avx512_vnni";
    case Isa::kAvx512Bf16:
      return "avx512_bf16";
  }
  SENVEC_CHECK(false && "unknown Isa");
}

std::vector<Isa> SupportedIsas() {
  std::vector<Isa> isas;
  for (Isa isa : kAll) {
    if (!CpuAdds(isa)) break;
    isas.push_back(isa);
  }
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
  const std::string message = absl::StrCat("SENVEC_ISA is \"", forced, "\"; this CPU has ", names);
  for (Isa isa : kAll) {
    if (IsaName(isa) == forced) return absl::FailedPreconditionError(message);
  }
  return absl::InvalidArgumentError(message);
}

const Kernels& KernelsFor(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2:
      return kAvx2Kernels;
    case Isa::kAvx512:
      return kAvx512Kernels;
    case Isa::kAvx512Vnni:
      return kAvx512VnniKernels;
    case Isa::kAvx512Bf16:
      return kAvx512Bf16Kernels;
#endif
    default:
      return kBaselineKernels;
  }
}

size_t AttentionScratchSize(size_t n, size_t head_size) {
  constexpr size_t kMostQueries = 32, kCacheLine = 16;
  // Queries and results, scores, pairs of values, and up to a cache line before each of the parts.
  return kMostQueries * (2 * head_size + n) + (n + 1) / 2 * head_size + 2 * kCacheLine;
}

}  // namespace senvec
