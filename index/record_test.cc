#include "index/record.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

TEST(RecordTest, ReadsBack) {
  for (const Record& record : {Record{"a", "", "", ""}, Record{"怎么", "g", std::string(100000, 'x'), "{}"},
                               Record{"b", std::string("\0", 1), "t", R"({"k":1})"}}) {
    const std::string bytes = SerializeRecord(record);
    const auto read = ParseRecord(bytes, "r");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, record);
    EXPECT_EQ(RecordId(bytes), record.id);
  }
}

TEST(RecordTest, EveryTruncationIsDataLoss) {
  const std::string bytes = SerializeRecord({"id", "group", std::string(200, 't'), "{}"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseRecord(bytes.substr(0, size), "r").status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_FALSE(ParseRecord(bytes + "x", "r").ok());
  EXPECT_FALSE(ParseRecord(SerializeRecord({"", "", "t", ""}), "r").ok());
  EXPECT_FALSE(ParseRecord(std::string("\x01\xff\xff\xff\xff\xff\xff\xff\x7f", 9), "r").ok());
}

}  // namespace
}  // namespace senvec
