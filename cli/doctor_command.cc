#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/environment.h"
#include "cli/library_versions.h"
#include "cli/model_flags.h"
#include "dataio/standard_output.h"
#include "encoder/sentence_encoder.h"
#include "index/collection_store.h"
#include "service/server_config.h"

namespace senvec {
namespace {

struct DoctorFlags {
  std::string model;
  std::string data;
  std::string listen = ServerConfig().listen;
};

// One line of the report.
struct Finding {
  bool good;
  std::string what;
  std::string remedy;  // when it is not good
};

Finding CheckCpu() {
  const std::vector<std::string> isas = SentenceEncoder::SupportedIsaNames();
  const std::string all = absl::StrJoin(isas, ", ");
  const std::string what = absl::StrCat("CPU: ", ThreadPool::AvailableCpus(), " for this process; instruction sets ", all);
  const std::string chosen = EnvironmentOr(kIsaVariable, "auto");
  if (chosen != "auto" && !absl::c_linear_search(isas, chosen)) {
    return {false, absl::StrCat(what, "; ", kIsaVariable, " asks for ", chosen, ", which this CPU does not have"),
            absl::StrCat("unset ", kIsaVariable)};
  }
  if (chosen == "baseline" && isas.size() > 1) {
    return {false, absl::StrCat(what, "; ", kIsaVariable, " allows baseline only, which is slow"), absl::StrCat("unset ", kIsaVariable)};
  }
  return {absl::c_linear_search(isas, "avx2"), what, "encoding works but is slow; a CPU with AVX2 is several times as fast"};
}

Finding CheckLibraries() {
  std::vector<std::string> good, bad;
  for (const LibraryVersion& library : LibraryVersions()) {
    const bool same = library.running.empty() || library.running == library.built;
    const std::string text = same ? absl::StrCat(library.name, " ", library.built)
                                  : absl::StrCat(library.name, " ", library.running, " (built with ", library.built, ")");
    (IsCompatible(library) ? good : bad).push_back(text);
  }
  if (bad.empty()) return {true, absl::StrCat("libraries: ", absl::StrJoin(good, ", ")), ""};
  return {false, absl::StrCat("libraries: ", absl::StrJoin(bad, ", ")),
          "build again on this machine with scripts/build.sh, or install the versions it was built with (scripts/setup.sh on Debian 12)"};
}

// Without a directory the one that commands take when they are given none.
Finding CheckModelDirectory(std::string directory) {
  if (directory.empty()) {
    const absl::StatusOr<std::string> model = DefaultModel();
    if (!model.ok() && EnvironmentOr(kModelVariable, "").empty()) {
      return {true, "model: not checked (no --model, and none comes with this installation)", ""};
    }
    if (!model.ok()) return {false, absl::StrCat("model: ", model.status().message()), "name another directory there, or unset it"};
    directory = *model;
  }
  ThreadPool pool(ThreadPool::AvailableCpus());
  LoadOptions options;
  options.precision = "auto";
  const std::string isa = EnvironmentOr(kIsaVariable, "auto");
  if (isa != "auto" && absl::c_linear_search(SentenceEncoder::SupportedIsaNames(), isa)) options.isa = isa;
  const auto encoder = SentenceEncoder::Load(directory, options, &pool);
  if (!encoder.ok()) {
    return {false, absl::StrCat("model: ", encoder.status().message()), "fetch it again with scripts/get-model.sh, or name another --model"};
  }
  const auto encoded = (*encoder)->EncodeTexts({"one sentence to see that it works"}, "", {});
  if (!encoded.ok()) return {false, absl::StrCat("model: ", encoded.status().message()), "fetch it again with scripts/get-model.sh"};
  const ModelInfo& info = (*encoder)->info();
  return {true, absl::StrFormat("model: %s loads and encodes (%d values, %s); --precision auto: %s", directory, info.dim,
                                info.family, info.precision_report), ""};
}

// How to mend what kept a folder from being opened or written.
std::string DataRemedy(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) return "give this user the right to write there, or name another --data";
  if (absl::IsResourceExhausted(status)) return "free space on the disk, or name another --data";
  if (absl::StrContains(status.message(), "in use by another process")) {
    return "stop that process (a `senvec serve`, mostly), or name another --data";
  }
  return "name a --data that is a folder, or can be made one";
}

Finding CheckDataDirectory(const std::string& directory) {
  if (directory.empty()) return {true, "data: not checked (no --data)", ""};
  const auto fault = [](const absl::Status& status) {
    return Finding{false, absl::StrCat("data: ", status.message()), DataRemedy(status)};
  };
  const auto store = CollectionStore::Open(directory);
  if (!store.ok()) return fault(store.status());
  const std::string probe = JoinPath(directory, ".doctor");
  if (const absl::Status status = WriteFileAtomically(probe, "x"); !status.ok()) return fault(status);
  ::unlink(probe.c_str());
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (!(*store)->damaged().empty()) {
    const CollectionStore::Damaged first = (*store)->damaged()[0];
    return {false, absl::StrCat("data: collection ", first.name, ": ", first.status.message()),
            absl::StrCat("restore ", JoinPath(directory, first.name), " from a backup, or remove it and build it again")};
  }
  return {true, absl::StrFormat("data: %s is writable, %d collections, %.1f GiB free", directory, (*store)->List().size(),
                                error ? 0.0 : static_cast<double>(space.available) / (1 << 30)), ""};
}

// Binds the port and lets it go.
Finding CheckPort(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  int32_t port = -1;
  if (colon == std::string::npos || !absl::SimpleAtoi(listen.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return {false, absl::StrCat("port: \"", listen, "\" is not HOST:PORT"), "give an address such as 127.0.0.1:7411"};
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  const std::string host = listen.substr(0, colon) == "localhost" ? "127.0.0.1" : listen.substr(0, colon);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return {true, absl::StrCat("port: ", listen, " not checked (no IPv4 address)"), ""};
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  const bool is_free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  const int reason = errno;
  ::close(fd);
  if (is_free) return {true, absl::StrCat("port: ", listen, " is free"), ""};
  if (reason == EADDRINUSE) return {false, absl::StrCat("port: ", listen, " is taken"), "choose another with --listen HOST:PORT, or stop what uses it"};
  return {false, std::string(ErrnoToStatus(reason, absl::StrCat("port: ", listen, " cannot be taken")).message()),
          "choose an address of this machine and a port from 1024 up with --listen HOST:PORT"};
}

absl::Status Doctor(const DoctorFlags& flags) {
  int faults = 0;
  for (const auto& check : std::vector<std::function<Finding()>>{
           CheckCpu, CheckLibraries, [&] { return CheckModelDirectory(flags.model); }, [&] { return CheckDataDirectory(flags.data); },
           [&] { return CheckPort(flags.listen); }}) {
    const Finding finding = check();
    faults += !finding.good;
    SENVEC_RETURN_IF_ERROR(WriteStandardOutput(absl::StrCat(finding.good ? "ok    " : "FAULT ", finding.what, "\n",
                                                            finding.good ? "" : absl::StrCat("      remedy: ", finding.remedy, "\n"))));
  }
  if (faults == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(faults, faults == 1 ? " fault was found" : " faults were found"));
}

}  // namespace

CommandRunner DeclareDoctor(FlagSet& flags) {
  auto doctor = std::make_shared<DoctorFlags>();
  flags.Describe("Checks what Senvec needs on this machine: CPU features, libraries, the model's files (it is loaded and tried), the data "
                 "directory (writable, not locked, collections whole) and a free port. Each fault comes with its remedy; "
                 "the exit code is 1 when there is one.");
  flags.Add("--model", "DIR", &doctor->model, "a model's directory; without it the one that commands take when they are given none");
  flags.Add("--data", "DIR", &doctor->data, "a data directory; made when it is not there");
  flags.Add("--listen", "HOST:PORT", &doctor->listen, "the address a server would take");
  flags.Example("senvec doctor --data data", "before the first `senvec serve`");
  return [doctor] { return Doctor(*doctor); };
}

}  // namespace senvec
