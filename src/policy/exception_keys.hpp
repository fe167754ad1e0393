// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Under what octets a pattern is kept, and a sender looked up; on the stack.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "message/scanner.hpp"
#include "policy/exceptions.hpp"

namespace cas::policy {

/// "local@domain" in lower case, as patterns and scopes write it: as SMTP does, but a local part that could be taken
/// for something else in a list is quoted.
class AddressKey {
 public:
  explicit AddressKey(const Mailbox& mailbox) {
    const std::string& local = mailbox.local().value();
    const auto is_plain = [](char c) { return is_atext(c) || c == '.'; };
    const bool dotted = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if (!mailbox.domain() || dotted || !std::ranges::all_of(local, is_plain)) {
      const std::string wire = mailbox.wire();  // quoted, or a literal: rare
      const bool quotes = !wire.starts_with('"') && is_misleading(local);
      if (quotes) append("\"").append(local).append("\"").append(std::string_view(wire).substr(local.size()));
      if (!quotes) append(wire);
      return;
    }
    const std::string_view quote = is_misleading(local) ? "\"" : "";
    append(quote).append(local).append(quote).append("@").append(mailbox.domain()->text());
  }
  [[nodiscard]] std::string_view text() const { return {octets_.data(), size_}; }

 private:
  static bool is_misleading(std::string_view local) {
    return local.starts_with('/') || local.starts_with('#') || local.starts_with('*');
  }
  AddressKey& append(std::string_view part) {
    for (const char c : part.substr(0, octets_.size() - size_)) octets_[size_++] = to_lower(c);
    return *this;
  }
  std::array<char, 512> octets_;  // 64 octets of local part, quoted, and 253 of domain
  std::size_t size_ = 0;
};

/// A name of a certificate in lower case; empty when it is none that a domain could be: a wildcard, or too long.
class NameKey {
 public:
  explicit NameKey(std::string_view name) {
    if (name.size() > octets_.size() || name.starts_with('*')) return;
    for (const char c : name) octets_[size_++] = to_lower(c);
  }
  [[nodiscard]] std::string_view text() const { return {octets_.data(), size_}; }

 private:
  std::array<char, 253> octets_;
  std::size_t size_ = 0;
};

/// One octet of bits and those of the address, without what stands behind the bits.
class NetworkKey {
 public:
  NetworkKey(const IpAddress& address, unsigned bits) {
    const auto octets = address.octets();
    size_ = octets.size() + 1;
    octets_[0] = static_cast<char>(bits);
    for (unsigned n = 0; n < octets.size(); ++n) {
      const unsigned left = bits > n * 8 ? bits - n * 8 : 0;
      const auto mask = left >= 8 ? 0xffU : 0xffU << (8 - left) & 0xffU;
      octets_[n + 1] = static_cast<char>(octets[n] & mask);
    }
  }
  [[nodiscard]] std::string_view text() const { return {octets_.data(), size_}; }

 private:
  std::array<char, 17> octets_;
  std::size_t size_ = 0;
};

inline unsigned network_bits(std::string_view key) {
  return static_cast<unsigned char>(key.front());
}
inline bool is_v4_key(std::string_view key) {
  return key.size() == 5;
}

inline std::string key_of(const Pattern& pattern) {
  constexpr std::string_view list{"list:"};
  if (pattern.kind() == Pattern::Kind::List) return pattern.text().substr(list.size());
  if (pattern.kind() != Pattern::Kind::Network) return pattern.text();
  const auto network = IpNetwork::parse(pattern.text());  // it was one when the pattern was read
  return std::string(NetworkKey(network->address, network->bits).text());
}

inline std::string text_of_key(Pattern::Kind kind, std::string_view key) {
  if (kind == Pattern::Kind::List) return "list:" + std::string(key);
  if (kind != Pattern::Kind::Network) return std::string(key);
  const std::string bits = std::to_string(network_bits(key));
  const auto copy = [&](auto octets) {
    for (std::size_t n = 0; n < octets.size(); ++n) octets[n] = static_cast<std::uint8_t>(key[n + 1]);
    return IpAddress(octets).text() + "/" + bits;
  };
  return is_v4_key(key) ? copy(IpAddress::V4Octets{}) : copy(IpAddress::V6Octets{});
}

}  // namespace cas::policy
