#include "index/filter/bitmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <set>

namespace senvec {
namespace {

using Rows = std::set<uint32_t>;

// Rows that make every kind of container: scattered, dense and in runs, also at both ends of the
// range of ids.
Rows RandomRows(std::mt19937_64& random) {
  Rows rows;
  for (uint64_t piece = random() % 5; piece > 0; --piece) {
    constexpr uint64_t kBases[] = {0, 1, 2, 3, 4, 5, 7, 65534, 65535};
    const uint64_t base = kBases[random() % std::size(kBases)] << 16;
    const uint64_t count = random() % 3 == 0 ? random() % 9000 : random() % 40;
    const uint64_t spread = random() % 2 == 0 ? 65536 : count + 1;
    const uint64_t run = random() % 3 == 0 ? 1 + random() % 500 : 1;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t first = base + random() % spread;
      for (uint64_t j = 0; j < run && i < count; ++j, ++i) {
        rows.insert(static_cast<uint32_t>(std::min<uint64_t>(first + j, 0xffffffff)));
      }
    }
  }
  return rows;
}

Bitmap Make(const Rows& rows, std::mt19937_64& random) {
  std::vector<uint32_t> list(rows.begin(), rows.end());
  std::shuffle(list.begin(), list.end(), random);
  Bitmap bitmap = Bitmap::Of(list);
  if (random() % 2 == 0) bitmap.Optimize();
  return bitmap;
}

std::vector<uint32_t> Sorted(const Rows& rows) { return {rows.begin(), rows.end()}; }

TEST(BitmapTest, EmptyBitmapHoldsNothing) {
  const Bitmap bitmap;
  EXPECT_TRUE(bitmap.empty());
  EXPECT_EQ(bitmap.cardinality(), 0u);
  EXPECT_FALSE(bitmap.Contains(0));
  EXPECT_TRUE(bitmap.ToVector().empty());
  uint32_t row;
  EXPECT_EQ(bitmap.Read(0, absl::MakeSpan(&row, 1)), 0u);
  EXPECT_EQ(bitmap, Bitmap::Of({}));
  EXPECT_EQ(Bitmap::Parse(bitmap.Serialize())->cardinality(), 0u);
}

TEST(BitmapTest, RangesReachBothEnds) {
  constexpr uint64_t kEnd = uint64_t{1} << 32;
  const Bitmap all = Bitmap::Range(0, kEnd);
  EXPECT_EQ(all.cardinality(), kEnd);
  EXPECT_EQ(all.CountRange(0, kEnd), kEnd);
  EXPECT_TRUE(Bitmap::Range(7, 7).empty());
  EXPECT_TRUE(Bitmap::Range(8, 7).empty());
  Bitmap last = Bitmap::Range(kEnd - 2, kEnd + 5);
  EXPECT_THAT(last.ToVector(), testing::ElementsAre(0xfffffffe, 0xffffffff));
  uint64_t word = 0;
  last.ToWords(0xffffffff, 1, absl::MakeSpan(&word, 1));
  EXPECT_EQ(word, 1u);
  last.AddRange(3, 5);
  EXPECT_THAT(last.ToVector(), testing::ElementsAre(3, 4, 0xfffffffe, 0xffffffff));
}

TEST(BitmapTest, OperationsOnItselfAreSafe) {
  Bitmap bitmap = Bitmap::Of({1, 70000});
  bitmap.And(bitmap);
  bitmap.Or(bitmap);
  EXPECT_EQ(bitmap.cardinality(), 2u);
  bitmap = *&bitmap;
  EXPECT_EQ(bitmap.cardinality(), 2u);
  bitmap.AndNot(bitmap);
  EXPECT_TRUE(bitmap.empty());
}

TEST(BitmapTest, CopiesAreIndependent) {
  Bitmap first = Bitmap::Of({1, 2});
  Bitmap second = first;
  second.Add(3);
  first.Remove(1);
  EXPECT_THAT(first.ToVector(), testing::ElementsAre(2));
  EXPECT_THAT(second.ToVector(), testing::ElementsAre(1, 2, 3));
}

TEST(BitmapTest, ForEachStopsWhenTold) {
  const Bitmap bitmap = Bitmap::Range(10, 1000000);
  int seen = 0;
  bitmap.ForEach([&](uint32_t row) { return ++seen < 5; });
  EXPECT_EQ(seen, 5);
}

TEST(BitmapTest, SetOperationsEqualThoseOfStdSet) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 400; ++round) {
    const Rows a = RandomRows(random);
    const Rows b = RandomRows(random);
    const Bitmap left = Make(a, random);
    const Bitmap right = Make(b, random);
    std::vector<uint32_t> expected;
    const auto into = std::back_inserter(expected);

    Bitmap result = left;
    result.And(right);
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), into);
    ASSERT_EQ(result.ToVector(), expected) << round;

    expected.clear();
    result = left;
    result.Or(right);
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), into);
    ASSERT_EQ(result.ToVector(), expected) << round;
    ASSERT_EQ(result.cardinality(), expected.size());

    expected.clear();
    result = left;
    result.AndNot(right);
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), into);
    ASSERT_EQ(result.ToVector(), expected) << round;
    ASSERT_EQ(left == right, a == b);
  }
}

