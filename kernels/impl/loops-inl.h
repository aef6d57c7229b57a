// All loops, once for each instruction set; see vector-inl.h for how this file is included.
#include "kernels/impl/math-inl.h"
#include "kernels/impl/kernels-inl.h"
#include "kernels/impl/convert-inl.h"
#include "kernels/impl/gemm-inl.h"
#include "kernels/impl/attention-inl.h"
#include "kernels/impl/table-inl.h"
