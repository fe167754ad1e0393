// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See forwarder.hpp.
#include "cmd/forwarder.hpp"

#include "base/ip_address.hpp"

namespace cas::cmd {

std::string forwarder_of(std::string_view resolver) {
  const auto colon = resolver.rfind(':');
  if (colon == std::string_view::npos) return std::string(resolver);
  std::string_view address = resolver.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (!bracketed && !IpAddress::parse_v4(address)) return std::string(resolver);  // IPv6 without a port
  return std::string(address) + '@' + std::string(resolver.substr(colon + 1));
}

}  // namespace cas::cmd
