// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the commands that ask the running server share: the question, and reading its answer.
#pragma once

#include <boost/json.hpp>
#include <expected>
#include <filesystem>
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

[[nodiscard]] std::unexpected<Exit> leave(int code, const std::string& message);

/// One server, found once. What it refuses is told with its own words.
class AdminClient {
 public:
  [[nodiscard]] static Or<AdminClient> find(const AdminOptions& admin);
  [[nodiscard]] Or<boost::json::object> ask(http::Request request) const;
  /// The body of an answer that is no JSON.
  [[nodiscard]] Or<std::string> octets(http::Request request) const;

 private:
  explicit AdminClient(std::filesystem::path socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Or<http::Response> fetch(http::Request request) const;

  std::filesystem::path socket_;
};

/// Who asks: the user, also behind sudo.
[[nodiscard]] std::string who();

/// find() and ask().
[[nodiscard]] Or<boost::json::object> ask(const AdminOptions& admin, http::Request request);

// Members of an answer; what is missing or of another type is empty. Texts are printable.
[[nodiscard]] std::string text_of(const boost::json::object& object, boost::json::string_view key);
[[nodiscard]] std::uint64_t number_of(const boost::json::object& object, boost::json::string_view key);
[[nodiscard]] const boost::json::array& array_of(const boost::json::object& object, boost::json::string_view key);
[[nodiscard]] const boost::json::object& object_of(const boost::json::value& value);

/// The exit status after the last of the output.
[[nodiscard]] int finish(bool printed);
/// "2026-11-23 19:00:00" of an RFC 3339 time; "-" of anything else.
[[nodiscard]] std::string short_time(std::string time);
/// Seconds since 1970 of an RFC 3339 time in UTC; 0 of anything else.
[[nodiscard]] std::int64_t seconds_of(const std::string& time);

}  // namespace cas::cmd
