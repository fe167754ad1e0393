// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From one check to the next: what is remembered, what changed, and the letter that says so. Pure.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "setup/facts.hpp"
#include "setup/finding.hpp"

namespace cas::setup {

/// One thing that was not as it should be.
struct Remembered {
  Severity severity = Severity::Error;
  std::string problem;
  bool told = true;  // false: it could not be found out, once; that alone is no news
  bool operator==(const Remembered&) const = default;
};
struct DomainMemory {
  std::optional<StsBefore> sts;
  std::map<std::string, Remembered> findings;  // by key_of()
  bool operator==(const DomainMemory&) const = default;
};
struct WatchMemory {
  UnixTime checked;                             // the last check of all domains; 0: never
  std::map<std::string, DomainMemory> domains;  // by name
  bool operator==(const WatchMemory&) const = default;

  [[nodiscard]] std::string save() const;
  /// What is damaged is passed over: it is then told once more. Bounded: 10,000 domains, 200 findings of each.
  [[nodiscard]] static WatchMemory load(std::string_view text);
};

struct Changes {
  std::string domain;
  std::vector<Finding> fresh;  // the worst first
  std::vector<Remembered> mended;
  std::size_t still = 0;  // what was told before and is as it was
  [[nodiscard]] bool any() const { return !fresh.empty() || !mended.empty(); }
};

/// Compares, and remembers what is so now. What could not be found out is told when it was so the time before too, and
/// while there is such a thing nothing of the domain counts as mended: an answer that failed is not absence.
[[nodiscard]] Changes learn_changes(const std::string& domain, DomainMemory& memory, std::span<const Finding> findings);

/// A whole message with CRLF line ends: plain text, printable. Auto-Submitted (RFC 3834 §5).
[[nodiscard]] std::string watch_letter(std::span<const Changes> changes, const std::string& host, const Mailbox& from,
                                       const Mailbox& to, const std::string& message_id, UnixTime now);

/// A finding for people, indented lines: what is so, found, expected, what to do, the line. `end` closes each.
[[nodiscard]] std::string finding_text(const Finding& finding, std::string_view end = "\n");

}  // namespace cas::setup
