#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "index/collection.h"
#include "retrieval/meaning_search.h"
#include "scoring/margin.h"

namespace senvec {

// What `senvec search` asks, of a folder or of a server.
struct SearchAsk {
  SearchOptions search;  // its k: hits wanted
  bool by_margin = false;
  bool by_csls = false;
  bool by_group = false;     // hits are meanings; by margin they always are
  int32_t members = 1;       // documents shown of each meaning
  int32_t candidates = 0;    // 0 = the collection's scoring's, or 100
  MarginOverrides margin;

  bool is_for_meanings() const { return by_margin || by_group; }
};

struct SearchAnswer {
  // One a query. Where hits are documents, each is a meaning of one member.
  std::vector<MeaningResult> results;
  std::optional<MarginOptions> margin;  // what was used
  bool is_calibrated = false;           // the collection's scoring had a part in it
};

}  // namespace senvec
