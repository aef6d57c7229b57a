// Whole runs with an encoder of angles: files in, report and comparison out.
#include "eval/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "eval/compare.h"
#include "eval/measures/correlation.h"
#include "eval/report.h"
#include "eval/report_html.h"
#include "eval/report_text.h"
#include "tests/support/angle_encoder.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RunTest : public ::testing::Test {
 protected:
  RunTest() : pool_(2) {
    std::string dev, test;
    // Angles apart by what the label says, but for a few.
    for (int i = 0; i < 40; ++i) {
      const int label = i % 2, apart = (label == 1 ? 10 : 50) + i + (i % 7 == 0 ? 40 : 0);
      absl::StrAppend(i < 20 ? &dev : &test, i, "\t", i + apart, "\t", label, "\n");
    }
    Write("pairs/dev.tsv", dev);
    Write("pairs/test.tsv", test);
    Write("set/corpus.tsv", "d0\t10\nd1\t40\nd2\t80\nd3\t80\n");
    Write("set/queries.tsv", "q0\t2\nq1\t5\nq2\t9\n");
    Write("set/qrels.tsv", "q0\td0\t1\nq1\td1\t2\nq1\td0\t1\n");
    Write("intents/dev.tsv", "0\tlow\n10\tlow\n80\thigh\n");
    Write("intents/test.tsv", "5\tlow\n70\thigh\n60\tlow\n20\tother\n");
  }

  void Write(const std::string& name, const std::string& bytes) {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }

  RunOptions Options() {
    RunOptions options;
    options.suites = {{"suite", "all of it",
                       {{.name = "pairs", .kind = TaskConfig::Kind::kPairs, .dev = "pairs/dev.tsv", .test = "pairs/test.tsv", .query_prompt = "none"},
                        {.name = "set", .kind = TaskConfig::Kind::kRetrieval, .test = "set", .query_prompt = "query", .passage_prompt = "none"},
                        {.name = "intents", .kind = TaskConfig::Kind::kIntents, .dev = "intents/dev.tsv", .test = "intents/test.tsv", .query_prompt = "none"}}}};
    options.data = folder_.path();
    options.resamples = 50;
    options.clock = [] { return absl::UnixEpoch(); };
    return options;
  }

  RunReport Run(const RunOptions& options) {
    auto run = RunSuites(encoder_, pool_, options);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? std::move(*run) : RunReport();
  }
  // What the run fails with.
  std::string Fault(const RunOptions& options) {
    const auto run = RunSuites(encoder_, pool_, options);
    return run.ok() ? "" : std::string(run.status().message());
  }

  const TempDir folder_;
  const AngleEncoder encoder_;
  ThreadPool pool_;
};

TEST_F(RunTest, PairsAreMeasuredAsByHand) {
  const RunReport run = Run(Options());
  const auto& task = run.report["tasks"][0];
  std::vector<double> cosines, labels;
  for (int i = 20; i < 40; ++i) {
    const int label = i % 2, apart = (label == 1 ? 10 : 50) + i + (i % 7 == 0 ? 40 : 0);
    cosines.push_back(std::cos(apart * M_PI / 180));
    labels.push_back(label);
  }
  EXPECT_NEAR(task["correlation"]["spearman"].get<double>(), *SpearmanCorrelation(cosines, labels), 1e-12);
  EXPECT_EQ(task["decision"]["tuned_on"], "dev");
  EXPECT_EQ(task["decision"]["positives"], 10);
  EXPECT_TRUE(task["whitening"]["tuned"].is_object());
  EXPECT_EQ(task["data"].size(), 2u);
  EXPECT_EQ(task["data"][0]["file"], "pairs/dev.tsv");
  EXPECT_EQ(run.items["pairs"]["cosine"].size(), 20u);
}

