#include "kernels/gemm.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/check.h"
#include "base/mutex.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace senvec {
namespace {

using dnnl::memory;

// Largest first; the last is the one that the others have to agree with.
constexpr std::array<int64_t, 3> kBlockRows = {256, 64, PackedMatrix::kRowBlock};

memory::desc RowMajor(int64_t rows, int64_t columns) {
  return {{rows, columns}, memory::data_type::f32, memory::format_tag::ab};
}

// OpenMP's thread count belongs to the calling thread; parallel work is our own pool's affair.
void KeepToThisThread() { omp_set_num_threads(1); }

// One block size of one shape.
struct Block {
  int64_t rows;
  dnnl::matmul::primitive_desc description;
  dnnl::matmul primitive;
};

struct Shape {
  int64_t in = 0;
  int64_t out = 0;
  bool has_bias = false;
  std::vector<Block> blocks;  // largest first
  memory::desc layout;        // of the weights
};

dnnl::matmul::primitive_desc Describe(const dnnl::engine& engine, int64_t rows, const Shape& shape,
                                      const memory::desc& weights) {
  dnnl::primitive_attr attributes;
  // Primitives are shared by threads, so that their scratch must not be their own.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (!shape.has_bias) {
    const dnnl::matmul::desc call(RowMajor(rows, shape.in), weights, RowMajor(rows, shape.out));
    return {call, attributes, engine};
  }
  const dnnl::matmul::desc call(RowMajor(rows, shape.in), weights, RowMajor(1, shape.out),
                                RowMajor(rows, shape.out));
  return {call, attributes, engine};
}

Shape MakeShape(const dnnl::engine& engine, int64_t in, int64_t out, bool has_bias) {
  Shape shape{.in = in, .out = out, .has_bias = has_bias, .blocks = {}, .layout = {}};
  const memory::desc any({in, out}, memory::data_type::f32, memory::format_tag::any);
  shape.layout = Describe(engine, kBlockRows[1], shape, any).weights_desc();
  for (int64_t rows : kBlockRows) {
    dnnl::matmul::primitive_desc description = Describe(engine, rows, shape, shape.layout);
    shape.blocks.push_back({rows, description, dnnl::matmul(description)});
  }
  return shape;
}

struct Operands {
  const float* x;
  const float* weights;
  const float* bias;
  float* y;
};

void Execute(const Block& block, const Shape& shape, const dnnl::engine& engine, dnnl::stream& stream,
             std::vector<char>& scratchpad, const Operands& operands) {
  const memory::desc scratch_layout = block.description.scratchpad_desc();
  if (scratchpad.size() < scratch_layout.get_size()) scratchpad.resize(scratch_layout.get_size());
  const auto at = [&](const memory::desc& layout, const float* data) {
    return memory(layout, engine, const_cast<float*>(data));
  };
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, at(RowMajor(block.rows, shape.in), operands.x)},
      {DNNL_ARG_WEIGHTS, at(shape.layout, operands.weights)},
      {DNNL_ARG_DST, at(RowMajor(block.rows, shape.out), operands.y)},
      {DNNL_ARG_SCRATCHPAD, memory(scratch_layout, engine, scratchpad.data())}};
  if (shape.has_bias) arguments.emplace(DNNL_ARG_BIAS, at(RowMajor(1, shape.out), operands.bias));
  block.primitive.execute(stream, arguments);
  stream.wait();
}

memory PackWeights(const dnnl::engine& engine, dnnl::stream& stream, const Shape& shape, const float* weight) {
  // out × in, row-major, read as in × out.
  memory plain({{shape.in, shape.out}, memory::data_type::f32, memory::format_tag::ba}, engine,
               const_cast<float*>(weight));
  memory packed(shape.layout, engine);
  dnnl::reorder(plain, packed).execute(stream, plain, packed);
  stream.wait();
  return packed;
}

