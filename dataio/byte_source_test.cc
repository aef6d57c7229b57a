#include "dataio/byte_source.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <string>

#include "base/check.h"
#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace senvec {
namespace {

using testing::HasSubstr;

// One gzip member.
std::string Packed(const std::string& bytes) {
  z_stream stream = {};
  SENVEC_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(&out[0]);
  stream.avail_out = static_cast<uInt>(out.size());
  SENVEC_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Lines of numbers: some that pack well and are longer than one block.
std::string Numbers(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

class ByteSourceTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> ReadAll(const std::string& contents, size_t step = 1000) {
    SENVEC_CHECK(WriteFileAtomically(path_, contents).ok());
    auto source = ByteSource::Open(path_);
    if (!source.ok()) return source.status();
    std::string all, part(step, '\0');
    while (true) {
      const auto n = (*source)->Read(absl::MakeSpan(&part[0], step));
      if (!n.ok()) return n.status();
      all.append(part, 0, *n);
      if (*n == 0) break;
    }
    EXPECT_EQ((*source)->stored_size(), static_cast<int64_t>(contents.size()));
    EXPECT_EQ((*source)->stored_position(), static_cast<int64_t>(contents.size()));
    return all;
  }
  const TempDir folder_;
  const std::string path_ = folder_ / "file.txt";
};

TEST_F(ByteSourceTest, GivesAPlainFileAsItIs) {
  for (const std::string& contents : {std::string(), std::string("a"), std::string("\x1f"), std::string("\x1fx"), Numbers(50000)}) {
    EXPECT_EQ(ReadAll(contents).value(), contents);
  }
}

TEST_F(ByteSourceTest, UnpacksGzipWhateverTheNameIs) {
  for (const std::string& contents : {std::string(), std::string("a\n"), Numbers(50000)}) {
    for (const size_t step : {size_t{1}, size_t{1000}, size_t{1} << 17}) {
      if (step == 1 && contents.size() > 10) continue;
      EXPECT_EQ(ReadAll(Packed(contents), step).value(), contents);
    }
  }
}

TEST_F(ByteSourceTest, MembersOneAfterTheOtherAreOneStream) {
  EXPECT_EQ(ReadAll(Packed("one\n") + Packed("") + Packed("two\n")).value(), "one\ntwo\n");
}

TEST_F(ByteSourceTest, ACutOrDamagedStreamIsToldAndNeverGivenAsWhole) {
  const std::string whole = Packed(Numbers(3000));
  for (size_t size = 3; size < whole.size(); size += 97) {
    const absl::Status status = ReadAll(whole.substr(0, size)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
    EXPECT_THAT(std::string(status.message()), HasSubstr("file.txt: the gzip stream is damaged")) << size;
  }
  std::string flipped = whole;
  flipped[whole.size() - 6] ^= 1;  // in the trailer's checksum
  EXPECT_EQ(ReadAll(flipped).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ByteSourceTest, NamesAFileThatIsNotThere) {
  const absl::Status status = ByteSource::Open(folder_ / "nothing").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nothing"));
}

}  // namespace
}  // namespace senvec
