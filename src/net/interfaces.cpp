// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// getifaddrs(3).
#include "net/interfaces.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/ip_network.hpp"

namespace cas::net {

namespace {

std::optional<IpAddress> address_of(const sockaddr* from) {
  if (from == nullptr) return std::nullopt;
  if (from->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, from, sizeof in);
    IpAddress::V4Octets octets{};
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return IpAddress(octets);
  }
  if (from->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, from, sizeof in);
    IpAddress::V6Octets octets{};
    std::memcpy(octets.data(), &in.sin6_addr, octets.size());
    return IpAddress(octets);
  }
  return std::nullopt;
}

}  // namespace

std::vector<IpAddress> interface_addresses() {
  std::vector<IpAddress> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> guard(list, &::freeifaddrs);
  for (const auto* one = list; one != nullptr; one = one->ifa_next) {
    const auto address = address_of(one->ifa_addr);
    if (address && (one->ifa_flags & IFF_UP) != 0) found.push_back(*address);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

std::vector<IpAddress> public_addresses() {
  auto found = interface_addresses();
  std::erase_if(found, is_private);
  return found;
}

}  // namespace cas::net
