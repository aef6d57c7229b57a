#include "bulk/encode_pipeline.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/file.h"
#include "tests/support/bulk_encoder.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EncodePipelineTest : public testing::Test {
 protected:
  struct All {
    std::vector<Document> documents;
    std::vector<int64_t> lines;
    std::vector<Reject> rejects;
    int64_t num_tokens = 0, num_truncated = 0;
    BulkPosition end;
    absl::Status status;
  };
  All Run(const std::string& tsv, const EncodePipelineOptions& options) {
    SENVEC_CHECK(WriteFileAtomically(folder_ / "c.tsv", tsv).ok());
    const auto source = *RecordSource::Open({.input = folder_ / "c.tsv"});
    RecordChecker checker({.dim = 2});
    EncodePipeline pipeline(source.get(), &checker, &encoder_, options);
    All all;
    while (true) {
      auto batch = pipeline.Next();
      all.status = batch.status();
      if (!batch.ok() || !batch->has_value()) return all;
      for (Document& document : (*batch)->documents) all.documents.push_back(std::move(document));
      all.lines.insert(all.lines.end(), (*batch)->lines.begin(), (*batch)->lines.end());
      all.rejects.insert(all.rejects.end(), (*batch)->rejects.begin(), (*batch)->rejects.end());
      all.num_tokens += (*batch)->num_tokens;
      all.num_truncated += (*batch)->num_truncated;
      all.end = (*batch)->end;
    }
  }
  const TempDir folder_;
  BulkEncoder encoder_;
};

std::string Lines(int n) {
  std::string lines;
  for (int i = 0; i < n; ++i) absl::StrAppend(&lines, "d", i, "\t", std::string(i % 9 + 1, static_cast<char>('a' + i % 26)), "\n");
  return lines;
}

TEST_F(EncodePipelineTest, GivesEverythingInOrderWithItsVectorForAnyNumberOfWorkers) {
  for (const int workers : {1, 2, 7}) {
    for (const int64_t buffer : {int64_t{1}, int64_t{1} << 30}) {
      const All all = Run(Lines(3000), {.num_workers = workers, .buffer_bytes = buffer});
      ASSERT_TRUE(all.status.ok()) << all.status;
      ASSERT_EQ(all.documents.size(), 3000u);
      int64_t tokens = 0;
      for (int i = 0; i < 3000; ++i) {
        const Document& document = all.documents[i];
        ASSERT_EQ(document.id, absl::StrCat("d", i));
        ASSERT_THAT(document.vector, ElementsAre('a' + i % 26, i % 9 + 1));
        ASSERT_EQ(all.lines[i], i + 1);
        tokens += i % 9 + 1;
      }
      EXPECT_EQ(all.num_tokens, tokens);
      EXPECT_EQ(all.end.records, 3000);
    }
  }
}

TEST_F(EncodePipelineTest, PutsThePromptBefore) {
  EXPECT_THAT(Run("a\tbc\n", {.num_workers = 1, .prompt = "p"}).documents[0].vector, ElementsAre('p', 3));
}

TEST_F(EncodePipelineTest, BadRecordsAreRejectedAndTheOthersGoOn) {
  const All all = Run("a\tx\nno tab\nb\t \na\ttwice\nc\ty\n", {.num_workers = 2});
  ASSERT_TRUE(all.status.ok());
  EXPECT_EQ(all.documents.size(), 2u);
  EXPECT_THAT(all.lines, ElementsAre(1, 5));
  ASSERT_EQ(all.rejects.size(), 3u);
  EXPECT_EQ(all.rejects[0].line, 2);
  EXPECT_THAT(all.rejects[1].reason, HasSubstr("no text"));
  EXPECT_THAT(all.rejects[2].reason, HasSubstr("that of line 1 already"));
  EXPECT_EQ(all.end.records, 5);
}

TEST_F(EncodePipelineTest, LongTextsAreCutOrRejected) {
  const std::string lines = "a\tx\nb\t" + std::string(BulkEncoder::kMaxTokens + 3, 'y') + "\n";
  const All cut = Run(lines, {.num_workers = 1});
  EXPECT_EQ(cut.documents.size(), 2u);
  EXPECT_EQ(cut.num_truncated, 1);
  const All refused = Run(lines, {.num_workers = 1, .refuse_truncation = true});
  EXPECT_EQ(refused.documents.size(), 1u);
  ASSERT_EQ(refused.rejects.size(), 1u);
  EXPECT_THAT(refused.rejects[0].reason, HasSubstr(absl::StrCat("has ", BulkEncoder::kMaxTokens + 3, " tokens")));
}

TEST_F(EncodePipelineTest, ATextThatTheEncoderRefusesIsRejectedAlone) {
  encoder_.refused = "bad";
  const All all = Run("a\tx\nb\tbad\nc\ty\n", {.num_workers = 1});
  EXPECT_EQ(all.documents.size(), 2u);
  ASSERT_EQ(all.rejects.size(), 1u);
  EXPECT_EQ(all.rejects[0].line, 2);
  EXPECT_THAT(all.rejects[0].reason, HasSubstr("cannot be encoded"));
}

// What was before the fault is given out with its place; nothing after it is.
TEST_F(EncodePipelineTest, AFaultOfTheEncoderEndsThePipelineAfterWhatWasBefore) {
  encoder_.failing = "broken";
  std::string lines = Lines(1000);
  lines += "x\tbroken\n" + std::string("y\tafter\n");
  for (const int workers : {1, 4}) {
    const All all = Run(lines, {.num_workers = workers});
    EXPECT_EQ(all.status.code(), absl::StatusCode::kInternal);
    EXPECT_LE(all.documents.size(), 1000u);
    EXPECT_EQ(all.end.records, static_cast<int64_t>(all.documents.size()));
  }
}

TEST_F(EncodePipelineTest, CanBeLeftInTheMiddle) {
  SENVEC_CHECK(WriteFileAtomically(folder_ / "c.tsv", Lines(5000)).ok());
  const auto source = *RecordSource::Open({.input = folder_ / "c.tsv"});
  RecordChecker checker({.dim = 2});
  EncodePipeline pipeline(source.get(), &checker, &encoder_, {.num_workers = 3});
  EXPECT_TRUE(pipeline.Next().ok());
}

}  // namespace
}  // namespace senvec
