#include "encoder/whitening/one_blas_thread.h"

// OpenBLAS's own switch; absent when another BLAS stands in for it.
extern "C" void openblas_set_num_threads(int num_threads) __attribute__((weak));

namespace senvec {

void KeepBlasToThisThread() {
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
}

}  // namespace senvec
