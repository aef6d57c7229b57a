#pragma once

namespace senvec {

// Threads are our pool's affair: BLAS stays at the caller's. The setting is the process's and stays.
void KeepBlasToThisThread();

}  // namespace senvec
