#include "cli/command.h"

namespace senvec {
namespace {

constexpr Command kCommands[] = {
    {"serve", "serve embeddings and collections over gRPC", DeclareServe},
    {"embed", "sentences to vectors", DeclareEmbed},
    {"tokenize", "sentences to token ids", DeclareTokenize},
    {"similarity", "how alike sentences are", DeclareSimilarity},
    {"whiten fit", "fit a whitening to a model and a corpus", DeclareWhitenFit},
    {"whiten tune", "search for the best whitening on scored pairs", DeclareWhitenTune},
    {"whiten apply", "apply a whitening to vectors", DeclareWhitenApply},
    {"index build", "a corpus to a searchable collection", DeclareIndexBuild},
    {"index info", "what a collection is and takes", DeclareIndexInfo},
    {"index get", "documents by id", DeclareIndexGet},
    {"index count", "how many documents match", DeclareIndexCount},
    {"index delete", "remove documents", DeclareIndexDelete},
    {"index import", "documents into a collection", DeclareIndexImport},
    {"index export", "a collection to JSON lines and an array", DeclareIndexExport},
    {"index optimize", "one index of everything, the fastest", DeclareIndexOptimize},
    {"index snapshot", "copy a collection, with checksums", DeclareIndexSnapshot},
    {"index restore", "a snapshot to a collection", DeclareIndexRestore},
    {"search", "find the nearest meanings", DeclareSearch},
    {"eval sts", "measure a model on scored sentence pairs", DeclareEvalSts},
    {"eval pairs", "and on pairs that mean the same or not", DeclareEvalPairs},
    {"eval retrieval", "and on a corpus with queries and judgments", DeclareEvalRetrieval},
    {"eval intents", "and on labelled sentences", DeclareEvalIntents},
    {"eval all", "and on suites of data sets, with a report", DeclareEvalAll},
    {"eval compare", "whether one run is better than another", DeclareEvalCompare},
    {"eval calibrate", "fit when an answer is accepted to labelled queries", DeclareEvalCalibrate},
    {"classify fit", "labelled texts to a classifier, in one pass", DeclareClassifyFit},
    {"classify apply", "label texts", DeclareClassifyApply},
    {"train vocab", "texts to a WordPiece vocabulary", DeclareTrainVocab},
    {"train", "train a model on your own data", DeclareTrain},
    {"train distill", "a small model from a large one's vectors", DeclareTrainDistill},
    {"model info", "what a model directory holds", DeclareModelInfo},
    {"health", "ask a server whether it serves", DeclareHealth},
    {"doctor", "check this machine, and how to mend what is wrong", DeclareDoctor},
};

}  // namespace

absl::Span<const Command> Commands() { return kCommands; }

}  // namespace senvec
