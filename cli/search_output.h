#pragma once

#include <string>

#include "cli/search_ask.h"

namespace senvec {

// What `senvec search` prints of one query.
std::string SearchTable(const std::string& query, const SearchAsk& ask, const MeaningResult& result);
std::string SearchJsonLine(const std::string& query, const SearchAsk& ask, const SearchAnswer& answer,
                           const MeaningResult& result);

}  // namespace senvec
