#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/document_lines.h"
#include "cli/index_flags.h"
#include "cli/notice.h"
#include "cli/usage_error.h"
#include "dataio/standard_output.h"
#include "index/collection.h"

namespace senvec {
namespace {

struct DocumentFlags {
  std::string index;
  std::string filter;
  bool vectors = false;
  std::vector<std::string> ids;
};

absl::Status Get(const DocumentFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::OpenForReading(flags.index, {.notice = TellNotice}));
  SENVEC_ASSIGN_OR_RETURN(const auto documents, collection->Get(flags.ids, flags.vectors));
  std::string lines;
  std::vector<std::string> missing;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (documents[i].has_value()) {
      lines += JsonLineOf(*documents[i], flags.vectors);
    } else {
      missing.push_back(flags.ids[i]);
    }
  }
  SENVEC_RETURN_IF_ERROR(WriteStandardOutput(lines));
  if (missing.empty()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("there is no document ", absl::StrJoin(missing, ", ")));
}

absl::Status Count(const DocumentFlags& flags) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::OpenForReading(flags.index, {.notice = TellNotice}));
  SENVEC_ASSIGN_OR_RETURN(const int64_t count, collection->Count(flags.filter));
  return WriteStandardOutput(absl::StrCat(count, "\n"));
}

absl::Status Delete(const DocumentFlags& flags) {
  if (flags.ids.empty() == flags.filter.empty()) return UsageError("give either ids or --filter EXPR");
  // What is left is indexed again by the next one who opens the collection for long.
  SENVEC_ASSIGN_OR_RETURN(const auto collection, Collection::Open(flags.index, {.notice = TellNotice}));
  SENVEC_ASSIGN_OR_RETURN(const int64_t deleted, flags.filter.empty() ? collection->Delete(flags.ids) : collection->DeleteMatching(flags.filter));
  return WriteStandardOutput(absl::StrCat(deleted, "\n"));
}

}  // namespace

CommandRunner DeclareIndexGet(FlagSet& flags) {
  auto options = std::make_shared<DocumentFlags>();
  flags.Describe("Prints documents as JSON lines, in the order of their ids on the command line; the exit code is 1 when one is not there.");
  flags.AddPositionals("ID...", &options->ids, "ids of documents");
  DeclareIndexFolder(flags, options->index);
  flags.Add("--vectors", &options->vectors, "print the vectors, too");
  flags.Example("senvec index get --index data/helpdesk password-zh-q2", "one document");
  return [options] { return Get(*options); };
}

CommandRunner DeclareIndexCount(FlagSet& flags) {
  auto options = std::make_shared<DocumentFlags>();
  flags.Describe("Prints how many documents a collection has, or a filter matches.");
  DeclareIndexFolder(flags, options->index);
  flags.Add("--filter", "EXPR", &options->filter, "only documents whose metadata match (docs/filters.md)");
  flags.Example("senvec index count --index data/helpdesk --filter 'lang = \"zh\"'", "documents of one language");
  return [options] { return Count(*options); };
}

CommandRunner DeclareIndexDelete(FlagSet& flags) {
  auto options = std::make_shared<DocumentFlags>();
  flags.Describe("Removes documents by id, or those that a filter matches, and prints how many; unknown ids are ignored. The collection must "
                 "not be in use; a running server is asked with the call DeleteDocuments instead.");
  flags.AddPositionals("ID...", &options->ids, "ids of documents");
  DeclareIndexFolder(flags, options->index);
  flags.Add("--filter", "EXPR", &options->filter, "all documents whose metadata match (docs/filters.md)");
  flags.Example("senvec index delete --index data/helpdesk password-zh-q2 password-zh-q3", "two documents");
  flags.Example("senvec index delete --index data/helpdesk --filter 'year < 2020'", "old ones");
  return [options] { return Delete(*options); };
}

}  // namespace senvec
