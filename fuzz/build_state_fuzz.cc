// The note that an unfinished build keeps in its collection: an error, or a state that comes back from what it writes.
#include <cstdint>

#include "base/check.h"
#include "bulk/build_state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto state = senvec::BuildState::FromJson({reinterpret_cast<const char*>(data), size});
  if (!state.ok()) {
    SENVEC_CHECK(absl::IsDataLoss(state.status()));
    return 0;
  }
  const auto again = senvec::BuildState::FromJson(state->ToJson());
  SENVEC_CHECK(again.ok() && again->settings == state->settings && again->position == state->position);
  SENVEC_CHECK(state->CheckSettings(again->settings, "here").ok());
  return 0;
}
