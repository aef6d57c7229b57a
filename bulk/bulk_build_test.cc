#include "bulk/bulk_build.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/check.h"
#include "base/file.h"
#include "bulk/partial_folder.h"
#include "tests/support/bulk_encoder.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

std::string Lines(int n) {
  std::string lines;
  for (int i = 0; i < n; ++i) absl::StrAppend(&lines, "d", i, "\t", std::string(i % 9 + 1, static_cast<char>('a' + i % 26)), "\n");
  return lines;
}

class BulkBuildTest : public testing::Test {
 protected:
  BulkBuildOptions Options(const std::string& tsv) {
    SENVEC_CHECK(WriteFileAtomically(folder_ / "c.tsv", tsv).ok());
    BulkBuildOptions options;
    options.output = folder_ / "out";
    options.source.input = folder_ / "c.tsv";
    options.collection.index.dim = 2;
    options.collection.index.metric = Metric::kL2;
    options.settings = {{"--kind", "exact"}};
    options.num_workers = 2;
    options.now = absl::Now;
    return options;
  }
  absl::StatusOr<BulkReport> Build(const BulkBuildOptions& options) { return BulkBuild(options, &encoder_, &pool_, {}); }
  // Every document of a collection, in the order of ids.
  static std::vector<Document> Content(const std::string& directory) {
    const auto collection = Collection::OpenForReading(directory);
    SENVEC_CHECK(collection.ok());
    return *(*collection)->Scan({.limit = 100000});
  }

  const TempDir folder_;
  BulkEncoder encoder_;
  ThreadPool pool_{2};
};

TEST_F(BulkBuildTest, BuildsUnderTheNameOfTheOutput) {
  const auto report = Build(Options(Lines(1500) + "bad\n"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->num_documents, 1500);
  EXPECT_EQ(report->num_records, 1501);
  EXPECT_EQ(report->num_rejects, 1);
  EXPECT_EQ(report->num_resumed, 0);
  EXPECT_EQ(report->rejects_path, folder_ / "out.rejects.tsv");
  EXPECT_THAT(*ReadFile(report->rejects_path), HasSubstr("1501\t\thas 0 tabs"));
  const auto collection = *Collection::OpenForReading(folder_ / "out");
  EXPECT_EQ(collection->options().name, "out");
  EXPECT_EQ(collection->Stats()->num_segments, 1);
  EXPECT_EQ(Content(folder_ / "out").size(), 1500u);
}

// The encoder breaks at each of some places in turn; each run goes on where the one before it had come.
TEST_F(BulkBuildTest, GoesOnWhereItWasStopped) {
  std::string lines;
  for (int i = 0; i < 4000; ++i) absl::StrAppend(&lines, "d", i, "\ttext", i, "\n", i % 500 == 0 ? "bad\n" : "");
  BulkBuildOptions options = Options(lines);
  options.output = folder_ / "whole";
  ASSERT_TRUE(Build(options).ok());
  options.output = folder_ / "out";
  int64_t last = 0;
  for (const char* text : {"text700", "text701", "text2900", "text3999"}) {
    encoder_.failing = text;
    int64_t resumed = 0;
    const BulkListener listener = {.on_start = [&](const BulkReport& report) { resumed = report.num_resumed; }, .on_batch = {}, .on_index = {}};
    EXPECT_EQ(BulkBuild(options, &encoder_, &pool_, listener).status().code(), absl::StatusCode::kInternal) << text;
    EXPECT_FALSE(DirectoryExists(folder_ / "out"));
    EXPECT_GE(resumed, last);
    last = resumed;
  }
  EXPECT_GT(last, 1000);
  encoder_.failing = "";
  const auto report = Build(options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GE(report->num_resumed, last);
  EXPECT_EQ(report->num_rejects, 8);
  EXPECT_EQ(*ReadFile(folder_ / "out.rejects.tsv"), *ReadFile(folder_ / "whole.rejects.tsv"));
  const std::vector<Document> documents = Content(folder_ / "out"), expected = Content(folder_ / "whole");
  ASSERT_EQ(documents.size(), expected.size());
  for (size_t i = 0; i < documents.size(); ++i) {
    EXPECT_EQ(documents[i].id, expected[i].id);
    EXPECT_EQ(documents[i].vector, expected[i].vector);
  }
}

TEST_F(BulkBuildTest, StrictNamesTheLineAndCanBeTakenBack) {
  BulkBuildOptions options = Options(Lines(10) + "bad\n" + "x\ty\n");
  options.strict = true;
  const absl::Status status = Build(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("c.tsv: line 11: has 0 tabs"));
  options.strict = false;
  EXPECT_EQ(Build(options).value().num_documents, 11);
}

TEST_F(BulkBuildTest, LeavesWhatIsThere) {
  ASSERT_TRUE(Build(Options(Lines(3))).ok());
  EXPECT_EQ(Build(Options(Lines(3))).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(BulkBuildTest, AnUnfinishedBuildThatCannotBeReadIsThrownAwayOnRequestOnly) {
  BulkBuildOptions options = Options(Lines(3));
  const std::string partial = (*PartialFolder::For(options.output))->path();
  ASSERT_TRUE(MakeDirectories(partial).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(partial, "COLLECTION.json"), "{").ok());
  const absl::Status status = Build(options).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("--restart"));
  options.restart = true;
  EXPECT_TRUE(Build(options).ok());
}

TEST_F(BulkBuildTest, AnEmptyInputMakesAnEmptyCollection) {
  EXPECT_EQ(Build(Options("")).value().num_documents, 0);
  EXPECT_TRUE(Content(folder_ / "out").empty());
}

TEST_F(BulkBuildTest, AnImportReplacesByIdAndStopsAtABadLineUnlessToldOtherwise) {
  ASSERT_TRUE(Build(Options("a\tx\nb\ty\n")).ok());
  const auto collection = *Collection::Open(folder_ / "out");
  ASSERT_TRUE(WriteFileAtomically(folder_ / "new.tsv", "b\tnew\nc\tz\nbad\nc\tlast\n").ok());
  BulkImportOptions options;
  options.source.input = folder_ / "new.tsv";
  options.now = absl::Now;
  EXPECT_THAT(std::string(BulkImport(options, &encoder_, collection.get(), {}).status().message()), HasSubstr("new.tsv: line 3"));
  options.rejects = folder_ / "r.tsv";
  const auto report = BulkImport(options, &encoder_, collection.get(), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->num_documents, 3);
  EXPECT_EQ(report->num_rejects, 1);
  const std::vector<std::string> ids = {"b", "c"};
  const auto found = *collection->Get(ids);
  EXPECT_EQ(found[0]->text, "new");
  EXPECT_EQ(found[1]->text, "last");
}

}  // namespace
}  // namespace senvec
