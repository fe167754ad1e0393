// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See machine.hpp.
#include "setup/machine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/ip_network.hpp"
#include "message/address.hpp"

namespace cas::setup {

namespace {

// RFC 6890 and the registries behind it: not globally reachable.
constexpr std::array not_global{
    "0.0.0.0/8",    "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",  "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",  "::/8",         "64:ff9b:1::/48", "100::/64",      "2001:db8::/32",   "3fff::/20",
    "fc00::/7",     "fe80::/10",    "ff00::/8"};

// RFC 6761, RFC 6762, RFC 8375, and what routers and clouds make up.
constexpr std::array<std::string_view, 12> local_endings{"localhost", "local",   "localdomain", "internal",
                                                         "lan",       "home",    "corp",        "intranet",
                                                         "private",   "invalid", "onion",       "home.arpa"};

template <class Number>
std::optional<Number> number_of(std::string_view text, int base) {
  Number value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

/// Words of 32 bits, each in the order of this machine.
template <std::size_t N>
std::optional<IpAddress> address_of(std::string_view digits) {
  std::array<std::uint8_t, N> octets{};
  for (std::size_t n = 0; n < N; n += 4) {
    const auto word = number_of<std::uint32_t>(digits.substr(n * 2, 8), 16);
    if (!word) return std::nullopt;
    std::memcpy(octets.data() + n, &*word, 4);
  }
  return IpAddress(octets);
}

std::optional<Listening> listening_of(std::string_view line) {
  constexpr std::string_view listen_state = "0A";
  next_word(line);  // "12:"
  const auto local = next_word(line);
  next_word(line);  // the other end
  if (next_word(line) != listen_state) return std::nullopt;
  for (int n = 0; n < 5; ++n) next_word(line);  // queues, timers, retransmissions, user, probes
  const auto inode = number_of<std::uint64_t>(next_word(line), 10);
  const auto colon = local.find(':');
  if (!inode || colon == std::string_view::npos) return std::nullopt;
  const auto port = number_of<std::uint16_t>(local.substr(colon + 1), 16);
  const auto digits = local.substr(0, colon);
  const auto address = digits.size() == 8    ? address_of<4>(digits)
                       : digits.size() == 32 ? address_of<16>(digits)
                                             : std::nullopt;
  if (!address || !port) return std::nullopt;
  return Listening{.address = *address, .port = *port, .inode = *inode};
}

bool is_any(const IpAddress& address) {
  return std::ranges::all_of(address.octets(), [](std::uint8_t octet) { return octet == 0; });
}

}  // namespace

bool is_global(const IpAddress& address) {
  static const auto networks = [] {
    std::vector<IpNetwork> all;
    for (const char* text : not_global) all.push_back(*IpNetwork::parse(text));
    return all;
  }();
  return !is_within_any(address.unmapped(), networks);
}

bool is_public_name(std::string_view name) {
  const auto domain = Domain::parse(name);
  if (!domain || !domain->text().contains('.')) return false;
  return std::ranges::none_of(local_endings, [&](std::string_view ending) {
    const auto local = Domain::parse(ending);
    return local && domain->is_within(*local);
  });
}

std::vector<Listening> listening_in(std::string_view proc_net_tcp) {
  constexpr std::size_t most = 10000;
  std::vector<Listening> all;
  while (!proc_net_tcp.empty() && all.size() < most) {
    const auto end = std::min(proc_net_tcp.find('\n'), proc_net_tcp.size());
    if (auto one = listening_of(proc_net_tcp.substr(0, end))) all.push_back(*one);
    proc_net_tcp.remove_prefix(std::min(end + 1, proc_net_tcp.size()));
  }
  return all;
}

bool is_in_the_way(const Listening& held, const IpAddress& address, std::uint16_t port) {
  if (held.port != port) return false;
  if (held.address.is_v4() == address.is_v4()) {
    return held.address == address || is_any(held.address) || is_any(address);
  }
  // Another program's :: takes IPv4 along unless it says otherwise (ipv6(7)); ours do say so.
  return !held.address.is_v4() && is_any(held.address);
}

}  // namespace cas::setup
