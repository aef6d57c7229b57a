#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// What a training run is told: one JSON file. Unknown keys, wrong types and values out of range are
// refused. Each field names its key; ranges stand in train_config.cc and in every error.

enum class LossKind {
  kCoSent,        // "cosent": pairs with ordered labels
  kAmSoftmax,     // "amsoftmax": texts with a class
  kSoftmax,       // "softmax": the same through a plain linear classifier, as the thing to beat
  kContrastive,   // "contrastive": positives or triples, the other rows of the batch are negatives
  kFlatNce,       // "flatnce": as contrastive
  kSimCse,        // "simcse": texts, each against itself under another dropout
  kSbert,         // "sbert": pairs with a class, a classifier on [u, v, |u−v|]
  kCosine,        // "cosine": pairs with labels in [0, 1], squared difference of the cosine
  kCrossEntropy,  // "cross_entropy": pairs with a class, read as one sequence
  kCrossCoSent,   // "cross_cosent": pairs with ordered labels, read as one sequence
  kSeq2Seq,       // "seq2seq": positives; the second text is written from the first (UniLM)
  kMlm,           // "mlm": texts with masked tokens
  kDistill,       // "distill": texts, whose vectors are those of a teacher
};
absl::string_view LossKindName(LossKind kind);

// What a row of a data set consists of.
enum class RowKind {
  kTexts,      // "texts": one text
  kLabelled,   // "labelled": text, label
  kPositives,  // "positives": two texts that mean the same
  kTriples,    // "triples": text, positive, negative
  kPairs,      // "pairs": text_a, text_b, label
};
absl::string_view RowKindName(RowKind kind);
// Texts in a row: 1, 2 or 3.
int32_t TextsPerRow(RowKind kind);

enum class LearningRateSchedule { kConstant, kLinear, kCosine };  // "constant", "linear", "cosine"
enum class ChildTuning { kNone, kFree, kTask };                   // "none", "free", "task"
enum class GuardLevel { kOff, kPairs, kSentences };               // "off", "pairs", "sentences"
enum class OnHit { kStop, kDrop };                                // "stop", "drop"
enum class OnDuplicate { kCount, kRefuse, kDrop };                // "count", "refuse", "drop"

// "model": where the run begins. Either `from` or `config` and `tokenizer`.
struct TrainModelConfig {
  std::string from;       // "from": a model directory
  std::string config;     // "config": a config.json; weights are drawn at random
  std::string tokenizer;  // "tokenizer": a directory with tokenizer.json or vocab.txt
  std::string pooling;    // "pooling": cls, mean, …; "" = as the directory says, mean for a new model
  int32_t dense = 0;      // "dense": outputs of a linear head after pooling; 0 = as the directory says
  std::string prompt;     // "prompt": put before every text, "query: " for E5
  double dropout = -1;    // "dropout": hidden and attention; −1 = as the model's config says
  bool deepnorm = false;  // "deepnorm": DeepNorm initialisation of a new model (METHODS 10)
};

// "optimizer": AdamW.
struct OptimizerConfig {
  double learning_rate = 2e-5;  // "learning_rate": at the top of the schedule
  double beta1 = 0.9;           // "beta1"
  double beta2 = 0.999;         // "beta2"
  double epsilon = 1e-8;        // "epsilon"
  double weight_decay = 0.01;   // "weight_decay": not for biases, norms
  int64_t warmup_steps = 0;     // "warmup_steps": from 0 to the top in a straight line
  LearningRateSchedule schedule = LearningRateSchedule::kLinear;  // "schedule": after the warm-up
  double lowest_share = 0;      // "lowest_share": of learning_rate, at the last step
  double clip_norm = 1;         // "clip_norm": of all gradients together; 0 = off
  double ema = 0;               // "ema": decay of averaged weights, which are then saved; 0 = off
  ChildTuning child_tuning = ChildTuning::kNone;  // "child_tuning"
  double child_share = 0.3;     // "child_share": of the gradients that pass
};

// What a task's loss is computed with; each loss reads some of it.
struct LossConfig {
  double scale = 20;             // "scale": λ or 1/temperature; 20, and 30 for amsoftmax
  double margin = 0.35;          // "margin": amsoftmax
  bool adaptive_margin = false;  // "adaptive_margin": amsoftmax, from the class diameter
  bool both_ways = true;         // "both_ways": contrastive and flatnce, also from text_b to text_a
  bool exact = false;            // "exact": EXACT in place of the cross-entropy (classes)
  double mask_share = 0.15;      // "mask_share": mlm, of the tokens; seq2seq, of the source's
  double mask_rows = 0;          // "mask_rows": seq2seq, rows whose source is masked; mlm takes all
  double mean_share = 0.9;       // "mean_share": distill, of the mean taken from teacher vectors
  double similarity_weight = 10; // "similarity_weight": distill, of the similarity-matrix term
};

