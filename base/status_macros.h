#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expr`, an absl::Status, is not OK.
#define SENVEC_RETURN_IF_ERROR(expr)                        \
  do {                                                      \
    if (absl::Status senvec_status_ = (expr); !senvec_status_.ok()) return senvec_status_; \
  } while (false)

#define SENVEC_CONCAT_INNER_(a, b) a##b
#define SENVEC_CONCAT_(a, b) SENVEC_CONCAT_INNER_(a, b)
#define SENVEC_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                                  \
  if (!tmp.ok()) return tmp.status();                 \
  lhs = std::move(tmp).value()

// SENVEC_ASSIGN_OR_RETURN(auto x, Foo()): declares or assigns the value of a StatusOr, or returns its error.
#define SENVEC_ASSIGN_OR_RETURN(lhs, expr) \
  SENVEC_ASSIGN_OR_RETURN_IMPL_(SENVEC_CONCAT_(senvec_statusor_, __LINE__), lhs, expr)