TEST_F(RunTest, RetrievalUsesItsPromptsAndCountsWhatItFinds) {
  const RunReport run = Run(Options());
  const auto& task = run.report["tasks"][1];
  // The prompt makes angles 12, 15 and 19 of the queries: d0 at 10 is first for each.
  EXPECT_EQ(task["query_prompt"], "1");
  EXPECT_EQ(task["retrieval"]["queries"], 2);
  EXPECT_EQ(task["retrieval"]["queries_without_answer"], 1);
  EXPECT_EQ(task["retrieval"]["at"]["1"]["hit"], 1);
  EXPECT_EQ(task["retrieval"]["at"]["1"]["recall"], 0.75);
  const double ideal = 2 + 1 / std::log2(3), got = 1 + 2 / std::log2(3);
  EXPECT_NEAR(task["retrieval"]["at"]["10"]["ndcg"].get<double>(), (1 + got / ideal) / 2, 1e-12);
  EXPECT_EQ(task["unreachable"]["equal_to_another"], 1);  // d3 is d2
  EXPECT_EQ(task["hubness"]["hubs"][0]["id"], "d0");
}

TEST_F(RunTest, IntentsLearnAPrototypeOfEachClass) {
  const auto& report = Run(Options()).report;
  const auto& intents = report["tasks"][2]["intents"];
  EXPECT_EQ(intents["classes"], 2);
  EXPECT_EQ(intents["unknown_labels"], 1);
  EXPECT_EQ(intents["prototype"]["accuracy"], 0.5);
  // low: 1 right of 2 said and 2 true; high: 1 of 2 said and 1 true; other: never said.
  EXPECT_NEAR(intents["prototype"]["macro_f1"].get<double>(), (0.5 + 2.0 / 3 + 0) / 3, 1e-12);
}

TEST_F(RunTest, EncodesEachSentenceOnceAndWithACacheNeverAgain) {
  RunOptions options = Options();
  options.cache = folder_ / "cache";
  const RunReport first = Run(options);
  const int64_t encoded = encoder_.num_encoded_;
  EXPECT_EQ(first.report["encoding"]["sentences"], encoded);
  const RunReport second = Run(options);
  EXPECT_EQ(encoder_.num_encoded_, encoded);
  EXPECT_EQ(second.report["encoding"]["sentences"], 0);
  EXPECT_EQ(first.report["tasks"], second.report["tasks"]);
}

TEST_F(RunTest, ReportsAreWrittenReadAndCompared) {
  const RunReport run = Run(Options());
  const std::string out = folder_ / "out";
  std::filesystem::create_directories(out);
  ASSERT_TRUE(WriteReport(run, out).ok());
  const auto read = ReadReport(out);
  ASSERT_TRUE(read.ok()) << read.status();
  const auto same = CompareRuns(run, *read, 50, 1);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ((*same)["tasks"].size(), 4u);  // ρ, nDCG, MRR, accuracy
  for (const auto& row : (*same)["tasks"]) {
    EXPECT_EQ(row["difference"], 0);
    EXPECT_EQ(row["p_value"], 1);
  }
  EXPECT_THAT(ComparisonText(*same), HasSubstr("accuracy"));
}

TEST_F(RunTest, RunsOnOtherFilesAreNotCompared) {
  const RunReport a = Run(Options());
  Write("set/qrels.tsv", "q0\td1\t1\n");
  const auto compared = CompareRuns(a, Run(Options()), 50, 1);
  EXPECT_THAT(ComparisonText(*compared), HasSubstr("different files"));
  EXPECT_FALSE(CompareRuns(a, RunReport(), 50, 1).ok());
}

