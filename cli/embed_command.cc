#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/encode_stream.h"
#include "cli/model_flags.h"
#include "cli/remote.h"
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
  std::string server;
  bool no_normalize = false;
};

// Where the vectors come from: a model loaded here, or a server.
struct Source {
  LoadedModel model;                     // empty with a server
  std::unique_ptr<RemoteServer> server;  // empty with a model
  EncodeFunction encode;
  int32_t dim = 0;
  int32_t max_tokens = 0;
};

absl::Status OpenServer(const EmbedFlags& flags, Source& source) {
  source.server = RemoteServer::At(flags.server);
  SENVEC_ASSIGN_OR_RETURN(const RemoteServer::Model model, source.server->GetModel());
  source.dim = model.dim;
  source.max_tokens = model.max_tokens;
  source.encode = [server = source.server.get(), &flags](absl::Span<const std::string> texts) {
    return server->Embed(texts, flags.prompt, !flags.no_normalize);
  };
  return absl::OkStatus();
}

absl::Status OpenModel(const EmbedFlags& flags, Source& source) {
  SENVEC_ASSIGN_OR_RETURN(source.model, LoadModel(flags.model));
  SENVEC_ASSIGN_OR_RETURN(std::string prompt, PromptText(*source.model.encoder, flags.prompt));
  source.dim = source.model.encoder->info().dim;
  source.max_tokens = source.model.encoder->info().max_tokens;
  EncodeOptions options;
  if (flags.no_normalize) options.normalize = false;
  source.encode = EncodeWith(*source.model.encoder, std::move(prompt), options);
  return absl::OkStatus();
}

absl::Status Embed(const FlagSet& given, const EmbedFlags& flags) {
  if (!flags.model.model.empty() && !flags.server.empty()) return UsageError("give either --model DIR or --server HOST:PORT");
  if (!flags.server.empty()) SENVEC_RETURN_IF_ERROR(RefuseModelFlags(given));
  SENVEC_RETURN_IF_ERROR(AsUsageError(VectorWriter::CheckName(flags.output)));
  SENVEC_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(flags.input));
  SENVEC_ASSIGN_OR_RETURN(const int64_t total, CountLines(flags.input));
  Source source;
  SENVEC_RETURN_IF_ERROR(flags.server.empty() ? OpenModel(flags, source) : OpenServer(flags, source));
  const size_t dim = static_cast<size_t>(source.dim);
  SENVEC_ASSIGN_OR_RETURN(const auto writer, VectorWriter::Create(flags.output, source.dim));
  const auto sink = [&](absl::Span<const std::string>, const SentenceEncoder::TextsResult& result) {
    const absl::Span<const float> rows = result.rows;
    for (size_t i = 0; i < result.num_tokens.size(); ++i) {
      SENVEC_RETURN_IF_ERROR(writer->Append(
          {result.num_tokens[i], result.num_truncated[i], rows.subspan(i * dim, dim)}));
    }
    return absl::OkStatus();
  };
  SENVEC_ASSIGN_OR_RETURN(const StreamTotals totals, EncodeStream(LinesOf(*reader), source.encode, total, sink));
  WarnOfTruncation(totals, source.max_tokens);
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
  flags.Add("--server", "HOST:PORT", &embed->server, "ask this server instead of loading a model; blank lines are refused there");
  DeclareModelFlags(flags, embed->model);
  DeclareWhiteningFlag(flags, embed->model);
  flags.Add("--no-normalize", &embed->no_normalize, "leave vectors at their own length, not at 1");
  flags.Example("senvec embed --model models/multilingual-e5-small --prompt passage "
                "--input sentences.txt --output vectors.npy",
                "a file of sentences into an array for numpy.load");
  flags.Example("echo 'How do I reset my password?' | senvec embed --model models/all-MiniLM-L6-v2",
                "one sentence, seen at once");
  return [embed, &flags] { return Embed(flags, *embed); };
}

}  // namespace senvec
