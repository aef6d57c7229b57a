#pragma once

#include <cstdio>
#include <cstdlib>

// Aborts with file, line and message when a promise that our own code makes is broken. Never for anything
// that can come from a file, a client or the environment: those get an absl::Status.
#define SENVEC_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);     \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
