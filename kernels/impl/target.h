#pragma once

// Everything between the pair may use the named instruction sets, and nothing else in the file or program does:
// a per-file -m flag would leak them into shared templates and crash older CPUs, depending on link order.
#define SENVEC_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define SENVEC_TARGET_BEGIN(isa) \
  SENVEC_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define SENVEC_TARGET_END SENVEC_PRAGMA(clang attribute pop)
#else
#define SENVEC_TARGET_BEGIN(isa) SENVEC_PRAGMA(GCC push_options) SENVEC_PRAGMA(GCC target(isa))
#define SENVEC_TARGET_END SENVEC_PRAGMA(GCC pop_options)
#endif
