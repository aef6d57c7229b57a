#include "cli/notice.h"

#include <cstdio>

namespace senvec {

void TellNotice(absl::string_view message) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
}

}  // namespace senvec
