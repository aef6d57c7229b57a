#include "bulk/id_set.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

TEST(IdSetTest, TellsTheLineOfTheFirst) {
  IdSet ids;
  for (int64_t i = 0; i < 100000; ++i) ASSERT_FALSE(ids.Add(absl::StrCat("id", i), i).has_value()) << i;
  EXPECT_EQ(ids.size(), 100000u);
  EXPECT_EQ(ids.Add("id0", 200000), 0);
  EXPECT_EQ(ids.Add("id99999", 200001), 99999);
  EXPECT_FALSE(ids.Add("", 1).has_value());
  EXPECT_EQ(ids.Add("", 2), 1);
}

TEST(IdSetTest, LinesBeyond32BitsCountAsTheLast) {
  IdSet ids;
  EXPECT_FALSE(ids.Add("a", int64_t{1} << 40).has_value());
  EXPECT_EQ(ids.Add("a", 7), (int64_t{1} << 32) - 1);
}

}  // namespace
}  // namespace senvec
