#include <memory>
#include <string>

#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/encode_stream.h"
#include "cli/model_flags.h"
#include "cli/usage_error.h"
#include "dataio/line_reader.h"
#include "dataio/vector_writer.h"

namespace senvec {
namespace {

struct EmbedFlags {
  ModelFlags model;
  std::string input = "-";
  std::string output = "-";
  std::string prompt;
  bool no_normalize = false;
};

absl::Status Embed(const EmbedFlags& flags) {
  SENVEC_RETURN_IF_ERROR(AsUsageError(VectorWriter::CheckName(flags.output)));
  SENVEC_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const int64_t total, CountLines(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const LoadedModel model, LoadModel(flags.model));
  SENVEC_ASSIGN_OR_RETURN(const std::string prompt, PromptText(*model.encoder, flags.prompt));
  EncodeOptions options;
  if (flags.no_normalize) options.normalize = false;
  const size_t dim = static_cast<size_t>(model.encoder->info().dim);
  SENVEC_ASSIGN_OR_RETURN(const auto writer,
                          VectorWriter::Create(flags.output, static_cast<int32_t>(dim)));
  const auto sink = [&](absl::Span<const std::string>, const SentenceEncoder::TextsResult& result) {
    const absl::Span<const float> rows = result.rows;
    for (size_t i = 0; i < result.num_tokens.size(); ++i) {
      SENVEC_RETURN_IF_ERROR(writer->Append(
          {result.num_tokens[i], result.num_truncated[i], rows.subspan(i * dim, dim)}));
    }
    return absl::OkStatus();
  };
  SENVEC_ASSIGN_OR_RETURN(
      const StreamTotals totals,
      EncodeStream(LinesOf(*reader), EncodeWith(*model.encoder, prompt, options), total, sink));
  WarnOfTruncation(totals, model.encoder->info().max_tokens);
  return writer->Finish();
}

}  // namespace

CommandRunner DeclareEmbed(FlagSet& flags) {
  auto embed = std::make_shared<EmbedFlags>();
  flags.Describe(
      "Turns each line of the input into one vector. A line is a sentence as it stands, an empty one too; UTF-8, "
      "where invalid bytes count as U+FFFD.\n"
      "The output's name picks its form: .npy is a float32 array, sentences x dimensions; .jsonl has one object a "
      "line: {\"index\":0,\"tokens\":7,\"truncated\":0,\"vector\":[...]}. The file appears when all is done, or "
      "not at all.");
  flags.Add("--input", "FILE", &embed->input, "sentences, one a line; - is standard input");
  flags.Add("--output", "FILE", &embed->output,
            "FILE.npy or FILE.jsonl; - is JSON lines on standard output");
  flags.Add("--prompt", "NAME", &embed->prompt,
            "text that the model wants before a sentence: query, passage or another name that the model defines, or "
            "none; without this flag the model's default");
  DeclareModelFlags(flags, embed->model);
  DeclareWhiteningFlag(flags, embed->model);
  flags.Add("--no-normalize", &embed->no_normalize, "leave vectors at their own length, not at 1");
  flags.Example("senvec embed --model models/multilingual-e5-small --prompt passage "
                "--input sentences.txt --output vectors.npy",
                "a file of sentences into an array for numpy.load");
  flags.Example("echo 'How do I reset my password?' | senvec embed --model models/all-MiniLM-L6-v2",
                "one sentence, seen at once");
  return [embed] { return Embed(*embed); };
}

}  // namespace senvec
