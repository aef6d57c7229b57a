#include "encoder/torch/torch_encoder.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "encoder/batch_plan.h"
#include "encoder/device_name.h"
#include "encoder/encoder_front.h"
#include "encoder/model_directory.h"
#include "encoder/self_test.h"
#include "encoder/torch/sentence_model.h"
#include "kernels/precision.h"

namespace senvec {
namespace {

// Tokens that go through a GPU together: enough to fill it, and some hundred MB of rows for a model of 768 values.
constexpr int32_t kGpuTokens = 16384;
// Lowest cosines to the CPU engine. libtorch rounds to bf16 after every operation, our engine's bf16 only what it
// multiplies: 0.99990 for MiniLM on a CPU, where ours has 0.99997.
constexpr double kFp32Cosine = 0.99999, kBf16Cosine = 0.999;

absl::StatusOr<at::Device> DeviceOf(const std::string& name) {
  SENVEC_ASSIGN_OR_RETURN(const DeviceName device, DeviceName::Parse(name));
  if (!device.is_cuda) return at::Device(at::kCPU);
  if (!at::hasCUDA()) {
    return absl::UnavailableError(absl::StrCat("device is \"", name, "\", but there is no CUDA: this libtorch was built "
                                               "without it, or sees no driver or no GPU; try `nvidia-smi`, and a libtorch with CUDA"));
  }
  const int32_t count = static_cast<int32_t>(at::detail::getCUDAHooks().getNumGPUs());
  if (device.index >= count) {
    return absl::UnavailableError(absl::StrCat("device is \"", name, "\", but there are ", count, " GPUs, counted from 0"));
  }
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index));
}

class TorchSentenceEncoder : public EncoderFront {
 public:
  TorchSentenceEncoder(ModelInfo info, std::unique_ptr<const Tokenizer> tokenizer, std::unique_ptr<TorchSentenceModel> model,
                       std::optional<Whitening> whitening, at::Device device, at::ScalarType type, ThreadPool* pool)
      : EncoderFront(std::move(info), std::move(tokenizer), LimitsOf(model->config()), pool),
        model_(std::move(model)),
        whitening_(std::move(whitening)),
        device_(device),
        type_(type) {}

  absl::Status Encode(absl::Span<const Encoding* const> sentences, const EncodeOptions& options,
                      absl::Span<float> out) const override;
  using EncoderFront::SetPrecisionReport;

 private:
  static Limits LimitsOf(const ModelConfig& config) {
    return {.positions = config.max_position_embeddings - config.position_offset,
            .vocab_size = config.vocab_size,
            .type_vocab_size = config.type_vocab_size};
  }
  // Vectors as the model gives them: fp32 [chunk, model dim], on the CPU.
  at::Tensor Vectors(absl::Span<const Encoding* const> sentences, absl::Span<const int32_t> chunk) const;

  const std::unique_ptr<const TorchSentenceModel> model_;
  const std::optional<Whitening> whitening_;
  const at::Device device_;
  const at::ScalarType type_;
};

at::Tensor TorchSentenceEncoder::Vectors(absl::Span<const Encoding* const> sentences, absl::Span<const int32_t> chunk) const {
  std::vector<int32_t> ids, types, lengths;
  for (int32_t index : chunk) {
    const Encoding& sentence = *sentences[static_cast<size_t>(index)];
    ids.insert(ids.end(), sentence.ids.begin(), sentence.ids.end());
    types.insert(types.end(), sentence.type_ids.begin(), sentence.type_ids.end());
    lengths.push_back(static_cast<int32_t>(sentence.ids.size()));
  }
  TokenBatch batch = TokenBatch::Make(model_->config(), ids, types, lengths);
  if (!device_.is_cpu()) batch.Pad(device_);
  return model_->Encode(batch, {.compute = type_}).to(at::kCPU, at::kFloat).contiguous();
}

