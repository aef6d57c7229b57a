#include "eval/report.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "eval/report_html.h"
#include "eval/report_text.h"

namespace senvec {

absl::Status WriteReport(const RunReport& run, const std::string& folder) {
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(folder, "items.json"), DumpJson(run.items) + "\n"));
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(folder, "report.md"), ReportMarkdown(run.report)));
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(folder, "report.html"), ReportHtml(run.report)));
  // Last: whoever sees it sees the others.
  return WriteFileAtomically(JoinPath(folder, "report.json"), DumpJson(run.report) + "\n");
}

absl::StatusOr<RunReport> ReadReport(const std::string& folder) {
  RunReport run;
  const std::string path = JoinPath(folder, "report.json");
  SENVEC_ASSIGN_OR_RETURN(run.report, ReadJsonFile(path));
  if (!run.report.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a report of senvec eval"));
  }
  SENVEC_ASSIGN_OR_RETURN(const int64_t schema, JsonInt(run.report, "schema", path));
  if (schema != kReportSchema) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": its form is version ", schema, ", this program reads ",
                                                      kReportSchema, "; run the evaluation again"));
  }
  SENVEC_ASSIGN_OR_RETURN(run.items, ReadJsonFile(JoinPath(folder, "items.json")));
  if (run.items.is_object()) return run;
  return absl::InvalidArgumentError(absl::StrCat(folder, "/items.json: not what senvec eval writes"));
}

}  // namespace senvec
