// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What became of the recipients of one domain on one day, and as the store keeps it. Bounded whatever is counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cas::registry {

/// What was decided, and in a domain that observes what would have been. "other" stands for what found no room.
struct ReportKey {
  std::string rule;
  std::string admission;
  std::string observed;  // empty: nothing else
  auto operator<=>(const ReportKey&) const = default;
};

/// Recipients, and who sent most. Where more senders come than have room the rarest is replaced, and the newcomer
/// inherits its count: what is frequent stays, its number is never too small.
class ReportCount {
 public:
  static constexpr std::size_t most_senders = 10;

  /// `count` below 0 takes back; never below none.
  void add(std::string_view sender, std::int64_t count);
  void add(const ReportCount& more);
  [[nodiscard]] std::int64_t recipients() const { return recipients_; }
  /// The most frequent first.
  [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> senders() const;

  [[nodiscard]] std::string text() const;
  /// None: not what text() writes.
  [[nodiscard]] static std::optional<ReportCount> parse(std::string_view text);

 private:
  void add_sender(std::string_view sender, std::int64_t count);
  std::int64_t recipients_ = 0;
  std::vector<std::pair<std::string, std::int64_t>> senders_;
};

/// Of one domain on one day.
class ReportDay {
 public:
  static constexpr std::size_t most_keys = 300;

  void add(const ReportKey& key, std::string_view sender, std::int64_t count);
  void add(const ReportDay& more);
  [[nodiscard]] const std::map<ReportKey, ReportCount>& counts() const { return counts_; }

  [[nodiscard]] std::string text() const;
  /// What cannot be understood is left out.
  [[nodiscard]] static ReportDay parse(std::string_view text);

 private:
  ReportCount& at(const ReportKey& key);
  std::map<ReportKey, ReportCount> counts_;
};

}  // namespace cas::registry
