// Private to bitmap*.cc: where CRoaring's types are.
#pragma once

#include <roaring/roaring.h>

#include "base/check.h"
#include "index/filter/bitmap.h"

namespace senvec {

struct Bitmap::Rep {
  // Takes `from` over. CRoaring answers null only when memory is out.
  explicit Rep(roaring_bitmap_t* from) : set(from) { SENVEC_CHECK(from != nullptr); }
  ~Rep() { roaring_bitmap_free(set); }
  Rep(const Rep&) = delete;
  Rep& operator=(const Rep&) = delete;

  roaring_bitmap_t* const set;
};

}  // namespace senvec
