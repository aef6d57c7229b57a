#include "encoder/device_name.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace senvec {

absl::StatusOr<DeviceName> DeviceName::Parse(absl::string_view name) {
  if (name == "cpu") return DeviceName();
  DeviceName device = {.is_cuda = true};
  absl::string_view number = name;
  const bool is_known = absl::ConsumePrefix(&number, "cuda") &&
                        (number.empty() || (absl::ConsumePrefix(&number, ":") && absl::SimpleAtoi(number, &device.index)));
  if (is_known && device.index >= 0 && device.index <= 127) return device;
  return absl::InvalidArgumentError(absl::StrCat("device is \"", name, "\"; choose cpu, cuda or cuda:N"));
}

}  // namespace senvec
