#pragma once

#include <ATen/core/Tensor.h>

namespace senvec {

// Losses of rows that belong to classes. targets: int64 [n] in [0, classes).

// mean −log softmax of the target. logits: n × classes.
at::Tensor CrossEntropyLoss(const at::Tensor& logits, const at::Tensor& targets);

// EXACT (METHODS 9; kexue.fm 9098): 1 − mean P(the target is the largest of logits + ε), ε of independent standard normals:
// the accuracy itself, made smooth. P = ∫ φ(t)·Π Φ(t + z_target − z_i) dt, by the trapezoid rule on [−8, 8], which is
// exact to 1e-12 here.
at::Tensor ExactLoss(const at::Tensor& logits, const at::Tensor& targets);

// AM-Softmax (METHODS 4.1; kexue.fm 5743): cross-entropy of scale·cos(z, c_i), the target's cosine less `margin`. vectors: n × dim,
// classes: classes × dim; neither need be normalised.
at::Tensor AmSoftmaxLoss(const at::Tensor& vectors, const at::Tensor& classes, const at::Tensor& targets, double scale,
                         double margin);

// The margin that the triangle inequality asks for (METHODS 4.3; kexue.fm 8656): the mean diameter of a class, twice the mean
// distance 1 − cos of a vector from its class's, as far as these rows say; at most `limit`, which it is while classes are
// still loose.
double AdaptiveMargin(const at::Tensor& vectors, const at::Tensor& classes, const at::Tensor& targets, double limit);

}  // namespace senvec
