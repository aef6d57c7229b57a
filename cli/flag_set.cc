#include "cli/flag_set.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "base/suggest.h"
#include "cli/help_page.h"
#include "cli/usage_error.h"

namespace senvec {
namespace {

bool LooksLikeFlag(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-';
}

}  // namespace

FlagSet::Flag& FlagSet::Flag::Required() {
  required_ = true;
  return *this;
}

FlagSet::Flag& FlagSet::Flag::OneOf(std::vector<std::string> words) {
  words_ = std::move(words);
  return *this;
}

FlagSet::Flag& FlagSet::Flag::Between(double lowest, double highest) {
  lowest_ = lowest;
  highest_ = highest;
  return *this;
}

FlagSet::FlagSet(std::string command) : command_(std::move(command)) {}
FlagSet::~FlagSet() = default;

void FlagSet::Describe(absl::string_view text) { description_ = std::string(text); }

void FlagSet::Example(absl::string_view command_line, absl::string_view what) {
  examples_.push_back({std::string(command_line), std::string(what)});
}

FlagSet::Flag& FlagSet::AddFlag(absl::string_view name, absl::string_view metavar,
                                absl::string_view help) {
  flags_.push_back(std::make_unique<Flag>());
  Flag& flag = *flags_.back();
  flag.name_ = std::string(name);
  flag.metavar_ = std::string(metavar);
  flag.help_ = std::string(help);
  return flag;
}

FlagSet::Flag& FlagSet::Add(absl::string_view name, absl::string_view metavar, std::string* target,
                            absl::string_view help) {
  Flag& flag = AddFlag(name, metavar, help);
  flag.text_ = target;
  flag.default_ = *target;
  return flag;
}

FlagSet::Flag& FlagSet::Add(absl::string_view name, absl::string_view metavar, int64_t* target,
                            absl::string_view help) {
  Flag& flag = AddFlag(name, metavar, help);
  flag.integer_ = target;
  if (*target != 0) flag.default_ = absl::StrCat(*target);
  return flag;
}

FlagSet::Flag& FlagSet::Add(absl::string_view name, absl::string_view metavar, double* target,
                            absl::string_view help) {
  Flag& flag = AddFlag(name, metavar, help);
  flag.real_ = target;
  if (*target != 0) flag.default_ = absl::StrCat(*target);
  return flag;
}

FlagSet::Flag& FlagSet::Add(absl::string_view name, bool* target, absl::string_view help) {
  Flag& flag = AddFlag(name, "", help);
  flag.switch_ = target;
  return flag;
}

void FlagSet::AddPositionals(absl::string_view metavar, std::vector<std::string>* target,
                             absl::string_view help) {
  positional_metavar_ = std::string(metavar);
  positional_help_ = std::string(help);
  positionals_ = target;
}

// What is wrong with the value, or "", and then the target holds it.
std::string FlagSet::CheckValue(const Flag& flag, const std::string& value) {
  const auto range = [&] {
    return flag.lowest_ ? absl::StrCat(" from ", *flag.lowest_, " to ", *flag.highest_) : std::string();
  };
  const auto outside = [&](double number) {
    return flag.lowest_ && (number < *flag.lowest_ || number > *flag.highest_);
  };
  if (flag.text_ != nullptr) {
    if (!flag.words_.empty() && absl::c_find(flag.words_, value) == flag.words_.end()) {
      return absl::StrCat("\"", value, "\" is not one of ", absl::StrJoin(flag.words_, ", "));
    }
    *flag.text_ = value;
    return "";
  }
  if (flag.integer_ != nullptr) {
    if (!absl::SimpleAtoi(value, flag.integer_) || outside(static_cast<double>(*flag.integer_))) {
      return absl::StrCat("\"", value, "\" is not a whole number", range());
    }
    return "";
  }
  if (!absl::SimpleAtod(value, flag.real_) || !std::isfinite(*flag.real_) || outside(*flag.real_)) {
    return absl::StrCat("\"", value, "\" is not a number", range());
  }
  return "";
}

absl::Status FlagSet::UnknownFlag(const std::string& argument) const {
  std::vector<std::string> names;
  for (const auto& flag : flags_) names.push_back(flag->name_);
  const std::string near = Suggest(argument.substr(0, argument.find('=')), names);
  return UsageError(absl::StrCat("unknown flag ", argument,
                                 near.empty() ? "" : absl::StrCat("; did you mean ", near, "?")));
}

absl::Status FlagSet::TakePositionals(absl::Span<const std::string> arguments) {
  if (arguments.empty()) return absl::OkStatus();
  if (positionals_ != nullptr) {
    positionals_->assign(arguments.begin(), arguments.end());
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat("unexpected argument \"", arguments[0], "\""));
}

absl::Status FlagSet::Parse(absl::Span<const std::string> arguments, bool& wants_help) {
  // CLI11 splits a positional like "[a,b]", so it sees the flags alone: everything else is left over, and what
  // follows "--" is taken as it is.
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const std::vector<std::string> before(arguments.begin(), dashes);
  wants_help = std::any_of(before.begin(), before.end(),
                           [](const std::string& a) { return a == "--help" || a == "-h"; });
  if (wants_help) return absl::OkStatus();
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::string> values(flags_.size());
  std::vector<CLI::Option*> options;
  std::vector<std::string> rest;
  try {
    for (size_t i = 0; i < flags_.size(); ++i) {
      const Flag& flag = *flags_[i];
      options.push_back(flag.switch_ != nullptr ? app.add_flag(flag.name_, *flag.switch_)
                                                : app.add_option(flag.name_, values[i]));
    }
    app.parse(std::vector<std::string>(before.rbegin(), before.rend()));
    rest = app.remaining();
  } catch (const CLI::Error& error) {
    return UsageError(error.what());
  }
  for (const std::string& argument : rest) {
    if (LooksLikeFlag(argument)) return UnknownFlag(argument);
  }
  for (size_t i = 0; i < flags_.size(); ++i) {
    Flag& flag = *flags_[i];
    flag.given_ = options[i]->count() > 0;
    if (!flag.given_) {
      if (!flag.required_) continue;
      return UsageError(absl::StrCat(flag.name_, " ", flag.metavar_, " is missing: ", flag.help_));
    }
    if (flag.switch_ != nullptr) continue;
    const std::string fault = CheckValue(flag, values[i]);
    if (!fault.empty()) return UsageError(absl::StrCat(flag.name_, ": ", fault));
  }
  if (dashes != arguments.end()) rest.insert(rest.end(), dashes + 1, arguments.end());
  return TakePositionals(rest);
}

absl::Status FlagSet::RefuseGiven(absl::Span<const absl::string_view> names, absl::string_view why) const {
  for (const auto& flag : flags_) {
    if (flag->given_ && absl::c_linear_search(names, flag->name_)) return UsageError(absl::StrCat(flag->name_, ": ", why));
  }
  return absl::OkStatus();
}

std::string FlagSet::UsageLine() const {
  std::string line = absl::StrCat("senvec ", command_);
  bool optional = false;
  for (const auto& flag : flags_) {
    optional |= !flag->required_;
    if (flag->required_) absl::StrAppend(&line, " ", flag->name_, " ", flag->metavar_);
  }
  if (optional) line.append(" [flags]");
  if (positionals_ != nullptr) absl::StrAppend(&line, " ", positional_metavar_);
  return line;
}

std::string FlagSet::Help() const {
  std::string page = absl::StrCat("Usage: ", UsageLine(), "\n\n", Wrap(description_, 0, kHelpWidth));
  if (positionals_ != nullptr) {
    absl::StrAppend(&page, "\nArguments:\n", HelpEntry(positional_metavar_, positional_help_));
  }
  page.append("\nFlags:\n");
  for (const auto& flag : flags_) {
    std::string help = flag->help_;
    if (!flag->words_.empty()) absl::StrAppend(&help, ": ", absl::StrJoin(flag->words_, ", "));
    if (flag->required_) help.append(" (required)");
    if (!flag->default_.empty()) absl::StrAppend(&help, " (default ", flag->default_, ")");
    absl::StrAppend(&page, HelpEntry(absl::StrCat(flag->name_, flag->metavar_.empty() ? "" : " ",
                                                  flag->metavar_), help));
  }
  absl::StrAppend(&page, HelpEntry("--help", "print this page"));
  page.append(examples_.size() == 1 ? "\nExample:\n" : "\nExamples:\n");
  for (const ExampleLine& example : examples_) {
    absl::StrAppend(&page, "  # ", example.what, "\n  ", example.command_line, "\n");
  }
  return page;
}

}  // namespace senvec
