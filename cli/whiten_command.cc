#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/progress.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/encode_stream.h"
#include "cli/model_flags.h"
#include "cli/usage_error.h"
#include "dataio/line_reader.h"
#include "dataio/npy_reader.h"
#include "dataio/vector_writer.h"
#include "encoder/whitening/whitening.h"

namespace senvec {
namespace {

struct FitFlags {
  ModelFlags model;
  std::string input;
  std::string output;
  std::string prompt;
  int64_t k = 0;
  double beta = 1;
  double gamma = 1;
};

void Report(const Whitening& whitening, const std::string& path) {
  double kept = 0, all = 0;
  for (size_t i = 0; i < whitening.eigenvalues().size(); ++i) {
    all += whitening.eigenvalues()[i];
    if (static_cast<int32_t>(i) < whitening.output_dim()) kept += whitening.eigenvalues()[i];
  }
  std::fprintf(stderr, "%s: %d -> %d dimensions from %lld sentences, %.1f %% of the variance kept\n", path.c_str(),
               whitening.input_dim(), whitening.output_dim(), static_cast<long long>(whitening.count()), 100 * kept / all);
  if (whitening.count() < 10 * whitening.input_dim()) {
    std::fprintf(stderr, "note: fewer than %d sentences describe %d dimensions poorly; take more, or a small --k\n",
                 10 * whitening.input_dim(), whitening.input_dim());
  }
}

absl::Status Fit(const FitFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const int64_t total, CountLines(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptText(*model.encoder, flags.prompt));
  const ModelInfo& info = model.encoder->info();
  const WhiteningOptions options = {.k = static_cast<int32_t>(flags.k), .beta = flags.beta, .gamma = flags.gamma};
  SENVEC_RETURN_IF_ERROR(AsUsageError(options.Validate(info.dim)));
  WhiteningStatistics statistics(info.dim);
  // The transform is applied to pooled vectors before they are normalised, so that is what it is fitted on.
  SENVEC_ASSIGN_OR_RETURN(const StreamTotals totals,
                          EncodeStream(LinesOf(*reader), EncodeWith(*model.encoder, prompt, {.normalize = false}), total,
                                       [&](absl::Span<const std::string>, const SentenceEncoder::TextsResult& result) {
                                         return statistics.Add(result.rows);
                                       }));
  WarnOfTruncation(totals, info.max_tokens);
  SENVEC_ASSIGN_OR_RETURN(const Whitening whitening, Whitening::Fit(statistics, options, info.fingerprint));
  SENVEC_RETURN_IF_ERROR(whitening.Save(flags.output));
  Report(whitening, flags.output);
  return absl::OkStatus();
}

struct ApplyFlags {
  std::string whitening;
  std::string input;
  std::string output;
  bool no_normalize = false;
};

absl::Status Apply(const ApplyFlags& flags) {
  SENVEC_RETURN_IF_ERROR(AsUsageError(VectorWriter::CheckName(flags.output)));
  SENVEC_ASSIGN_OR_RETURN(const Whitening whitening, Whitening::Load(flags.whitening));
  SENVEC_ASSIGN_OR_RETURN(const NpyMatrix matrix, NpyMatrix::Open(flags.input));
  if (matrix.dim() != whitening.input_dim()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s has vectors of %d values, %s was fitted on %d", flags.input,
                                                      matrix.dim(), flags.whitening, whitening.input_dim()));
  }
  SENVEC_ASSIGN_OR_RETURN(const auto writer, VectorWriter::Create(flags.output, whitening.output_dim()));
  ProgressBar progress({.label = "whiten", .unit = "rows", .total = matrix.rows(), .is_terminal = ProgressBar::IsTerminal(stderr)},
                       absl::Now());
  std::vector<float> row(matrix.dim()), out(whitening.output_dim());
  for (int64_t i = 0; i < matrix.rows(); ++i) {
    matrix.CopyRows(i, absl::MakeSpan(row));
    whitening.Apply(row, absl::MakeSpan(out));
    if (!flags.no_normalize) L2Normalize(absl::MakeSpan(out));
    SENVEC_RETURN_IF_ERROR(writer->Append({0, 0, out}));
    progress.Update(i + 1, absl::Now());
  }
  progress.Finish(absl::Now());
  return writer->Finish();
}

}  // namespace

CommandRunner DeclareWhitenFit(FlagSet& flags) {
  auto fit = std::make_shared<FitFlags>();
  flags.Describe(
      "Fits a whitening to a model: encodes the sentences of a file and computes the linear map that gives their vectors "
      "zero mean and equal variance in every direction (BERT-whitening), in one pass. Sentences should be like those that "
      "will be encoded; labels are not needed.\n"
      "--k keeps the first components, which makes vectors smaller and often better; --beta is the share of the mean that "
      "is removed; --gamma how far variances are made equal.");
  flags.Add("--input", "FILE", &fit->input, "sentences, one a line; - is standard input").Required();
  flags.Add("--output", "FILE", &fit->output, "the transform, FILE.safetensors").Required();
  flags.Add("--k", "N", &fit->k, "components kept; 0 = all").Between(0, 65536);
  flags.Add("--beta", "B", &fit->beta, "share of the mean that is removed; mostly from 0 to 1")
      .Between(-WhiteningOptions::kLargestExponent, WhiteningOptions::kLargestExponent);
  flags.Add("--gamma", "G", &fit->gamma, "0 leaves variances as they are, 1 makes them equal; mostly from 0 to 1")
      .Between(-WhiteningOptions::kLargestExponent, WhiteningOptions::kLargestExponent);
  flags.Add("--prompt", "NAME", &fit->prompt, "prompt put before each sentence, as for `senvec embed`");
  DeclareModelFlags(flags, fit->model);
  flags.Example("senvec whiten fit --model models/all-MiniLM-L6-v2 --input sentences.txt --output white.safetensors --k 256",
                "384 dimensions to 256");
  return [fit] { return Fit(*fit); };
}

CommandRunner DeclareWhitenApply(FlagSet& flags) {
  auto apply = std::make_shared<ApplyFlags>();
  flags.Describe(
      "Applies a whitening to vectors that exist already, made by `senvec embed --no-normalize` with the same model, and "
      "normalises the result.");
  flags.Add("--whitening", "FILE", &apply->whitening, "a transform that `senvec whiten fit` made").Required();
  flags.Add("--input", "FILE", &apply->input, "vectors, FILE.npy (float32)").Required();
  flags.Add("--output", "FILE", &apply->output, "FILE.npy or FILE.jsonl").Required();
  flags.Add("--no-normalize", &apply->no_normalize, "leave vectors at their own length, not at 1");
  flags.Example("senvec whiten apply --whitening white.safetensors --input vectors.npy --output white.npy",
                "whiten an array");
  return [apply] { return Apply(*apply); };
}

}  // namespace senvec
