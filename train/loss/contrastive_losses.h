#pragma once

#include <ATen/core/Tensor.h>

namespace senvec {

// Losses in which the other rows of a batch are the negatives.
struct ContrastiveInput {
  at::Tensor a, b;      // n × dim: row i of b belongs to row i of a
  at::Tensor negatives;  // m × dim: negatives of every row of a beside b's; may be undefined
  // bool [n, n + m]: what is no negative of a row, since it has the same text as the row or its partner; the partner itself is
  // not looked at. Undefined = nothing.
  at::Tensor same;
  // bool [n, n]: the same for rows of b against a; used by both_ways only.
  at::Tensor same_back;
  double scale = 20;  // of cosines
  bool both_ways = true;
};

// mean −log softmax of the partner among all of b and the negatives; with both_ways the mean of this and of b among a.
at::Tensor ContrastiveLoss(const ContrastiveInput& input);

// FlatNCE (METHODS 9; kexue.fm 8586): the same without the partner in the sum: logsumexp over negatives of s_i − s_t. Its
// gradient does not vanish in fp32 when the loss is near its end; the value may be negative. Needs a negative for each row.
at::Tensor FlatNceLoss(const ContrastiveInput& input);

// SimCSE is ContrastiveLoss() of two passes of the same texts, with both_ways off.

}  // namespace senvec
