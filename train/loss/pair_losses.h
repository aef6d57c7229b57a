#pragma once

#include <ATen/core/Tensor.h>

namespace senvec {

// Losses of pairs of vectors. Vectors are n × dim and need not be normalised; all results are scalars of their type,
// with autograd.

// The cosine of each row of `a` with the same row of `b`: [n]. A vector of length 0 has cosine 0.
at::Tensor RowCosines(const at::Tensor& a, const at::Tensor& b);
// Rows of length 1.
at::Tensor Normalized(const at::Tensor& vectors);

// CoSENT (kexue.fm 8847; METHODS 2.1): log(1 + Σ exp(scale·(s_q − s_p))) over all p, q with label_p > label_q, for scores
// of any kind: cosines, or a cross-encoder's. scores, labels: [n]. Equal labels are not compared, so the loss is 0 where all
// are equal.
at::Tensor CoSentLoss(const at::Tensor& scores, const at::Tensor& labels, double scale);

// mean (cos − label)²: what CoSENT replaces.
at::Tensor CosineLoss(const at::Tensor& cosines, const at::Tensor& labels);

// The features of Sentence-BERT's head: [u, v, |u − v|], n × 3·dim.
at::Tensor SentenceBertFeatures(const at::Tensor& u, const at::Tensor& v);

}  // namespace senvec
