#pragma once

#include <string>

#include "index/collection.h"

namespace senvec {

// A document as a line that CorpusReader reads (jsonl): id, text, metadata, group, and the vector where it is wanted.
std::string JsonLineOf(const Document& document, bool with_vector);

}  // namespace senvec
