// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Endpoints: text and Asio's form.
#include "base/encoding.hpp"
#include "base/ip_address.hpp"
#include "base/ip_network.hpp"
#include "net/stream_state.hpp"

namespace cas::net {

namespace ip = boost::asio::ip;

namespace {

std::unexpected<Error> not_an_endpoint(std::string_view text) {
  return permanent("not an address and port", "'" + printable(text) + "' is not ADDRESS:PORT or [ADDRESS]:PORT");
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_an_endpoint(text);
  std::string_view address = text.substr(0, colon);
  const bool brackets = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (brackets) address = address.substr(1, address.size() - 2);

  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return not_an_endpoint(text);
  error_code ec;
  const auto parsed = ip::make_address(std::string(address), ec);
  // A zone ("fe80::1%eth0") would make one address unequal to itself elsewhere.
  if (ec || parsed.is_v6() != brackets || address.contains('%')) return not_an_endpoint(text);
  return Endpoint{.address = parsed.to_string(), .port = *port};
}

std::string Endpoint::text() const {
  if (address == "unix") return address;
  const std::string number = std::to_string(port);
  return address.contains(':') ? "[" + address + "]:" + number : address + ":" + number;
}

bool Endpoint::is_local() const {
  const auto parsed = IpAddress::parse(address);
  return parsed && is_loopback(*parsed);
}

Endpoint endpoint_of(const ip::tcp::endpoint& endpoint) {
  return Endpoint{.address = endpoint.address().to_string(), .port = endpoint.port()};
}

Result<ip::tcp::endpoint> to_asio(const Endpoint& endpoint) {
  error_code ec;
  const auto address = ip::make_address(endpoint.address, ec);
  if (ec) return permanent("not an IP address", "'" + printable(endpoint.address) + "' is not an IP address");
  return ip::tcp::endpoint(address, endpoint.port);
}

}  // namespace cas::net
