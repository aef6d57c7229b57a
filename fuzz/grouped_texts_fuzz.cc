// Labelled queries and documents with groups, as lines and as JSON lines: an error that says why, or records.
#include <cstdint>

#include "dataio/grouped_text_reader.h"
#include "fuzz/input_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const senvec::InputFolder folder;
  for (const char* name : {"texts.tsv", "texts.jsonl"}) {
    folder.Write(name, {reinterpret_cast<const char*>(data), size});
    const auto texts = senvec::ReadGroupedTexts(folder / name);
    SENVEC_CHECK(texts.ok() ? !texts->empty() : !texts.status().message().empty());
    const auto documents = senvec::ReadGroupedDocuments(folder / name);
    SENVEC_CHECK(documents.ok() ? !documents->empty() : !documents.status().message().empty());
    if (texts.ok()) {
      for (const senvec::GroupedText& text : *texts) SENVEC_CHECK(!text.group.empty() && text.line > 0);
    }
  }
  return 0;
}
