#include "service/rpc/evaluation_intake.h"

#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/rpc/requests.h"

namespace senvec {
namespace {

constexpr int64_t kMaxTasks = 1000;
constexpr int kMaxResamples = 100000;
constexpr size_t kMaxName = 128;       // bytes of a task's or a suite's name
constexpr size_t kMaxId = 1024;        // bytes of an id or a label
constexpr size_t kMaxWords = 4096;     // bytes of a file's name or a description
constexpr size_t kMaxCommand = 65536;  // bytes
constexpr int kMaxFiles = 16;

absl::StatusOr<TaskConfig::Kind> KindOf(v1::EvaluationKind kind) {
  switch (kind) {
    case v1::EVALUATION_KIND_STS:
      return TaskConfig::Kind::kSts;
    case v1::EVALUATION_KIND_PAIRS:
      return TaskConfig::Kind::kPairs;
    case v1::EVALUATION_KIND_RETRIEVAL:
      return TaskConfig::Kind::kRetrieval;
    case v1::EVALUATION_KIND_INTENTS:
      return TaskConfig::Kind::kIntents;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("kind is ", static_cast<int>(kind), "; it must be one of EvaluationKind but not unspecified"));
  }
}

absl::Status CheckShort(const char* what, const std::string& value, size_t most) {
  if (value.size() <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " has ", value.size(), " bytes; at most ", most, " are allowed"));
}

absl::StatusOr<nlohmann::json> FilesOf(const v1::EvaluationTask& task) {
  nlohmann::json files = nlohmann::json::array();
  if (task.files_size() > kMaxFiles) {
    return absl::InvalidArgumentError(absl::StrCat("files has ", task.files_size(), " entries; at most ", kMaxFiles, " are allowed"));
  }
  for (const v1::EvaluationFile& file : task.files()) {
    SENVEC_RETURN_IF_ERROR(CheckShort("files.file", file.file(), kMaxWords));
    SENVEC_RETURN_IF_ERROR(CheckShort("files.xxh3_128", file.xxh3_128(), kMaxName));
    files.push_back({{"file", file.file()}, {"bytes", file.bytes()}, {"xxh3_128", file.xxh3_128()}});
  }
  return files;
}

bool HasPairs(TaskConfig::Kind kind) { return kind == TaskConfig::Kind::kSts || kind == TaskConfig::Kind::kPairs; }

}  // namespace

std::string EvaluationIntake::Where(const char* list, size_t line) const {
  return absl::StrCat("task ", task_.name, ", ", list, " line ", line);
}

