#include "train/loss/contrastive_losses.h"

#include <limits>

#include <ATen/ATen.h>

#include "train/loss/pair_losses.h"

namespace senvec {
namespace {

// scale · cosines of each row of `a` with all of `b` and `negatives`; −∞ where `same`, apart from the diagonal.
at::Tensor Scores(const at::Tensor& a, const at::Tensor& candidates, const at::Tensor& same, double scale) {
  at::Tensor scores = at::matmul(Normalized(a), Normalized(candidates).t()) * scale;
  if (!same.defined()) return scores;
  const at::Tensor partner = at::eye(scores.size(0), scores.size(1), same.options()).to(at::kBool);
  return scores.masked_fill(at::logical_and(same, at::logical_not(partner)),
                            -std::numeric_limits<double>::infinity());
}

using OneWay = at::Tensor (*)(const at::Tensor& scores);

at::Tensor SoftmaxOneWay(const at::Tensor& scores) {
  return (at::logsumexp(scores, 1) - scores.diagonal()).mean();
}

at::Tensor FlatOneWay(const at::Tensor& scores) {
  const at::Tensor partner = at::eye(scores.size(0), scores.size(1), scores.options()).to(at::kBool);
  const at::Tensor others = scores.masked_fill(partner, -std::numeric_limits<double>::infinity());
  return (at::logsumexp(others, 1) - scores.diagonal()).mean();
}

at::Tensor Both(const ContrastiveInput& input, OneWay one_way) {
  const at::Tensor candidates = input.negatives.defined() ? at::cat({input.b, input.negatives}) : input.b;
  const at::Tensor forth = one_way(Scores(input.a, candidates, input.same, input.scale));
  if (!input.both_ways) return forth;
  return (forth + one_way(Scores(input.b, input.a, input.same_back, input.scale))) / 2;
}

}  // namespace

at::Tensor ContrastiveLoss(const ContrastiveInput& input) { return Both(input, SoftmaxOneWay); }
at::Tensor FlatNceLoss(const ContrastiveInput& input) { return Both(input, FlatOneWay); }

}  // namespace senvec
