// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas exempt`, `allow`, `block`, `forwarder` and `audit`: who gets through, entered on the running server.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "cmd/admin_client.hpp"
#include "policy/exception_rules.hpp"

namespace cas::cmd {

/// As given on the command line; empty: not given.
struct ExceptionOptions {
  AdminOptions admin;
  policy::ExceptionAction action = policy::ExceptionAction::Block;
  std::vector<std::string> what;  // patterns, numbers
  std::string scope, proof, until, reason, owner, file, format;
  bool has_scope = false, unauthenticated = false, dry_run = false;
};

[[nodiscard]] int add_exceptions(const ExceptionOptions& options);
/// By number or pattern. 65 when one of them is not there; the others are removed.
[[nodiscard]] int remove_exceptions(const ExceptionOptions& options);
[[nodiscard]] int list_exceptions(const ExceptionOptions& options);
/// What matches an address, a domain, an IP address or list:List-Id, of all actions.
[[nodiscard]] int find_exceptions(const ExceptionOptions& options);
[[nodiscard]] int export_exceptions(const ExceptionOptions& options);
/// A file, or standard input for "-". 65, and nothing is entered, when a line cannot be used: all of these are named.
[[nodiscard]] int import_exceptions(const ExceptionOptions& options);
[[nodiscard]] int show_audit(const AdminOptions& admin, std::size_t limit);

// ---- What they share (exception_words.cpp) ----

/// The scope, proof, time and texts of the options; what is wrong with them is told, and ends the command.
struct EntryWords {
  policy::Scope scope;
  std::optional<policy::Proof> proof;
  std::optional<UnixTime> expires;
};
[[nodiscard]] Or<EntryWords> read_words(const ExceptionOptions& options);

[[nodiscard]] boost::json::object json_of(const policy::NewException& entry);
/// Of `list --json` or `export`; permanent error with what is wrong.
[[nodiscard]] Result<policy::NewException> entry_of(const boost::json::value& value);

/// Sends them as one request, all or none.
[[nodiscard]] Or<boost::json::object> send_entries(const AdminClient& client, boost::json::array entries, bool dry_run,
                                                   const std::string& source);
/// For a terminal: text of the server, printable, with its backslashes.
[[nodiscard]] std::string shown(const boost::json::object& row, std::string_view key);
/// "proof=dkim until=... reason=..." of an entry of the server.
[[nodiscard]] std::string detail_text(const boost::json::object& row);
/// What lets anybody in is red on a terminal.
[[nodiscard]] std::string alarming(const std::string& lines);

}  // namespace cas::cmd
