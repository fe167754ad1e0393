// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a front (a load balancer, a proxy, another MTA) says of the client for whom it connects: the PROXY protocol,
// versions 1 and 2, before the first octet of SMTP, and the command XCLIENT of Postfix within it. Parsers only: whether
// a front is believed is the listener's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "smtp/command.hpp"

namespace cas::smtp {

/// Who the client is. No address: the front speaks for itself (a health check), or does not know.
struct FrontedClient {
  std::optional<IpAddress> address{};
  std::uint16_t port = 0;
  bool operator==(const FrontedClient&) const = default;
};

/// Reads the header of the PROXY protocol. What follows it may be a TLS handshake, so it asks for octets in such
/// portions that none behind the header is taken. Without I/O:
///
///   while (reader.wanted() > 0) { read exactly that many; add() them }
///
/// Refuses (permanent error): anything else than a header, a version or command that is not known, addresses that are
/// none, one of version 1 above 107 octets, one of version 2 above max_octets. An address family that is no IP counts
/// as not known.
class ProxyHeaderReader {
 public:
  static constexpr std::size_t max_octets = 2048;  // TLVs and all; fronts send some dozens

  /// 0: the header is read.
  [[nodiscard]] std::size_t wanted() const { return wanted_; }
  [[nodiscard]] Result<void> add(std::string_view octets);
  [[nodiscard]] const FrontedClient& client() const { return client_; }

 private:
  [[nodiscard]] Result<void> add_text();
  [[nodiscard]] Result<void> add_binary();

  std::string octets_;
  std::size_t wanted_ = 15;  // the shortest header of all: "PROXY UNKNOWN" CRLF
  FrontedClient client_;
};

/// "ADDR=192.0.2.1 PORT=1234 HELO=client.example": attributes in any case and order, values in xtext, "IPV6:" before an
/// IPv6 address; [UNAVAILABLE] and [TEMPUNAVAIL] are what is not known. NAME, PROTO, HELO, DESTADDR and DESTPORT are
/// read and not used: the client's own EHLO follows. 501 5.5.4 for anything else, LOGIN among it: who may send as whom
/// is decided here.
[[nodiscard]] Parsed<FrontedClient> parse_xclient(std::string_view argument);

/// What EHLO announces to a front.
inline constexpr std::string_view xclient_keyword = "XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT";

/// A client as a server behind is told of it.
struct ToldClient {
  std::string address;  // "192.0.2.1", "2001:db8::1"
  std::string helo;
  bool operator==(const ToldClient&) const = default;
};
/// "XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE] HELO=client.example", of the attributes that the server offers (upper
/// case); "" where ADDR is not among them: without it nothing would be told.
[[nodiscard]] std::string xclient_command(const ToldClient& client, const std::vector<std::string>& offered);

}  // namespace cas::smtp
