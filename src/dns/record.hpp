// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DNS as facts: questions, answers, records. No sockets here; net/resolver.hpp asks.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "message/address.hpp"

namespace cas::dns {

enum class Type : std::uint16_t { A = 1, CNAME = 5, PTR = 12, MX = 15, TXT = 16, AAAA = 28, TLSA = 52 };

[[nodiscard]] std::string_view to_string(Type type);

/// `name` in lower case without the final dot.
struct Question {
  std::string name;
  Type type = Type::A;
  auto operator<=>(const Question&) const = default;
};

struct A {
  std::array<std::uint8_t, 4> octets{};
  auto operator<=>(const A&) const = default;
};
struct Aaaa {
  std::array<std::uint8_t, 16> octets{};
  auto operator<=>(const Aaaa&) const = default;
};
/// exchange "." (null MX, RFC 7505) is the empty string here.
struct Mx {
  std::uint16_t preference = 0;
  std::string exchange;
  auto operator<=>(const Mx&) const = default;
};
/// The character-strings of one record, joined (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
struct Txt {
  std::string text;
  auto operator<=>(const Txt&) const = default;
};
/// PTR and CNAME: a name.
struct Name {
  std::string name;
  auto operator<=>(const Name&) const = default;
};
struct Tlsa {
  std::uint8_t usage = 0, selector = 0, matching = 0;
  std::vector<std::uint8_t> data;
  auto operator<=>(const Tlsa&) const = default;
};
using Record = std::variant<A, Aaaa, Mx, Txt, Name, Tlsa>;

/// What is known. NoData: the name exists, the type does not. Failed: nothing is known (SERVFAIL, time-out, a bogus
/// signature): never to be read as absence.
enum class Status { Ok, NoData, NxDomain, Failed };

/// `secure`: validated by DNSSEC (also for NoData and NxDomain). `records` holds something only when Ok.
struct Answer {
  Status status = Status::Failed;
  bool secure = false;
  std::chrono::seconds ttl{0};
  std::vector<Record> records;
  std::string private_reason;  // for logs, when Failed
  bool bogus = false;          // when Failed: DNSSEC says that what came is not to be believed
};

/// RDATA as it stands on the wire, names uncompressed (libunbound gives it so). A malformed one is a permanent error.
[[nodiscard]] Result<Record> parse_rdata(Type type, std::span<const std::uint8_t> rdata);

/// "192.0.2.1", "2001:db8::1" (RFC 5952).
[[nodiscard]] std::string to_string(const A& a);
[[nodiscard]] std::string to_string(const Aaaa& a);

}  // namespace cas::dns