// One of "tasks": a data set with a loss. A batch holds rows of one task.
struct TaskConfig {
  std::string name;                 // "name": unique
  LossKind loss = LossKind::kCoSent;  // "loss"
  std::vector<std::string> files;   // "files": read one after the other
  RowKind rows = RowKind::kPairs;   // "rows": by default what the loss needs
  // "columns": what the fields of a TSV line are, in their order: text, text_a, text_b, negative,
  // label, skip. Or for .jsonl an object from such a name to a key, which stands in `keys`; `columns`
  // then are the names. By default by `rows`, with keys like the names.
  std::vector<std::string> columns;
  std::map<std::string, std::string> keys;
  std::map<std::string, double> labels;  // "labels": words to numbers, {"entailment": 1}; empty = numbers
  double weight = 1;                // "weight": how often it is drawn, beside its size
  bool every_step = false;          // "every_step": not drawn, but in each step beside the drawn one
  double loss_weight = 1;           // "loss_weight": factor of its loss
  int32_t batch_size = 32;          // "batch_size": rows
  int64_t max_batch_tokens = 0;     // "max_batch_tokens": fewer rows where they are long; 0 = no limit
  int32_t max_tokens = 64;          // "max_tokens": of a sequence; the rest is cut
  LossConfig options;               // "options"
  std::string teacher;              // "teacher": a model directory, for distill and distill_weight
  std::string teacher_prompt;       // "teacher_prompt": before each text, for the teacher
  double distill_weight = 0;        // "distill_weight": the teacher's loss kept beside this one's
  OnDuplicate duplicates = OnDuplicate::kCount;  // "duplicates": rows with the same texts
  // "guard": by default sentences for texts without labels, pairs for others.
  GuardLevel guard = GuardLevel::kPairs;
  std::string licence;              // "licence", "source": for the model card
  std::string source;
};

// One of "dev": scored pairs that choose the best checkpoint. The metric is Spearman's.
struct DevConfig {
  std::string name;                      // "name"
  std::string file;                      // "file"
  std::map<std::string, double> labels;  // "labels"
  double weight = 1;                     // "weight": in the mean
  int64_t limit = 0;                     // "limit": the first so many pairs; 0 = all
};

// "guard": evaluation files that must not be trained on.
struct GuardConfig {
  std::vector<std::string> files;  // "files": pairs, triples or texts, told by their fields
  OnHit on_hit = OnHit::kStop;     // "on_hit"
};

// "card": what the model card says that a run does not know.
struct CardConfig {
  std::string title;                   // "title"
  std::string summary;                 // "summary"
  std::string licence;                 // "licence": of the weights
  std::vector<std::string> languages;  // "languages"
  std::string limits;                  // "limits": what it must not be used for
};

struct TrainConfig {
  std::string where;             // the file's name, for messages
  std::string output;            // "output": the directory that is written
  uint64_t seed = 1;             // "seed"
  int64_t steps = 0;             // "steps": of the optimiser
  std::string precision = "fp32";  // "precision": fp32 or bf16
  std::string device = "cpu";    // "device": cpu or cuda
  int32_t threads = 0;           // "threads": 0 = as many as this process may use
  int32_t accumulation = 1;      // "accumulation": batches to a step
  int32_t chunk_rows = 0;        // "chunk_rows": two-pass accumulation in pieces of so many rows; 0 = off
  double temperature = 1;        // "temperature" T: a task is drawn by weight · rows^(1/T)
  int64_t log_every = 50;        // "log_every" steps
  int64_t dev_every = 500;       // "dev_every" steps, and at the end
  int64_t checkpoint_every = 500;  // "checkpoint_every" steps
  int32_t bucket_batches = 64;   // "bucket_batches": batches to a window that is ordered by length
  TrainModelConfig model;
  OptimizerConfig optimizer;
  std::vector<TaskConfig> tasks;
  std::vector<DevConfig> dev;
  GuardConfig guard;
  CardConfig card;

  // Reads the bytes of a configuration. Paths are taken relative to `folder`, and in them, prompts
  // aside, ${NAME} stands for variables["NAME"], which a program fills from its environment. InvalidArgument names `where`, the line, the key,
  // the value and what is allowed, and for an unknown key the nearest known one.
  static absl::StatusOr<TrainConfig> FromJson(
      absl::string_view json, absl::string_view where, const std::string& folder,
      const std::map<std::string, std::string>& variables);
  // The same from a file; paths are relative to its folder.
  static absl::StatusOr<TrainConfig> FromFile(const std::string& path,
                                              const std::map<std::string, std::string>& variables);
};

// 32 hexadecimal digits of every setting that decides a run's weights: two runs with the same settings and the same data
// (TrainingData::fingerprint()) are the same run. Threads, the output's name, the card and how often something is logged or
// saved are not part of it; paths are taken without their folders.
std::string RunFingerprint(const TrainConfig& config);

// The learning rate of `step`, the first being 0: warm-up, then the schedule to the last step.
double LearningRateAt(const OptimizerConfig& config, int64_t step, int64_t steps);

}  // namespace senvec
