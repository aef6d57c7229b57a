#include "cli/command.h"

namespace senvec {
namespace {

constexpr Command kCommands[] = {
    {"serve", "serve embeddings and collections over gRPC", DeclareServe},
    {"embed", "sentences to vectors", DeclareEmbed},
    {"tokenize", "sentences to token ids", DeclareTokenize},
    {"similarity", "how alike sentences are", DeclareSimilarity},
    {"whiten fit", "fit a whitening to a model and a corpus", DeclareWhitenFit},
    {"whiten apply", "apply a whitening to vectors", DeclareWhitenApply},
    {"index build", "a corpus to a searchable collection", DeclareIndexBuild},
    {"search", "find the nearest meanings", DeclareSearch},
    {"eval sts", "measure a model on scored sentence pairs", DeclareEvalSts},
    {"eval calibrate", "fit when an answer is accepted to labelled queries", DeclareEvalCalibrate},
    {"classify fit", "labelled texts to a classifier, in one pass", DeclareClassifyFit},
    {"classify apply", "label texts", DeclareClassifyApply},
    {"model info", "what a model directory holds", DeclareModelInfo},
    {"health", "ask a server whether it serves", DeclareHealth},
    {"doctor", "check this machine, and how to mend what is wrong", DeclareDoctor},
};

}  // namespace

absl::Span<const Command> Commands() { return kCommands; }

}  // namespace senvec