TEST_F(RunTest, AReportOfAnotherVersionIsRefused) {
  RunReport run = Run(Options());
  run.report["schema"] = 2;
  ASSERT_TRUE(WriteReport(run, folder_.path()).ok());
  EXPECT_EQ(ReadReport(folder_.path()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RunTest, HtmlIsOneFileWithoutScriptAndEscapesTexts) {
  Write("set/queries.tsv", "q0\t2<script>alert(1)</script>\nq1\t5\n");
  const std::string html = ReportHtml(Run(Options()).report);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("@import")));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(html, HasSubstr("@media print"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST_F(RunTest, MarkdownHasATableForEachKind) {
  const std::string text = ReportMarkdown(Run(Options()).report);
  for (const char* title : {"## Pairs", "## Thresholds", "## Whitening", "## Retrieval", "## Hubs", "## Intents", "## Data", "## Conditions"}) {
    EXPECT_THAT(text, HasSubstr(title));
  }
}

TEST_F(RunTest, WorstPairsAreThoseTooAlikeAndThoseTooUnlike) {
  Write("pairs/test.tsv", "0\t1\t0\n0\t2\t1\n0\t80\t0\n0\t90\t1\n");
  const auto worst = Run(Options()).report["tasks"][0]["worst"];
  ASSERT_EQ(worst.size(), 4u);
  EXPECT_EQ(worst[0]["line"], 1);
  EXPECT_EQ(worst[0]["fault"], "too alike");
  EXPECT_EQ(worst[0]["second"], "1");
  EXPECT_EQ(worst[2]["line"], 4);
  EXPECT_EQ(worst[2]["fault"], "too unlike");
}

TEST_F(RunTest, TheHubDistributionCountsEveryDocument) {
  const auto hubness = Run(Options()).report["tasks"][1]["hubness"];
  EXPECT_EQ(hubness["distribution_width"], 1);
  EXPECT_EQ(hubness["distribution"], nlohmann::json({0, 0, 0, 4}));  // each of four is in all three lists
}

TEST_F(RunTest, OneClassOnlyIsReportedWithWhatHasAValue) {
  Write("pairs/dev.tsv", "1\t2\t1\n3\t9\t1\n");
  Write("pairs/test.tsv", "1\t2\t1\n3\t9\t1\n");
  const auto& report = Run(Options()).report;
  const auto& task = report["tasks"][0];
  EXPECT_TRUE(task["correlation"]["spearman"].is_null());
  EXPECT_TRUE(task["decision"]["roc_auc"].is_null());
  EXPECT_EQ(task["decision"]["thresholds"]["accuracy"]["test"]["accuracy"], 1);
  EXPECT_GE(task["notes"].size(), 2u);
  EXPECT_THAT(SummaryText(report), HasSubstr("–"));
}

TEST_F(RunTest, OnePairIsReported) {
  Write("pairs/dev.tsv", "1\t2\t1\n");
  Write("pairs/test.tsv", "1\t2\t0\n");
  const auto& report = Run(Options()).report;
  EXPECT_EQ(report["tasks"][0]["decision"]["thresholds"]["accuracy"]["test"]["accuracy"], 0);
  EXPECT_THAT(ReportHtml(report), HasSubstr("</html>"));
}

TEST_F(RunTest, FaultsNameTaskFileAndLine) {
  Write("pairs/test.tsv", "1\t2\t1\n3\t4\tyes\n");
  EXPECT_THAT(Fault(Options()), HasSubstr("task pairs: "));
  EXPECT_THAT(Fault(Options()), HasSubstr("line 2"));
  Write("pairs/test.tsv", "");
  EXPECT_THAT(Fault(Options()), HasSubstr("pairs/test.tsv: there are no pairs"));
  Write("pairs/test.tsv", "1\tzero\t1\n");
  EXPECT_THAT(Fault(Options()), HasSubstr("pair 1: a sentence has the zero vector"));
}

TEST_F(RunTest, RefusesOptionsThatMakeNoRun) {
  RunOptions options = Options();
  options.resamples = 0;
  EXPECT_THAT(Fault(options), HasSubstr("resamples is 0"));
  options = Options();
  options.suites.push_back(options.suites[0]);
  EXPECT_THAT(Fault(options), HasSubstr("two suites have a task \"pairs\""));
  options.suites.clear();
  EXPECT_THAT(Fault(options), HasSubstr("at least one suite"));
}

}  // namespace
}  // namespace senvec
