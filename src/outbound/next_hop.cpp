// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Next hops as text, and the choice among those that are configured.
#include "outbound/next_hop.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/ip_address.hpp"
#include "net/stream.hpp"
#include "outbound/nearest.hpp"

namespace cas::outbound {

namespace {

std::unexpected<Error> not_a_hop(std::string_view text) {
  return permanent("not a host and port", "'" + printable(text) + "' is not HOST:PORT");
}

}  // namespace

Result<NextHop> NextHop::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_a_hop(text);
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port || *port == 0) return not_a_hop(text);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  if (const auto address = brackets ? IpAddress::parse_v6(host) : IpAddress::parse_v4(host)) {
    return NextHop{.host = address->text(), .is_address = true, .port = *port};
  }
  const auto name = Domain::parse(host);
  if (brackets || !name) return not_a_hop(text);
  return NextHop{.host = name->text(), .port = *port};
}

Result<NextHop> NextHop::parse_backend(std::string_view text) {
  constexpr std::string_view lmtp_word = "lmtp:";
  constexpr std::string_view smtp_word = "smtp:";
  constexpr std::string_view unix_word = "unix:";
  const bool lmtp = text.starts_with(lmtp_word);
  if (!lmtp && !text.starts_with(smtp_word)) return not_a_hop(text);
  auto place = text.substr(lmtp_word.size());
  if (lmtp && place.starts_with(unix_word)) {
    place.remove_prefix(unix_word.size());
    constexpr std::size_t longest = 107;  // of a sockaddr_un
    if (!place.starts_with('/') || place.size() > longest || place.contains('\0')) return not_a_hop(text);
    NextHop hop{.host = "localhost", .is_address = true, .port = 0, .lmtp = true, .unix_path = std::string(place)};
    hop.tls.use = tlspolicy::TlsDemand::Use::Off;
    return hop;
  }
  CAS_TRY(auto hop, parse(place));
  hop.lmtp = lmtp;
  if (lmtp && hop.port == 25) return permanent("no LMTP on port 25", "RFC 2033 §5: no LMTP on port 25");
  return hop;
}

std::string NextHop::text() const {
  if (!unix_path.empty()) return "lmtp:unix:" + unix_path;
  return (lmtp ? "lmtp:" : "") + net::Endpoint{.address = host, .port = port}.text();
}

Routes::Routes(std::optional<NextHop> smarthost, std::vector<Transport> transports)
    : smarthost_(std::move(smarthost)), transports_(std::move(transports)) {}

const NextHop* Routes::find(const Domain& domain) const {
  const auto* transport = find_nearest(transports_, domain);
  return transport != nullptr ? &transport->next_hop : smarthost();
}

const NextHop* Routes::find(const Mailbox& recipient) const {
  if (recipient.domain()) return find(*recipient.domain());
  return smarthost();
}

}  // namespace cas::outbound
