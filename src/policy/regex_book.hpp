// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Many regular expressions at once, through RE2: time is linear in the text, whatever the expression. RE2::Set cannot
// grow, so new ones are matched one by one until compile() has made sets of all, which may happen on another thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace re2 {
class RE2;
}

namespace cas::policy {

/// Permanent error: longer than 512 octets, control characters, no expression that RE2 reads, or one that it would need
/// too much memory for.
[[nodiscard]] Result<void> check_regex(std::string_view regex);
/// Whether some part of `subject` fits. For trials only.
[[nodiscard]] bool regex_fits(std::string_view regex, std::string_view subject);

/// Not thread-safe for changes; matches may run at the same time as each other.
class RegexBook {
 public:
  static constexpr std::size_t max_regexes = 10'000;

  struct Sets;
  /// The expressions that are to be compiled, with their serial numbers.
  using Entry = std::pair<std::uint64_t, std::string>;
  using Snapshot = std::vector<Entry>;

  RegexBook();
  ~RegexBook();
  RegexBook(RegexBook&&) noexcept;
  RegexBook& operator=(RegexBook&&) noexcept;

  /// `number` is given back by matches. Permanent error: see check_regex(), or there are max_regexes.
  Result<void> add(std::uint32_t number, std::string_view regex);
  void remove(std::uint32_t number);
  [[nodiscard]] std::size_t size() const { return live_.size(); }

  /// Puts into `found` the numbers of those that fit some part of `subject`; does not touch it when none does.
  void match(std::string_view subject, std::vector<std::uint32_t>& found) const;

  /// So many are matched one by one, or are dead, that compiling pays.
  [[nodiscard]] bool wants_compiling() const;
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] static std::shared_ptr<const Sets> compile(const Snapshot& snapshot);
  /// What was added or removed since the snapshot stays added or removed.
  void adopt(std::shared_ptr<const Sets> sets);

 private:
  struct Live {
    std::uint32_t number = 0;
    std::string regex;
  };
  struct Single {
    std::uint64_t serial = 0;
    std::unique_ptr<re2::RE2> regex;
  };

  std::uint64_t last_serial_ = 0;
  std::unordered_map<std::uint64_t, Live> live_;              // by serial
  std::unordered_map<std::uint32_t, std::uint64_t> serials_;  // by number
  std::vector<Single> singles_;                               // not in sets_
  std::size_t singles_left_ = 0;                              // by the last compilation
  std::shared_ptr<const Sets> sets_;
};

}  // namespace cas::policy
