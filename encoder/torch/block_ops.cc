#include "encoder/torch/block_ops.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/check.h"
#include "encoder/torch/dropout_hash.h"
#include "encoder/torch/fused_loops.h"

namespace senvec {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool IsFused(const at::Tensor& x) {
  return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}
bool IsBf16(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }
// The bias and norms that go with fused rows.
const float* Floats(const at::Tensor& x) { return x.data_ptr<float>(); }

// Rows in parts whose number does not depend on that of the threads, so that sums over rows do not either.
struct Parts {
  explicit Parts(int64_t total) : rows(total), count(std::clamp<int64_t>(rows / 48, 1, 64)) {}
  int64_t begin(int64_t part) const { return rows * part / count; }
  const int64_t rows;
  const int64_t count;

  // body(part, first row, end)
  template <typename Body>
  void ForEach(Body body) const {
    at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
      for (int64_t part = first; part < last; ++part) body(part, begin(part), begin(part + 1));
    });
  }
};

// Sums of each part, then of all, in the parts' order.
class PartSums {
 public:
  PartSums(const Parts& parts, int64_t width) : sums_(at::zeros({parts.count, width}, at::kFloat)) {}
  float* of(int64_t part) { return sums_.data_ptr<float>() + part * sums_.size(1); }
  at::Tensor Total() const { return sums_.sum(0); }

 private:
  at::Tensor sums_;
};

// What a saved pointer and a row offset give, whatever the type.
template <typename Pointer>
Pointer* At(Pointer* base, int64_t values, bool bf16) {
  using Byte = std::conditional_t<std::is_const_v<Pointer>, const char, char>;
  return static_cast<Byte*>(base) + values * (bf16 ? 2 : 4);
}

FusedLoops::Act ActOf(Activation activation) {
  switch (activation) {
    case Activation::kGeluErf: return FusedLoops::kGeluErf;
    case Activation::kGeluTanh: return FusedLoops::kGeluTanh;
    case Activation::kRelu: return FusedLoops::kRelu;
    case Activation::kSilu: return FusedLoops::kSilu;
    case Activation::kTanh: return FusedLoops::kTanh;
    case Activation::kIdentity: return FusedLoops::kIdentity;
  }
  SENVEC_CHECK(false && "unknown Activation");
}

struct FusedBiasActivation : torch::autograd::Function<FusedBiasActivation> {
  static at::Tensor forward(AutogradContext* context, at::Tensor x, const at::Tensor& bias, int64_t activation) {
    x = x.contiguous();
    at::Tensor y = at::empty_like(x);
    const int64_t width = x.size(1);
    const bool bf16 = IsBf16(x);
    const auto act = static_cast<FusedLoops::Act>(activation);
    Parts(x.size(0)).ForEach([&](int64_t, int64_t begin, int64_t end) {
      BestFusedLoops().activate(At<const void>(x.data_ptr(), begin * width, bf16), Floats(bias), end - begin, width,
                                act, bf16, At<void>(y.data_ptr(), begin * width, bf16));
    });
    context->save_for_backward({x, bias});
    context->saved_data["activation"] = activation;
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &bias = saved[1];
    const at::Tensor dy = gradients[0].contiguous();
    const auto act = static_cast<FusedLoops::Act>(context->saved_data["activation"].toInt());
    const int64_t width = x.size(1);
    const bool bf16 = IsBf16(x);
    at::Tensor dx = at::empty_like(x);
    const Parts parts(x.size(0));
    PartSums sums(parts, width);
    parts.ForEach([&](int64_t part, int64_t begin, int64_t end) {
      const int64_t first = begin * width;
      BestFusedLoops().activate_back(At<const void>(dy.data_ptr(), first, bf16),
                                     At<const void>(x.data_ptr(), first, bf16), Floats(bias), end - begin, width, act,
                                     bf16, At<void>(dx.data_ptr(), first, bf16), sums.of(part));
    });
    return {dx, sums.Total(), at::Tensor()};
  }
};

