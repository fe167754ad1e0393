// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RDATA as RFC 1035 §3.3, RFC 3596, RFC 6698 and RFC 7505 lay it out.
#include "dns/record.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::dns {
namespace {

using Span = std::span<const std::uint8_t>;

constexpr std::size_t kMaxWireName = 255;  // RFC 1035 §2.3.4
constexpr std::size_t kMaxLabel = 63;

std::unexpected<Error> bad_rdata(std::string_view what) {
  return permanent("DNS record is not valid", "rdata: " + std::string(what));
}

/// RFC 1035 §5.1: a dot or an odd octet within a label is escaped, so that no label passes for two.
void append_label(std::string& name, Span label) {
  for (const std::uint8_t octet : label) {
    const auto c = static_cast<char>(octet);
    if (c == '.' || c == '\\') {
      name += '\\';
      name += c;
    } else if (octet > 32 && octet < 127) {
      name += to_lower(c);
    } else {
      name += {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
               static_cast<char>('0' + octet % 10)};
    }
  }
}

/// The name that is all of `wire`, lower case, without the final dot; the root is the empty string.
Result<std::string> parse_name(Span wire) {
  if (wire.empty() || wire.size() > kMaxWireName) return bad_rdata("name is empty or too long");
  std::string name;
  while (wire.front() != 0) {
    const std::size_t length = wire.front();
    if (length > kMaxLabel) return bad_rdata("label too long, or compressed");
    if (wire.size() < length + 2) return bad_rdata("name has no end");
    if (!name.empty()) name += '.';
    append_label(name, wire.subspan(1, length));
    wire = wire.subspan(length + 1);
  }
  if (wire.size() != 1) return bad_rdata("octets after the name");
  return name;
}

template <class T>
Result<Record> parse_address(Span rdata) {
  T address;
  if (rdata.size() != address.octets.size()) return bad_rdata("address of the wrong length");
  std::ranges::copy(rdata, address.octets.begin());
  return address;
}

Result<Record> parse_mx(Span rdata) {
  if (rdata.size() < 3) return bad_rdata("MX too short");
  CAS_TRY(std::string exchange, parse_name(rdata.subspan(2)));
  const auto preference = static_cast<std::uint16_t>(rdata[0] << 8 | rdata[1]);
  return Mx{.preference = preference, .exchange = std::move(exchange)};
}

Result<Record> parse_txt(Span rdata) {
  Txt txt;  // RFC 1035 §3.3.14 wants a string; one that has none must not make the others unknown, and is empty
  while (!rdata.empty()) {
    const std::size_t length = rdata.front();
    if (rdata.size() < length + 1) return bad_rdata("TXT string has no end");
    txt.text.append(rdata.begin() + 1, rdata.begin() + 1 + static_cast<std::ptrdiff_t>(length));
    rdata = rdata.subspan(length + 1);
  }
  return txt;
}

Result<Record> parse_tlsa(Span rdata) {
  if (rdata.size() < 4) return bad_rdata("TLSA without data");  // RFC 6698 §2.1
  return Tlsa{.usage = rdata[0],
              .selector = rdata[1],
              .matching = rdata[2],
              .data = std::vector<std::uint8_t>(rdata.begin() + 3, rdata.end())};
}

std::string printed(int family, const void* octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, octets, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string_view to_string(Type type) {
  switch (type) {
    case Type::A: return "A";
    case Type::CNAME: return "CNAME";
    case Type::PTR: return "PTR";
    case Type::MX: return "MX";
    case Type::TXT: return "TXT";
    case Type::AAAA: return "AAAA";
    case Type::TLSA: return "TLSA";
  }
  return "TYPE?";
}

Result<Record> parse_rdata(Type type, std::span<const std::uint8_t> rdata) {
  switch (type) {
    case Type::A: return parse_address<A>(rdata);
    case Type::AAAA: return parse_address<Aaaa>(rdata);
    case Type::MX: return parse_mx(rdata);
    case Type::TXT: return parse_txt(rdata);
    case Type::TLSA: return parse_tlsa(rdata);
    case Type::CNAME:
    case Type::PTR: {
      CAS_TRY(std::string name, parse_name(rdata));
      return Name{std::move(name)};
    }
  }
  return bad_rdata("a type nobody asks for");
}

std::string to_string(const A& a) {
  return printed(AF_INET, a.octets.data());
}
std::string to_string(const Aaaa& a) {
  return printed(AF_INET6, a.octets.data());
}

}  // namespace cas::dns
