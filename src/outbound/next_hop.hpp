// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// To whom mail is handed, and what is demanded of the connection. Values; where the DNS comes in, route.hpp says.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "message/address.hpp"
#include "tlspolicy/demand.hpp"

namespace cas::outbound {

/// For AUTH PLAIN, which is only given inside TLS to a verified name. Never logged.
struct Credentials {
  std::string user;
  std::string password;
  auto operator<=>(const Credentials&) const = default;
};

/// One server, named by whoever runs this one or by an MX record.
struct NextHop {
  std::string host;         // a name, or an address without brackets
  bool is_address = false;  // host is an address: nothing is to be looked up
  std::uint16_t port = 25;
  tlspolicy::TlsDemand tls{};
  std::optional<Credentials> credentials{};
  bool lmtp = false;        // RFC 2033: a server that delivers, never on port 25
  std::string unix_path{};  // then host and port say nothing
  bool xclient = false;     // it is told whose message it is, where it offers that

  /// "mail.example.net:587", "192.0.2.1:25", "[2001:db8::1]:25"; the port is never left out, and never 0.
  [[nodiscard]] static Result<NextHop> parse(std::string_view text);
  /// "lmtp:unix:/run/dovecot/lmtp", "lmtp:127.0.0.1:24", "smtp:10.0.0.5:25": the server behind a domain of ours.
  [[nodiscard]] static Result<NextHop> parse_backend(std::string_view text);
  /// As parse() and parse_backend() read it.
  [[nodiscard]] std::string text() const;
  auto operator<=>(const NextHop&) const = default;
};

/// Which domains are handed to a server that the configuration names; all others go to their MX hosts.
class Routes {
 public:
  struct Transport {
    Domain domain;
    bool with_subdomains = false;  // what is below the domain, and not the domain itself
    NextHop next_hop;
  };

  Routes() = default;
  /// `smarthost` takes what no transport does.
  Routes(std::optional<NextHop> smarthost, std::vector<Transport> transports);

  /// The transport of the domain itself, else of the nearest domain above it, else the smarthost; null: the DNS says.
  [[nodiscard]] const NextHop* find(const Domain& domain) const;
  /// A mailbox at an address literal names its server itself (RFC 5321 §4.1.3), but leaves through the smarthost.
  [[nodiscard]] const NextHop* find(const Mailbox& recipient) const;
  /// What no transport takes goes there; null: the DNS says.
  [[nodiscard]] const NextHop* smarthost() const { return smarthost_ ? &*smarthost_ : nullptr; }

 private:
  std::optional<NextHop> smarthost_;
  std::vector<Transport> transports_;
};

}  // namespace cas::outbound
