#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/model_flags.h"
#include "dataio/standard_output.h"
#include "encoder/sentence_encoder.h"
#include "index/collection.h"
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
  std::string isas = absl::StrJoin(SentenceEncoder::SupportedIsaNames(), ", ");
  const bool fast = isas.find("avx2") != std::string::npos;
  return {fast, absl::StrCat("CPU: ", ThreadPool::AvailableCpus(), " for this process; instruction sets ", isas),
          "encoding works but is slow; a CPU with AVX2 is several times as fast"};
}

Finding CheckModelDirectory(const std::string& directory) {
  if (directory.empty()) return {true, "model: not checked (no --model)", ""};
  ThreadPool pool(1);
  const auto encoder = SentenceEncoder::Load(directory, {}, &pool);
  if (!encoder.ok()) {
    return {false, absl::StrCat("model: ", encoder.status().message()), "fetch it again with scripts/get-model.sh, or name another --model"};
  }
  const auto encoded = (*encoder)->EncodeTexts({"one sentence to see that it works"}, "", {});
  if (!encoded.ok()) return {false, absl::StrCat("model: ", encoded.status().message()), "fetch it again with scripts/get-model.sh"};
  return {true, absl::StrFormat("model: %s loads and encodes (%d values, %s)", directory, (*encoder)->info().dim, (*encoder)->info().family), ""};
}

Finding CheckDataDirectory(const std::string& directory) {
  if (directory.empty()) return {true, "data: not checked (no --data)", ""};
  const auto store = CollectionStore::Open(directory);
  if (!store.ok()) return {false, absl::StrCat("data: ", store.status().message()), "make the folder writable for this user, or stop the other process"};
  const std::string probe = JoinPath(directory, ".doctor");
  if (const absl::Status status = WriteFileAtomically(probe, "x"); !status.ok()) {
    return {false, absl::StrCat("data: ", status.message()), "make the folder writable for this user, and see that the disk is not full"};
  }
  ::unlink(probe.c_str());
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (!(*store)->damaged().empty()) {
    const CollectionStore::Damaged first = (*store)->damaged()[0];
    return {false, absl::StrCat("data: collection ", first.name, ": ", first.status.message()), "restore or drop it"};
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
  ::close(fd);
  return {is_free, absl::StrCat("port: ", listen, is_free ? " is free" : " is taken"), "choose another with --listen HOST:PORT, or stop what uses it"};
}

absl::Status Doctor(const DoctorFlags& flags) {
  int faults = 0;
  for (const auto& check : std::vector<std::function<Finding()>>{
           CheckCpu, [&] { return CheckModelDirectory(flags.model); }, [&] { return CheckDataDirectory(flags.data); },
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
  flags.Describe("Checks what Senvec needs on this machine: CPU features, the model's files (it is loaded and tried), the data "
                 "directory (writable, not locked, collections whole) and a free port. Each fault comes with its remedy; "
                 "the exit code is 1 when there is one.");
  flags.Add("--model", "DIR", &doctor->model, "a model's directory");
  flags.Add("--data", "DIR", &doctor->data, "a data directory; made when it is not there");
  flags.Add("--listen", "HOST:PORT", &doctor->listen, "the address a server would take");
  flags.Example("senvec doctor --model models/multilingual-e5-small --data data", "before the first `senvec serve`");
  return [doctor] { return Doctor(*doctor); };
}

}  // namespace senvec