absl::Status EvaluationIntake::Fault(const std::string& where, absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

absl::Status EvaluationIntake::Count(const std::string& where, const std::string& text) {
  SENVEC_RETURN_IF_ERROR(CheckLength(where, text, limits_));
  num_bytes_ += static_cast<int64_t>(text.size());
  if (++num_texts_ > limits_.max_evaluation_texts) {
    return absl::ResourceExhaustedError(absl::StrCat(where, ": an evaluation has at most ", limits_.max_evaluation_texts,
                                                     " texts (max_evaluation_texts); measure fewer data sets at a time"));
  }
  if (num_bytes_ <= limits_.max_evaluation_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(where, ": the texts of an evaluation have at most ", limits_.max_evaluation_bytes,
                                                   " bytes (max_evaluation_bytes); measure fewer data sets at a time"));
}

absl::Status EvaluationIntake::Add(v1::EvaluateRequest request) {
  if (started_ == (request.part_case() == v1::EvaluateRequest::kStart)) {
    return absl::InvalidArgumentError(started_ ? "start came twice; it is the first message, and only it"
                                               : "the first message must be start");
  }
  switch (request.part_case()) {
    case v1::EvaluateRequest::kStart:
      started_ = true;
      return Begin(request.start());
    case v1::EvaluateRequest::kTask:
      SENVEC_RETURN_IF_ERROR(EndTask());
      return BeginTask(std::move(*request.mutable_task()));
    case v1::EvaluateRequest::kRecords:
      if (data_ == nullptr) return absl::InvalidArgumentError("records came before the first task");
      return AddRecords(*request.mutable_records());
    default:
      return absl::InvalidArgumentError("a message of the stream is empty; it must hold start, task or records");
  }
}

absl::Status EvaluationIntake::Begin(const v1::EvaluationStart& start) {
  if (start.has_resamples()) evaluation_.resamples = start.resamples();
  if (evaluation_.resamples < 1 || evaluation_.resamples > kMaxResamples) {
    return absl::InvalidArgumentError(
        absl::StrCat("resamples is ", evaluation_.resamples, "; it must be in [1, ", kMaxResamples, "]"));
  }
  if (start.has_seed()) evaluation_.seed = start.seed();
  evaluation_.search_whitening = !start.skip_whitening_search();
  evaluation_.command = start.command();
  return CheckShort("command", start.command(), kMaxCommand);
}

absl::Status EvaluationIntake::BeginTask(v1::EvaluationTask task) {
  if (++evaluation_.num_tasks > kMaxTasks) {
    return absl::InvalidArgumentError(absl::StrCat("an evaluation has at most ", kMaxTasks, " tasks"));
  }
  if (!IsTaskName(task.name()) || task.name().size() > kMaxName) {
    return absl::InvalidArgumentError(absl::StrCat("task ", evaluation_.num_tasks, ": the name \"", task.name().substr(0, 40),
                                                   "\" must be 1 to ", kMaxName, " letters, digits, '_', '-' and '.', and not begin with '.'"));
  }
  task_ = TaskConfig();
  task_.name = task_.test = task.name();
  const std::string where = absl::StrCat("task ", task_.name);
  if (!names_.insert(task_.name).second) return Fault(where, "there are two of that name");
  const auto kind = KindOf(task.kind());
  if (!kind.ok()) return Fault(where, kind.status().message());
  const auto files = FilesOf(task);
  if (!files.ok()) return Fault(where, files.status().message());
  for (const absl::Status& status : {CheckShort("suite", task.suite(), kMaxName), CheckShort("query_prompt", task.query_prompt(), kMaxName),
                                     CheckShort("suite_description", task.suite_description(), kMaxWords),
                                     CheckShort("passage_prompt", task.passage_prompt(), kMaxName)}) {
    if (!status.ok()) return Fault(where, status.message());
  }
  task_.kind = *kind;
  task_.allow_absent = task.allow_absent();
  if (task.has_positive_from()) task_.positive_from = task.positive_from();
  if (task_.positive_from && !std::isfinite(*task_.positive_from)) return Fault(where, "positive_from is not finite");
  if (task.has_query_prompt()) task_.query_prompt = task.query_prompt();
  if (task.has_passage_prompt()) task_.passage_prompt = task.passage_prompt();
  suite_ = task.suite();
  suite_description_ = task.suite_description();
  data_ = std::make_shared<TaskData>();
  data_->files = *files;
  documents_.clear();
  queries_.clear();
  judgments_.clear();
  return absl::OkStatus();
}

absl::Status EvaluationIntake::AddRecords(v1::EvaluationRecords& records) {
  const bool pairs = records.dev_pairs_size() + records.test_pairs_size() > 0;
  const bool retrieval = records.documents_size() + records.queries_size() + records.judgments_size() > 0;
  const bool intents = records.dev_sentences_size() + records.test_sentences_size() > 0;
  if ((pairs && !HasPairs(task_.kind)) || (retrieval && task_.kind != TaskConfig::Kind::kRetrieval) ||
      (intents && task_.kind != TaskConfig::Kind::kIntents)) {
    return Fault(absl::StrCat("task ", task_.name), absl::StrCat("its kind is ", TaskKindName(task_.kind), "; records of another kind came"));
  }
  SENVEC_RETURN_IF_ERROR(AddPairs("dev_pairs", records.mutable_dev_pairs(), data_->dev_pairs));
  SENVEC_RETURN_IF_ERROR(AddPairs("test_pairs", records.mutable_test_pairs(), data_->test_pairs));
  SENVEC_RETURN_IF_ERROR(AddTexts("documents", records.mutable_documents(), data_->retrieval.documents, documents_));
  SENVEC_RETURN_IF_ERROR(AddTexts("queries", records.mutable_queries(), data_->retrieval.queries, queries_));
  SENVEC_RETURN_IF_ERROR(AddSentences("dev_sentences", records.mutable_dev_sentences(), data_->dev_sentences));
  SENVEC_RETURN_IF_ERROR(AddSentences("test_sentences", records.mutable_test_sentences(), data_->test_sentences));
  return AddJudgments(records.judgments());
}

absl::Status EvaluationIntake::AddPairs(const char* list, google::protobuf::RepeatedPtrField<v1::LabelledPair>* from,
                                        std::vector<ScoredPair>& to) {
  for (v1::LabelledPair& pair : *from) {
    const std::string where = Where(list, to.size() + 1);
    SENVEC_RETURN_IF_ERROR(Count(where, pair.first()));
    SENVEC_RETURN_IF_ERROR(Count(where, pair.second()));
    if (!std::isfinite(pair.label())) return Fault(where, absl::StrCat("the label is ", pair.label(), ", not a finite number"));
    to.push_back({std::move(*pair.mutable_first()), std::move(*pair.mutable_second()), pair.label()});
  }
  return absl::OkStatus();
}

absl::Status EvaluationIntake::AddTexts(const char* list, google::protobuf::RepeatedPtrField<v1::EvaluationText>* from,
                                        std::vector<NamedText>& to, absl::flat_hash_map<std::string, int64_t>& positions) {
  for (v1::EvaluationText& text : *from) {
    const std::string where = Where(list, to.size() + 1);
    if (text.id().empty() || text.id().size() > kMaxId) {
      return Fault(where, absl::StrCat("the id has ", text.id().size(), " bytes; it must have 1 to ", kMaxId));
    }
    SENVEC_RETURN_IF_ERROR(Count(where, text.text()));
    const auto [it, is_new] = positions.try_emplace(text.id(), static_cast<int64_t>(to.size()));
    if (!is_new) return Fault(where, absl::StrCat("the id \"", text.id(), "\" was on line ", it->second + 1, " already"));
    to.push_back({std::move(*text.mutable_id()), std::move(*text.mutable_text())});
  }
  return absl::OkStatus();
}

absl::Status EvaluationIntake::AddSentences(const char* list, google::protobuf::RepeatedPtrField<v1::LabelledSentence>* from,
                                            std::vector<LabelledText>& to) {
  for (v1::LabelledSentence& sentence : *from) {
    const std::string where = Where(list, to.size() + 1);
    SENVEC_RETURN_IF_ERROR(Count(where, sentence.text()));
    if (sentence.label().empty() || sentence.label().size() > kMaxId) {
      return Fault(where, absl::StrCat("the label has ", sentence.label().size(), " bytes; it must have 1 to ", kMaxId));
    }
    to.push_back({std::move(*sentence.mutable_text()), std::move(*sentence.mutable_label())});
  }
  return absl::OkStatus();
}

absl::Status EvaluationIntake::AddJudgments(const google::protobuf::RepeatedPtrField<v1::EvaluationJudgment>& from) {
  for (const v1::EvaluationJudgment& judgment : from) {
    const std::string where = Where("judgments", judgments_.size() + 1);
    SENVEC_RETURN_IF_ERROR(Count(where, judgment.query_id()));
    num_bytes_ += static_cast<int64_t>(judgment.document_id().size());
    if (!std::isfinite(judgment.relevance())) {
      return Fault(where, absl::StrCat("the relevance is ", judgment.relevance(), ", not a finite number"));
    }
    judgments_.push_back(judgment);
  }
  return absl::OkStatus();
}

absl::Status EvaluationIntake::ResolveJudgments() {
  absl::flat_hash_map<std::pair<int64_t, int64_t>, size_t> seen;
  for (size_t i = 0; i < judgments_.size(); ++i) {
    const std::string where = Where("judgments", i + 1);
    const auto query = queries_.find(judgments_[i].query_id());
    if (query == queries_.end() && task_.allow_absent) continue;
    if (query == queries_.end()) return Fault(where, absl::StrCat("the queries lack the id \"", judgments_[i].query_id(), "\""));
    const auto document = documents_.find(judgments_[i].document_id());
    if (document == documents_.end() && !task_.allow_absent) {
      return Fault(where, absl::StrCat("the corpus lacks the id \"", judgments_[i].document_id(), "\""));
    }
    const int64_t position = document == documents_.end() ? -1 : document->second;
    const auto [first, is_new] = seen.try_emplace(std::make_pair(query->second, position), i + 1);
    if (!is_new && position >= 0) {
      return Fault(where, absl::StrCat("query \"", judgments_[i].query_id(), "\" and document \"", judgments_[i].document_id(),
                                       "\" were judged on line ", first->second, " already"));
    }
    data_->retrieval.judgments.push_back({query->second, position, judgments_[i].relevance()});
    data_->retrieval.absent_documents += position < 0;
  }
  judgments_.clear();
  if (!data_->retrieval.judgments.empty()) return absl::OkStatus();
  return Fault(absl::StrCat("task ", task_.name), "judgments has no line that counts");
}

absl::Status EvaluationIntake::EndTask() {
  if (data_ == nullptr) return absl::OkStatus();
  const auto wants = [&](const char* list, bool is_empty) {
    return is_empty ? Fault(absl::StrCat("task ", task_.name), absl::StrCat(list, " is empty")) : absl::OkStatus();
  };
  if (HasPairs(task_.kind)) SENVEC_RETURN_IF_ERROR(wants("test_pairs", data_->test_pairs.empty()));
  if (task_.kind == TaskConfig::Kind::kIntents) {
    SENVEC_RETURN_IF_ERROR(wants("dev_sentences", data_->dev_sentences.empty()));
    SENVEC_RETURN_IF_ERROR(wants("test_sentences", data_->test_sentences.empty()));
  }
  if (task_.kind == TaskConfig::Kind::kRetrieval) {
    SENVEC_RETURN_IF_ERROR(wants("documents", data_->retrieval.documents.empty()));
    SENVEC_RETURN_IF_ERROR(wants("queries", data_->retrieval.queries.empty()));
    SENVEC_RETURN_IF_ERROR(ResolveJudgments());
  }
  if (evaluation_.suites.empty() || evaluation_.suites.back().name != suite_) {
    evaluation_.suites.push_back({suite_, suite_description_, {}});
  }
  evaluation_.suites.back().tasks.push_back(task_);
  evaluation_.data[task_.name] = std::move(data_);
  data_ = nullptr;
  return absl::OkStatus();
}

absl::StatusOr<Evaluation> EvaluationIntake::Finish() {
  SENVEC_RETURN_IF_ERROR(EndTask());
  if (evaluation_.suites.empty()) return absl::InvalidArgumentError("the stream ended without a task");
  return std::move(evaluation_);
}

int64_t CountTextsToEncode(const Evaluation& evaluation, const SentenceEncoder& encoder) {
  std::map<std::string, absl::flat_hash_set<absl::string_view>> by_prompt;
  for (const Suite& suite : evaluation.suites) {
    for (const TaskConfig& task : suite.tasks) {
      const TaskData& data = *evaluation.data.at(task.name);
      auto& asked = by_prompt[PromptOrNone(encoder, task.query_prompt)];
      for (const auto* pairs : {&data.dev_pairs, &data.test_pairs}) {
        for (const ScoredPair& pair : *pairs) {
          asked.insert(pair.first);
          asked.insert(pair.second);
        }
      }
      for (const auto* sentences : {&data.dev_sentences, &data.test_sentences}) {
        for (const LabelledText& sentence : *sentences) asked.insert(sentence.text);
      }
      for (const NamedText& query : data.retrieval.queries) asked.insert(query.text);
      auto& passages = by_prompt[PromptOrNone(encoder, task.passage_prompt)];
      for (const NamedText& document : data.retrieval.documents) passages.insert(document.text);
    }
  }
  int64_t total = 0;
  for (const auto& [prompt, texts] : by_prompt) total += static_cast<int64_t>(texts.size());
  return total;
}

}  // namespace senvec
