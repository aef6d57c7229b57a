#include "cli/library_versions.h"

#include <gmock/gmock.h>

namespace senvec {
namespace {

TEST(LibraryVersionsTest, EveryLibraryHasANumberAndRunsAsItWasBuilt) {
  std::vector<std::string> names;
  for (const LibraryVersion& library : LibraryVersions()) {
    names.push_back(library.name);
    EXPECT_THAT(library.built, testing::ContainsRegex("^[0-9]+\\.[0-9]+")) << library.name;
    EXPECT_TRUE(IsCompatible(library)) << library.name << " " << library.built << " " << library.running;
  }
  EXPECT_THAT(names, testing::ElementsAre("gRPC", "protobuf", "OpenBLAS"));
}

TEST(LibraryVersionsTest, APatchMayDifferAMinorNumberMayNot) {
  EXPECT_TRUE(IsCompatible({"x", "1.51.1", "1.51.3"}));
  EXPECT_FALSE(IsCompatible({"x", "1.51.1", "1.52.1"}));
  EXPECT_FALSE(IsCompatible({"x", "1.51.1", "2.51.1"}));
  EXPECT_FALSE(IsCompatible({"x", "1.51.1", "unknown"}));
  EXPECT_TRUE(IsCompatible({"x", "1.51.1", ""}));
}

}  // namespace
}  // namespace senvec
