// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists of exceptions as others write them: one a line, Postfix access tables, postgrey's clients, rspamd's maps, CSV.
// Read whole, with the number of each line that cannot be used; written so that they can be read again.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/exception_rules.hpp"

namespace cas::policy {

enum class ListFormat { Plain, PostfixAccess, Postgrey, Rspamd, Csv };

/// By its first lines: CSV with a column "pattern"; a Postfix table when second words are such as OK and REJECT; else
/// plain.
[[nodiscard]] ListFormat guess_format(std::string_view text);

/// What entries are that do not say.
struct ListDefaults {
  ExceptionAction action = ExceptionAction::Block;
  Scope scope;
  std::optional<Proof> proof;
  bool unauthenticated = false;
  std::string reason, owner;
  std::optional<UnixTime> expires;
};

struct ListLine {
  std::size_t line = 0;  // from 1
  std::string text;
};

struct ReadList {
  std::vector<NewException> entries;
  std::vector<std::size_t> lines;  // of each
  std::vector<ListLine> faults;    // what is wrong there
  std::vector<ListLine> skipped;   // what cannot be said with exceptions, and why
};

/// Never fails as a whole. At most max_faults of each kind are told; the last one says how many there were. Lines of
/// more than 8192 octets are faults.
///
/// Plain: `PATTERN [for=SCOPE] [proof=WORD] [until=TIME] [owner=WHO] [unauthenticated] [# reason]`.
/// Postfix: OK, PERMIT, RELAY and numbers are entries of the default action (for block: skipped), REJECT, 4xx and 5xx
/// blocks; a name is also what is below it. Postgrey: a name is also what is below it. Names of clients are taken for
/// names of senders, which must be proven. Rspamd: the first word of each line.
/// CSV (RFC 4180): the first line names the columns; pattern is needed; action, for, proof, until, reason, owner and
/// unauthenticated ("yes") are known, others passed over.
[[nodiscard]] ReadList read_list(std::string_view text, ListFormat format, const ListDefaults& defaults);

inline constexpr std::size_t max_faults = 100;

[[nodiscard]] std::string plain_line(const Exception& entry);
[[nodiscard]] std::string csv_heading();
[[nodiscard]] std::string csv_line(const Exception& entry);

}  // namespace cas::policy