// Drops the block sizes whose rows have other bits than the smallest block's, or differ among themselves.
void KeepAgreeingBlocks(const dnnl::engine& engine, dnnl::stream& stream, Shape& shape) {
  const auto noise = [state = uint32_t{12345}]() mutable {
    state = state * 1664525u + 1013904223u;
    return static_cast<float>(state >> 8) / (1 << 23) - 1.0f;
  };
  auto fill = [next = noise](std::vector<float>& values) mutable {
    for (float& value : values) value = next();
  };
  std::vector<float> weight(shape.in * shape.out), bias(shape.out), row(shape.in);
  fill(weight);
  fill(bias);
  fill(row);
  const memory packed = PackWeights(engine, stream, shape, weight.data());
  const auto result_row = [&](const Block& block, std::vector<float>& y) {
    std::vector<float> x;
    for (int64_t i = 0; i < block.rows; ++i) x.insert(x.end(), row.begin(), row.end());
    y.resize(block.rows * shape.out);
    std::vector<char> scratchpad;
    Execute(block, shape, engine, stream, scratchpad,
            {x.data(), static_cast<const float*>(packed.get_data_handle()), bias.data(), y.data()});
    for (int64_t i = 1; i < block.rows; ++i) {
      if (std::memcmp(y.data(), y.data() + i * shape.out, shape.out * sizeof(float)) != 0) return false;
    }
    return true;
  };
  std::vector<float> expected, y;
  SENVEC_CHECK(result_row(shape.blocks.back(), expected) && "equal rows of one block must give equal bits");
  std::erase_if(shape.blocks, [&](const Block& block) {
    if (block.rows == PackedMatrix::kRowBlock) return false;
    return !result_row(block, y) || std::memcmp(y.data(), expected.data(), shape.out * sizeof(float)) != 0;
  });
}

class Context : public GemmContext {
 public:
  const dnnl::engine& engine() const { return engine_; }

  std::shared_ptr<const Shape> GetShape(int64_t in, int64_t out, bool has_bias) {
    MutexLock lock(&mutex_);
    std::shared_ptr<const Shape>& known = shapes_[{in, out, has_bias}];
    if (known == nullptr) {
      auto shape = std::make_shared<Shape>(MakeShape(engine_, in, out, has_bias));
      dnnl::stream stream(engine_);
      KeepAgreeingBlocks(engine_, stream, *shape);
      known = std::move(shape);
    }
    return known;
  }

 private:
  const dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  Mutex mutex_;
  std::map<std::tuple<int64_t, int64_t, bool>, std::shared_ptr<const Shape>> shapes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<GemmContext> GemmContext::Create() { return std::make_shared<Context>(); }

struct GemmWorkspace::Impl {
  std::shared_ptr<GemmContext> context;  // keeps the engine
  dnnl::stream stream;
  std::vector<char> scratchpad;
};

GemmWorkspace::GemmWorkspace(std::shared_ptr<GemmContext> context) {
  dnnl::stream stream(static_cast<Context&>(*context).engine());
  impl_ = std::make_unique<Impl>(Impl{std::move(context), std::move(stream), {}});
}
GemmWorkspace::~GemmWorkspace() = default;
GemmWorkspace::GemmWorkspace(GemmWorkspace&&) noexcept = default;
GemmWorkspace& GemmWorkspace::operator=(GemmWorkspace&&) noexcept = default;

struct PackedMatrix::Impl {
  dnnl::engine engine;
  std::shared_ptr<const Shape> shape;
  memory weights;
  std::vector<float> bias;
};

PackedMatrix::PackedMatrix(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PackedMatrix::~PackedMatrix() = default;
PackedMatrix::PackedMatrix(PackedMatrix&&) noexcept = default;
PackedMatrix& PackedMatrix::operator=(PackedMatrix&&) noexcept = default;

PackedMatrix PackedMatrix::Pack(absl::Span<const float> weight, absl::Span<const float> bias, int64_t out,
                                int64_t in, GemmContext& context) {
  SENVEC_CHECK(static_cast<int64_t>(weight.size()) == in * out);
  SENVEC_CHECK(bias.empty() || static_cast<int64_t>(bias.size()) == out);
  KeepToThisThread();
  auto& shared = static_cast<Context&>(context);
  auto impl = std::make_unique<Impl>();
  impl->engine = shared.engine();
  impl->shape = shared.GetShape(in, out, !bias.empty());
  dnnl::stream stream(impl->engine);
  impl->weights = PackWeights(impl->engine, stream, *impl->shape, weight.data());
  impl->bias.assign(bias.begin(), bias.end());
  return PackedMatrix(std::move(impl));
}

int64_t PackedMatrix::in() const { return impl_->shape->in; }
int64_t PackedMatrix::out() const { return impl_->shape->out; }

void PackedMatrix::Multiply(const float* x, int64_t rows, GemmWorkspace& workspace, float* y) const {
  KeepToThisThread();
  const Shape& shape = *impl_->shape;
  const float* weights = static_cast<const float*>(impl_->weights.get_data_handle());
  int64_t left = PaddedRows(rows);
  while (left > 0) {
    const auto block = std::find_if(shape.blocks.begin(), shape.blocks.end(),
                                    [left](const Block& candidate) { return candidate.rows <= left; });
    Execute(*block, shape, impl_->engine, workspace.impl_->stream, workspace.impl_->scratchpad,
            {x, weights, impl_->bias.data(), y});
    x += block->rows * shape.in;
    y += block->rows * shape.out;
    left -= block->rows;
  }
}

}  // namespace senvec