TEST(BitmapTest, UnionEqualsOrOneAfterTheOther) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 100; ++round) {
    BitmapUnion united;
    Rows expected;
    for (uint64_t part = random() % 12; part > 0; --part) {
      const Rows rows = RandomRows(random);
      united.Add(Make(rows, random));
      expected.insert(rows.begin(), rows.end());
      const uint32_t single = static_cast<uint32_t>(random() % 400000);
      united.Add(single);
      expected.insert(single);
    }
    const Bitmap result = united.Finish();
    ASSERT_EQ(result.ToVector(), Sorted(expected)) << round;
    ASSERT_EQ(result.cardinality(), expected.size());
    ASSERT_TRUE(united.Finish().empty());
  }
}

TEST(BitmapTest, UnionOfManySingleRowsHoldsEachOnce) {
  const struct {
    const char* name;
    size_t count;
    uint64_t below;
  } cases[] = {{"dense", 200000, 300000},
               {"sparse", 20000, uint64_t{1} << 32},
               {"several times over", 2500000, 100000}};
  std::mt19937_64 random(9);
  for (const auto& [name, count, below] : cases) {
    BitmapUnion united;
    std::vector<uint32_t> rows(count);
    for (uint32_t& row : rows) {
      row = static_cast<uint32_t>(random() % below);
      united.Add(row);
    }
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    EXPECT_EQ(united.Finish().ToVector(), rows) << name;
  }
}

TEST(BitmapTest, SingleChangesEqualThoseOfStdSet) {
  std::mt19937_64 random(3);
  Rows expected;
  Bitmap bitmap;
  for (int step = 0; step < 200000; ++step) {
    const uint32_t row = static_cast<uint32_t>(random() % 3 << 16 | random() % 12000);
    if (random() % 5 < 3) {
      bitmap.Add(row);
      expected.insert(row);
    } else {
      bitmap.Remove(row);
      expected.erase(row);
    }
    ASSERT_EQ(bitmap.Contains(row), expected.count(row) == 1);
    if (step % 20000 == 0) bitmap.Optimize();
  }
  EXPECT_EQ(bitmap.ToVector(), Sorted(expected));
}

TEST(BitmapTest, ReadsPageByPage) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 100; ++round) {
    const Rows rows = RandomRows(random);
    const Bitmap bitmap = Make(rows, random);
    std::vector<uint32_t> found;
    std::vector<uint32_t> page(1 + random() % 700);
    uint64_t next = 0;
    while (next <= 0xffffffff) {
      const size_t count = bitmap.Read(static_cast<uint32_t>(next), absl::MakeSpan(page));
      if (count == 0) break;
      found.insert(found.end(), page.begin(), page.begin() + count);
      next = uint64_t{page[count - 1]} + 1;
    }
    ASSERT_EQ(found, Sorted(rows)) << round;
  }
}

TEST(BitmapTest, CountsRanges) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    const Rows rows = RandomRows(random);
    const Bitmap bitmap = Make(rows, random);
    const uint64_t begin = random() % 500000;
    const uint64_t end = random() % 500000;
    const auto expected =
        begin < end ? std::distance(rows.lower_bound(begin), rows.lower_bound(end)) : 0;
    ASSERT_EQ(bitmap.CountRange(begin, end), static_cast<uint64_t>(expected)) << round;
  }
}

TEST(BitmapTest, WordsOfARangeHoldExactlyItsRows) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 1500; ++round) {
    const Rows rows = RandomRows(random);
    const Bitmap bitmap = Make(rows, random);
    const uint32_t first =
        static_cast<uint32_t>(random() % 4 == 0 ? random() % 6 << 16 : random() % 400000);
    const uint64_t count = random() % (round % 2 == 0 ? 200 : 150000);
    std::vector<uint64_t> words((count + 63) / 64 + 1, 0x5555);  // with one that must stay as it is
    bitmap.ToWords(first, count, absl::MakeSpan(words));
    std::vector<uint64_t> expected((count + 63) / 64 + 1, 0);
    expected.back() = 0x5555;
    for (auto row = rows.lower_bound(first); row != rows.end() && *row < first + count; ++row) {
      expected[(*row - first) / 64] |= uint64_t{1} << ((*row - first) % 64);
    }
    ASSERT_EQ(words, expected) << "round " << round << ", first " << first << ", rows " << count;
  }
}

TEST(BitmapTest, WordsOfListedIdsHoldExactlyThose) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 600; ++round) {
    const Rows rows = RandomRows(random);
    const Bitmap bitmap = Make(rows, random);
    std::vector<uint32_t> ids;
    const uint64_t step = 1 + random() % (round % 2 == 0 ? 4 : 5000);
    for (uint64_t id = random() % 70000; ids.size() < 20000 && id < 500000;
         id += 1 + random() % step) {
      ids.push_back(static_cast<uint32_t>(id));
    }
    if (round % 3 == 0) ids.push_back(0xffffffff);
    std::vector<uint64_t> words((ids.size() + 63) / 64, ~uint64_t{0});
    bitmap.ToWords(ids, absl::MakeSpan(words));
    std::vector<uint64_t> expected(words.size(), 0);
    for (size_t i = 0; i < ids.size(); ++i) {
      expected[i / 64] |= uint64_t{rows.count(ids[i])} << (i % 64);
    }
    ASSERT_EQ(words, expected) << round;
  }
}

TEST(BitmapTest, SerialisedBitmapsComeBack) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 300; ++round) {
    Bitmap bitmap = Make(RandomRows(random), random);
    bitmap.Or(Make(RandomRows(random), random));
    const std::string bytes = bitmap.Serialize();
    const absl::StatusOr<Bitmap> parsed = Bitmap::Parse(bytes);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    ASSERT_EQ(*parsed, bitmap);
    ASSERT_EQ(parsed->Serialize(), bytes);
  }
}

}  // namespace
}  // namespace senvec