absl::Status TorchSentenceEncoder::Encode(absl::Span<const Encoding* const> sentences, const EncodeOptions& options,
                                          absl::Span<float> out) const {
  const auto dim = static_cast<size_t>(info().dim);
  SENVEC_CHECK(out.size() == sentences.size() * dim);
  SENVEC_RETURN_IF_ERROR(Check(sentences));
  std::vector<int32_t> lengths;
  int64_t total = 0;
  for (const Encoding* sentence : sentences) {
    lengths.push_back(static_cast<int32_t>(sentence->ids.size()));
    total += lengths.back();
  }
  BatchPlan plan;
  plan.Make(lengths, device_.is_cpu() ? ChunkTokens(total, 1) : kGpuTokens);
  const bool normalize = options.normalize.value_or(info().normalize);
  const at::NoGradGuard no_gradients;
  for (size_t c = 0; c < plan.num_chunks(); ++c) {
    const absl::Span<const int32_t> chunk = plan.chunk(c);
    at::Tensor vectors;
    try {
      vectors = Vectors(sentences, chunk);
    } catch (const std::exception& error) {  // of libtorch: most of all, a GPU without memory
      return absl::ResourceExhaustedError(absl::StrCat("libtorch on ", device_.str(), ": ", error.what()));
    }
    const auto width = static_cast<size_t>(vectors.size(1));
    for (size_t i = 0; i < chunk.size(); ++i) {
      const absl::Span<const float> vector(vectors.data_ptr<float>() + i * width, width);
      const absl::Span<float> row = out.subspan(static_cast<size_t>(chunk[i]) * dim, dim);
      if (whitening_.has_value()) {
        whitening_->Apply(vector, row);
      } else {
        std::copy(vector.begin(), vector.end(), row.begin());
      }
      if (normalize) L2Normalize(row);
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> SelfTestTexts() {
  std::vector<std::string> texts;
  for (absl::string_view sentence : SelfTestSentences()) texts.emplace_back(sentence);
  return texts;
}

// What our CPU engine says of the model, and of the self-test's sentences.
struct Reference {
  ModelInfo info;
  std::vector<float> rows;
};

absl::StatusOr<Reference> AskCpuEngine(const std::string& directory, LoadOptions options, ThreadPool* pool) {
  options.precision = "fp32";
  SENVEC_ASSIGN_OR_RETURN(const auto engine, SentenceEncoder::Load(directory, options, pool));
  SENVEC_ASSIGN_OR_RETURN(auto encoded, engine->EncodeTexts(SelfTestTexts(), "", {}));
  return Reference{engine->info(), std::move(encoded.rows)};
}

// The encoder in one precision, or FailedPrecondition when it differs from the reference.
absl::StatusOr<std::unique_ptr<SentenceEncoder>> LoadChecked(const std::string& directory, at::Device device,
                                                             Precision precision, const LoadOptions& options,
                                                             const Reference& reference, ThreadPool* pool) {
  const at::ScalarType type = precision == Precision::kBf16 ? at::kBFloat16 : at::kFloat;
  SENVEC_ASSIGN_OR_RETURN(auto model, TorchSentenceModel::Open({.directory = directory, .pooling = reference.info.pooling}));
  try {
    model->parameters().PlaceForInference(device, type);
  } catch (const std::exception& error) {
    return absl::ResourceExhaustedError(absl::StrCat("the model does not go to ", device.str(), ": ", error.what()));
  }
  SENVEC_ASSIGN_OR_RETURN(const ModelDirectory files, ModelDirectory::Read(directory));
  SENVEC_ASSIGN_OR_RETURN(auto tokenizer, Tokenizer::FromDirectory(files.transformer_folder));
  std::optional<Whitening> whitening;
  if (!options.whitening_path.empty()) {
    SENVEC_ASSIGN_OR_RETURN(whitening, Whitening::Load(options.whitening_path));
  }
  ModelInfo info = reference.info;
  info.precision = std::string(PrecisionName(precision));
  info.isa = absl::StrCat("libtorch ", device.str());
  auto encoder = std::make_unique<TorchSentenceEncoder>(std::move(info), std::move(tokenizer), std::move(model),
                                                        std::move(whitening), device, type, pool);
  SENVEC_ASSIGN_OR_RETURN(const auto encoded, encoder->EncodeTexts(SelfTestTexts(), "", {}));
  const double lowest = LowestCosine(reference.rows, encoded.rows, encoder->info().dim);
  const double wanted = precision == Precision::kFp32 ? kFp32Cosine : kBf16Cosine;
  const std::string report =
      absl::StrFormat("%s on libtorch %s: lowest cosine to the CPU engine %.6f over %d sentences (%.5f is asked for)",
                      encoder->info().precision, device.str(), lowest, SelfTestSentences().size(), wanted);
  if (!(lowest >= wanted)) {
    return absl::FailedPreconditionError(
        absl::StrCat(report, "; take another precision, or leave the device out to use the CPU engine"));
  }
  encoder->SetPrecisionReport(report);
  return encoder;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SentenceEncoder>> LoadTorchEncoder(const std::string& directory, const std::string& device_name,
                                                                  const LoadOptions& options, ThreadPool* pool) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (options.precision == "int8") {
    return absl::InvalidArgumentError("precision int8 is the CPU engine's; with a device choose fp32, bf16 or auto");
  }
  SENVEC_ASSIGN_OR_RETURN(const at::Device device, DeviceOf(device_name));
  at::set_num_threads(pool->num_threads());
  SENVEC_ASSIGN_OR_RETURN(const Reference reference, AskCpuEngine(directory, options, pool));
  if (options.precision != "auto") {
    SENVEC_ASSIGN_OR_RETURN(const Precision precision, ParsePrecision(options.precision));
    return LoadChecked(directory, device, precision, options, reference, pool);
  }
  if (device.is_cuda()) {
    auto fast = LoadChecked(directory, device, Precision::kBf16, options, reference, pool);
    if (fast.ok() || !absl::IsFailedPrecondition(fast.status())) return fast;
  }
  return LoadChecked(directory, device, Precision::kFp32, options, reference, pool);
}

}  // namespace senvec