struct FusedResidualNorm : torch::autograd::Function<FusedResidualNorm> {
  static FusedLoops::Norm Settings(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& weight,
                                   const at::Tensor& shift, double epsilon, const Drop& drop) {
    return {.width = x.size(1),
            .bias = Floats(bias),
            .weight = Floats(weight),
            .shift = Floats(shift),
            .epsilon = static_cast<float>(epsilon),
            .site = drop.site,
            .first_row = drop.first_row,
            .threshold = DropoutHash::Threshold(drop.probability),
            .kept = static_cast<float>(1 / (1 - drop.probability)),
            .bf16 = IsBf16(x)};
  }
  static at::Tensor forward(AutogradContext* context, at::Tensor x, const at::Tensor& bias, at::Tensor residual,
                            const at::Tensor& weight, const at::Tensor& shift, double epsilon, double probability,
                            int64_t site, int64_t first_row) {
    x = x.contiguous();
    residual = residual.contiguous();
    at::Tensor sum = at::empty_like(x), y = at::empty_like(x);
    at::Tensor mean = at::empty({x.size(0)}, at::kFloat), rstd = at::empty({x.size(0)}, at::kFloat);
    const FusedLoops::Norm norm = Settings(
        x, bias, weight, shift, epsilon, {probability, static_cast<uint64_t>(site), first_row});
    Parts(x.size(0)).ForEach([&](int64_t, int64_t begin, int64_t end) {
      BestFusedLoops().norm(norm, begin, end, x.data_ptr(), residual.data_ptr(),
                            sum.data_ptr(), mean.data_ptr<float>(), rstd.data_ptr<float>(), y.data_ptr());
    });
    context->save_for_backward({bias, weight, shift, sum, mean, rstd});
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["probability"] = probability;
    context->saved_data["site"] = site;
    context->saved_data["first_row"] = first_row;
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& sum = saved[3];
    const at::Tensor dy = gradients[0].contiguous();
    const FusedLoops::Norm norm =
        Settings(sum, saved[0], saved[1], saved[2], context->saved_data["epsilon"].toDouble(),
                 {context->saved_data["probability"].toDouble(),
                  static_cast<uint64_t>(context->saved_data["site"].toInt()),
                  context->saved_data["first_row"].toInt()});
    at::Tensor dresidual = at::empty_like(sum), dx = at::empty_like(sum);
    const Parts parts(sum.size(0));
    PartSums sums(parts, 3 * norm.width);
    parts.ForEach([&](int64_t part, int64_t begin, int64_t end) {
      BestFusedLoops().norm_back(norm, begin, end, dy.data_ptr(), sum.data_ptr(), Floats(saved[4]),
                                 Floats(saved[5]), dresidual.data_ptr(), dx.data_ptr(), sums.of(part));
    });
    const at::Tensor total = sums.Total();
    return {dx, total.narrow(0, 0, norm.width), dresidual, total.narrow(0, norm.width, norm.width),
            total.narrow(0, 2 * norm.width, norm.width), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

// What attention needs beside its tensors; kept until the backward pass.
struct AttentionPlan : torch::CustomClassHolder {
  FusedLoops::Attention settings{};
  at::Tensor cos, sin;
  std::vector<int32_t> offsets, visible;
  int32_t longest = 0;

  // body(settings for the sequence, first row, length, head, scratch) for every sequence and head.
  template <typename Body>
  void ForEachHead(const at::Tensor& bias, Body body) const {
    const int64_t heads = settings.heads, items = (static_cast<int64_t>(offsets.size()) - 1) * heads;
    const size_t floats = BestFusedLoops().attention_scratch(longest, settings.head_size);
    at::parallel_for(0, items, 1, [&](int64_t first, int64_t last) {
      const std::unique_ptr<float, decltype(&std::free)> scratch(
          static_cast<float*>(std::aligned_alloc(64, floats * sizeof(float))), &std::free);
      for (int64_t item = first; item < last; ++item) {
        const int32_t begin = offsets[item / heads];
        FusedLoops::Attention own = settings;
        own.bias = Floats(bias);
        own.visible = visible.empty() ? nullptr : visible.data() + begin;
        body(own, begin, offsets[item / heads + 1] - begin, item % heads, scratch.get());
      }
    });
  }
};

struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static at::Tensor forward(AutogradContext* context, at::Tensor qkv, const at::Tensor& bias,
                            const c10::intrusive_ptr<AttentionPlan>& plan) {
    qkv = qkv.contiguous();
    at::Tensor out = at::empty({qkv.size(0), qkv.size(1) / 3}, qkv.options());
    plan->ForEachHead(bias, [&](const FusedLoops::Attention& own, int64_t begin, int64_t length, int64_t head,
                                float* scratch) {
      BestFusedLoops().attention(own, begin, length, head, qkv.data_ptr(), out.data_ptr(), scratch);
    });
    context->save_for_backward({qkv, bias});
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& qkv = saved[0];
    const at::Tensor dout = gradients[0].contiguous();
    const auto plan = c10::static_intrusive_pointer_cast<AttentionPlan>(context->saved_data["plan"].toCapsule());
    at::Tensor dqkv = at::empty_like(qkv);
    plan->ForEachHead(saved[1], [&](const FusedLoops::Attention& own, int64_t begin, int64_t length, int64_t head,
                                    float* scratch) {
      BestFusedLoops().attention_back(own, begin, length, head, qkv.data_ptr(), dout.data_ptr(),
                                      dqkv.data_ptr(), scratch);
    });
    const Parts parts(qkv.size(0));
    const int64_t width = qkv.size(1);
    PartSums sums(parts, width);
    parts.ForEach([&](int64_t part, int64_t begin, int64_t end) {
      BestFusedLoops().column_sums(At<const void>(dqkv.data_ptr(), begin * width, IsBf16(qkv)), end - begin, width,
                                   IsBf16(qkv), sums.of(part));
    });
    return {dqkv, sums.Total(), at::Tensor()};
  }
};

struct FusedSequenceMean : torch::autograd::Function<FusedSequenceMean> {
  static at::Tensor forward(AutogradContext* context, at::Tensor rows, const std::vector<int64_t>& offsets) {
    rows = rows.contiguous();
    const int64_t sequences = static_cast<int64_t>(offsets.size()) - 1, width = rows.size(1);
    at::Tensor out = at::empty({sequences, width}, rows.options());
    const bool bf16 = IsBf16(rows);
    at::parallel_for(0, sequences, 1, [&](int64_t first, int64_t last) {
      for (int64_t s = first; s < last; ++s) {
        BestFusedLoops().mean(At<const void>(rows.data_ptr(), offsets[s] * width, bf16), offsets[s + 1] - offsets[s],
                              width, bf16, At<void>(out.data_ptr(), s * width, bf16));
      }
    });
    context->saved_data["offsets"] = offsets;
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const std::vector<int64_t> offsets = context->saved_data["offsets"].toIntVector();
    const at::Tensor gradient = gradients[0].contiguous();
    const int64_t sequences = gradient.size(0), width = gradient.size(1);
    at::Tensor dx = at::empty({offsets.back(), width}, gradient.options());
    const bool bf16 = IsBf16(gradient);
    at::parallel_for(0, sequences, 1, [&](int64_t first, int64_t last) {
      for (int64_t s = first; s < last; ++s) {
        BestFusedLoops().mean_back(At<const void>(gradient.data_ptr(), s * width, bf16), offsets[s + 1] - offsets[s],
                                   width, bf16, At<void>(dx.data_ptr(), offsets[s] * width, bf16));
      }
    });
    return {dx, at::Tensor()};
  }
};

}  // namespace

at::Tensor BiasActivation(const at::Tensor& x, const at::Tensor& bias, Activation activation) {
  if (!IsFused(x)) return reference::BiasActivation(x, bias, activation);
  return FusedBiasActivation::apply(x, bias, static_cast<int64_t>(ActOf(activation)));
}

at::Tensor ResidualNorm(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                        const NormArguments& norm, const Drop& drop) {
  if (!IsFused(x)) return reference::ResidualNorm(x, bias, residual, norm, drop);
  return FusedResidualNorm::apply(x, bias, residual, norm.weight, norm.bias, norm.epsilon,
                                  drop.probability, static_cast<int64_t>(drop.site), drop.first_row);
}

at::Tensor PackedAttention(const at::Tensor& qkv, const at::Tensor& bias, const AttentionShape& shape,
                           const TokenBatch& batch, const Drop& drop) {
  if (batch.layout != nullptr) {
    SENVEC_CHECK(drop.probability == 0);
    return padded::Attention(qkv, bias, shape, batch);
  }
  if (!IsFused(qkv)) return reference::PackedAttention(qkv, bias, shape, batch, drop);
  auto plan = c10::make_intrusive<AttentionPlan>();
  plan->cos = shape.cos;
  plan->sin = shape.sin;
  plan->settings = {.heads = shape.heads,
                    .head_size = shape.head_size,
                    .cos = shape.cos.defined() ? Floats(shape.cos) : nullptr,
                    .sin = shape.sin.defined() ? Floats(shape.sin) : nullptr,
                    .rotate_value = shape.rotate_value,
                    .site = drop.site,
                    .first_row = drop.first_row,
                    .threshold = DropoutHash::Threshold(drop.probability),
                    .kept = static_cast<float>(1 / (1 - drop.probability)),
                    .bf16 = IsBf16(qkv)};
  plan->offsets = batch.offsets;
  plan->visible = batch.visible;
  plan->longest = batch.longest;
  return FusedAttention::apply(qkv, bias, plan);
}

at::Tensor SequenceMean(const at::Tensor& rows, const TokenBatch& batch) {
  if (batch.layout != nullptr) return padded::SequenceMean(rows, batch);
  const std::vector<int64_t> offsets(batch.offsets.begin(), batch.offsets.end());
  if (IsFused(rows)) return FusedSequenceMean::apply(rows, offsets);
  std::vector<at::Tensor> means;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    means.push_back(rows.narrow(0, offsets[s], offsets[s + 1] - offsets[s]).mean(0));
  }
  return at::stack(means);
}

}  // namespace senvec
