#pragma once

#include <string>
#include <vector>

namespace senvec {

// A library that the program is linked with.
struct LibraryVersion {
  std::string name;
  std::string built;    // of the headers at build time, "1.51.1"
  std::string running;  // of what is loaded now; empty where the library does not tell
};
std::vector<LibraryVersion> LibraryVersions();

// Whether a program built with `built` can be trusted to run with `running`: the same major and minor number. An
// unknown version is taken on trust: the file that the linker found has the right name.
bool IsCompatible(const LibraryVersion& library);

}  // namespace senvec
