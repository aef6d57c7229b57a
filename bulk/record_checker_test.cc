#include "bulk/record_checker.h"

#include <gmock/gmock.h>

#include <cmath>

namespace senvec {
namespace {

using testing::HasSubstr;

BulkRecord Good() { return {.line = 1, .document = {.id = "a", .text = "text"}, .fault = ""}; }

std::string FaultOf(BulkRecord record, const RecordChecker::Options& options = {.dim = 2}) {
  RecordChecker(options).Check(record);
  return record.fault;
}

TEST(RecordCheckerTest, LetsDocumentsPass) {
  EXPECT_EQ(FaultOf(Good()), "");
  BulkRecord record = Good();
  record.document.text = "";
  record.document.vector = {1, 0};
  EXPECT_EQ(FaultOf(record), "");
  EXPECT_EQ(FaultOf(record, {.dim = 2, .can_encode = false}), "");
}

TEST(RecordCheckerTest, SaysWhatIsWrong) {
  const struct {
    const char* name;
    void (*spoil)(BulkRecord&);
    const char* fault;
  } kCases[] = {
      {"a fault of the line stays", [](BulkRecord& r) { r.fault = "no JSON"; }, "no JSON"},
      {"no id", [](BulkRecord& r) { r.document.id = ""; }, "the id is empty"},
      {"id no utf8", [](BulkRecord& r) { r.document.id = "\xFF"; }, "the id is not valid UTF-8"},
      {"id nul", [](BulkRecord& r) { r.document.id = std::string("a\0b", 3); }, "the id has a NUL byte"},
      {"id long", [](BulkRecord& r) { r.document.id = std::string(513, 'a'); }, "the id has 513 bytes; at most 512"},
      {"group long", [](BulkRecord& r) { r.document.group = std::string(513, 'a'); }, "the group has 513 bytes"},
      {"text no utf8", [](BulkRecord& r) { r.document.text = "\xC3("; }, "the text is not valid UTF-8"},
      {"blank", [](BulkRecord& r) { r.document.text = " \t\xE3\x80\x80\n"; }, "it has no text"},
      {"short vector", [](BulkRecord& r) { r.document.vector = {1}; }, "its vector has 1 values; the collection's have 2"},
      {"nan", [](BulkRecord& r) { r.document.vector = {1, NAN}; }, "value 1 of its vector is nan"},
      {"zero", [](BulkRecord& r) { r.document.vector = {0, 0}; }, "its vector is zero"},
  };
  for (const auto& c : kCases) {
    BulkRecord record = Good();
    c.spoil(record);
    EXPECT_THAT(FaultOf(record), HasSubstr(c.fault)) << c.name;
  }
  EXPECT_THAT(FaultOf(Good(), {.dim = 2, .can_encode = false}), HasSubstr("it has no vector"));
  BulkRecord zero = Good();
  zero.document.vector = {0, 0};
  EXPECT_EQ(FaultOf(zero, {.dim = 2, .needs_length = false}), "");
}

TEST(RecordCheckerTest, AnIdIsTakenOnceByTheFirstGoodRecord) {
  RecordChecker checker({.dim = 2, .unit = "row"});
  BulkRecord bad = Good();
  bad.document.text = "";
  checker.Check(bad);
  BulkRecord first = Good(), second = Good();
  first.line = 0;
  second.line = 9;
  checker.Check(first);
  checker.Check(second);
  EXPECT_EQ(first.fault, "");
  EXPECT_EQ(second.fault, "id \"a\" is that of row 0 already; ids must be unique");
  RecordChecker replacing({.dim = 2, .unique_ids = false});
  for (int i = 0; i < 2; ++i) {
    BulkRecord record = Good();
    replacing.Check(record);
    EXPECT_EQ(record.fault, "");
  }
}

}  // namespace
}  // namespace senvec
