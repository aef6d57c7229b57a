#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// The flags of one command: declared once, then parsed and explained from the same table. The parser is CLI11; its
// exceptions end here.
class FlagSet {
 public:
  // One declared flag; the calls chain.
  class Flag {
   public:
    Flag& Required();
    // Takes only these words.
    Flag& OneOf(std::vector<std::string> words);
    // Takes only values in [lowest, highest].
    Flag& Between(double lowest, double highest);

   private:
    friend class FlagSet;
    std::string name_;     // "--model"
    std::string metavar_;  // "DIR"; empty for a switch
    std::string help_;
    std::string default_;  // shown in the help; empty = none
    bool required_ = false;
    bool given_ = false;  // by the last Parse()
    std::vector<std::string> words_;
    std::optional<double> lowest_, highest_;
    std::string* text_ = nullptr;
    int64_t* integer_ = nullptr;
    double* real_ = nullptr;
    bool* switch_ = nullptr;
  };

  // `command` as it is typed after "senvec": "whiten fit".
  explicit FlagSet(std::string command);
  ~FlagSet();
  FlagSet(const FlagSet&) = delete;
  FlagSet& operator=(const FlagSet&) = delete;

  // What the command does, for its help: paragraphs separated by '\n', each wrapped when it is printed.
  void Describe(absl::string_view text);
  // A line that can be pasted into a shell, and what it does.
  void Example(absl::string_view command_line, absl::string_view what);

  // `target` holds the default, which the help shows unless it is empty or zero, and must outlive Parse().
  Flag& Add(absl::string_view name, absl::string_view metavar, std::string* target, absl::string_view help);
  Flag& Add(absl::string_view name, absl::string_view metavar, int64_t* target, absl::string_view help);
  Flag& Add(absl::string_view name, absl::string_view metavar, double* target, absl::string_view help);
  // A switch: present or not.
  Flag& Add(absl::string_view name, bool* target, absl::string_view help);
  // The arguments that are no flags; without this call there may be none.
  void AddPositionals(absl::string_view metavar, std::vector<std::string>* target, absl::string_view help);

  // Fills the targets. A usage error (see usage_error.h) names the flag and what it takes. `wants_help` is set,
  // and nothing else is checked, when --help or -h is there.
  absl::Status Parse(absl::Span<const std::string> arguments, bool& wants_help);

  // After Parse(): a usage error, which names the first of `names` that was given and says `why` it has no place there.
  absl::Status RefuseGiven(absl::Span<const absl::string_view> names, absl::string_view why) const;

  // The page that --help prints, at most 80 columns wide unless an example is wider.
  std::string Help() const;

 private:
  struct ExampleLine {
    std::string command_line;
    std::string what;
  };

  Flag& AddFlag(absl::string_view name, absl::string_view metavar, absl::string_view help);
  absl::Status TakePositionals(absl::Span<const std::string> arguments);
  absl::Status UnknownFlag(const std::string& argument) const;
  static std::string CheckValue(const Flag& flag, const std::string& value);
  std::string UsageLine() const;

  const std::string command_;
  std::string description_;
  std::vector<ExampleLine> examples_;
  std::vector<std::unique_ptr<Flag>> flags_;
  std::string positional_metavar_;
  std::string positional_help_;
  std::vector<std::string>* positionals_ = nullptr;
};

}  // namespace senvec
