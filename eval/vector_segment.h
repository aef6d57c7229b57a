#pragma once

#include <string>

#include "eval/vector_cache.h"

namespace senvec {

// The bytes that ParseVectorSegment() takes. The sizes of hashes and rows fit count and dim.
std::string WriteVectorSegment(const VectorSegment& segment);

}  // namespace senvec
