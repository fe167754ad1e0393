// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How subcommands ask the running server, and read what it says.
#pragma once

#include <boost/json.hpp>
#include <expected>
#include <string>

#include "cmd/commands.hpp"
#include "http/message.hpp"

namespace cas::cmd {

/// Ends a subcommand: what was to be said is said already.
struct Exit {
  int code;
};
template <class T>
using Or = std::expected<T, Exit>;

/// The server's answer; what it refuses is told with its own words.
[[nodiscard]] Or<boost::json::object> ask(const AdminOptions& admin, http::Request request);

/// Members of an answer, made printable; empty, 0 or nothing where there is no such member of that type.
[[nodiscard]] std::string text_of(const boost::json::object& object, boost::json::string_view key);
[[nodiscard]] std::uint64_t number_of(const boost::json::object& object, boost::json::string_view key);
[[nodiscard]] const boost::json::array& array_of(const boost::json::object& object, boost::json::string_view key);
[[nodiscard]] const boost::json::object& object_of(const boost::json::value& value);
/// "2026-11-23 19:00:00" of an RFC 3339 time.
[[nodiscard]] std::string short_time(std::string time);
/// The exit code, by whether the output was printed.
[[nodiscard]] int finish(bool printed);

}  // namespace cas::cmd
