// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See front.hpp.
#include "smtp/front.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/encoding.hpp"
#include "smtp/dsn_parameters.hpp"

namespace cas::smtp {
namespace {

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t binary_head = 16;  // signature, version and command, family, length
constexpr std::size_t longest_text = 107;

std::unexpected<Error> bad_header(std::string_view why) {
  return permanent("malformed PROXY header", "malformed PROXY header: " + std::string(why));
}

/// Of one spelling.
std::optional<std::uint16_t> port_of(std::string_view text) {
  return text.size() > 1 && text.front() == '0' ? std::nullopt : parse_port(text);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const auto blank = text.find(' ');
    words.push_back(text.substr(0, blank));
    if (blank == text.npos) return words;
    text.remove_prefix(blank + 1);
  }
}

std::uint8_t octet_at(std::string_view octets, std::size_t place) {
  return static_cast<std::uint8_t>(octets[place]);
}
std::uint16_t number_at(std::string_view octets, std::size_t place) {
  return static_cast<std::uint16_t>(octet_at(octets, place) << 8 | octet_at(octets, place + 1));
}

template <std::size_t size>
IpAddress address_at(std::string_view octets, std::size_t place) {
  std::array<std::uint8_t, size> address{};
  for (std::size_t n = 0; n < size; ++n) address[n] = octet_at(octets, place + n);
  return IpAddress(address).unmapped();
}

}  // namespace

Result<void> ProxyHeaderReader::add(std::string_view octets) {
  if (octets.size() != wanted_) return bad_header("other octets than were asked for");
  octets_ += octets;
  wanted_ = 0;
  return octets_.starts_with(signature) ? add_binary() : add_text();
}

// "PROXY TCP4 192.0.2.1 192.0.2.2 56324 25" CRLF
Result<void> ProxyHeaderReader::add_text() {
  constexpr std::string_view beginning = "PROXY ";
  if (!octets_.starts_with(beginning)) return bad_header("it does not begin with one");
  const auto end = octets_.find('\n');
  if (end == octets_.npos) {
    if (octets_.size() >= longest_text) return bad_header("too long");
    wanted_ = 1;
    return {};
  }
  if (end + 1 != octets_.size() || octets_[end - 1] != '\r') return bad_header("it ends with no CRLF");
  const auto words = words_of(std::string_view(octets_).substr(beginning.size(), end - 1 - beginning.size()));
  if (words[0] == "UNKNOWN") return {};  // what follows is to be ignored
  if (words.size() != 5) return bad_header("five fields are wanted");
  const bool four = words[0] == "TCP4";
  if (!four && words[0] != "TCP6") return bad_header("neither TCP4 nor TCP6");
  const auto parse = four ? &IpAddress::parse_v4 : &IpAddress::parse_v6;
  const auto source = parse(words[1]), target = parse(words[2]);
  const auto port = port_of(words[3]), target_port = port_of(words[4]);
  if (!source || !target || !port || !target_port) return bad_header("no address or port");
  client_ = {.address = source->unmapped(), .port = *port};
  return {};
}

Result<void> ProxyHeaderReader::add_binary() {
  if (octets_.size() < binary_head) {
    wanted_ = binary_head - octets_.size();
    return {};
  }
  constexpr std::uint8_t version = 0x20, local = 0x0, proxy = 0x1, tcp4 = 0x11, tcp6 = 0x21;
  constexpr std::size_t of_tcp4 = 12, of_tcp6 = 36;
  const auto command = octet_at(octets_, 12), family = octet_at(octets_, 13);
  const std::size_t length = number_at(octets_, 14);
  if ((command & 0xf0) != version) return bad_header("not version 2");
  if ((command & 0x0f) != local && (command & 0x0f) != proxy) return bad_header("neither LOCAL nor PROXY");
  if (length > max_octets) return bad_header("too long");
  if (octets_.size() == binary_head && length > 0) {
    wanted_ = length;
    return {};
  }
  if ((command & 0x0f) == local) return {};
  const std::size_t needed = family == tcp4 ? of_tcp4 : family == tcp6 ? of_tcp6 : 0;
  if (length < needed) return bad_header("no room for its addresses");
  if (family == tcp4) {
    client_ = {.address = address_at<4>(octets_, binary_head), .port = number_at(octets_, binary_head + 8)};
  } else if (family == tcp6) {
    client_ = {.address = address_at<16>(octets_, binary_head), .port = number_at(octets_, binary_head + 32)};
  }
  return {};
}

Parsed<FrontedClient> parse_xclient(std::string_view argument) {
  const auto refuse = [](std::string_view what) {
    return std::unexpected(Reply(501, {5, 5, 4}, "bad XCLIENT attribute: " + printable(what, 64)));
  };
  constexpr std::array ignored{"NAME", "PROTO", "HELO", "DESTADDR", "DESTPORT"};
  constexpr std::size_t longest_value = 255;
  FrontedClient client;
  for (const auto word : words_of(argument)) {
    const auto equals = word.find('=');
    if (equals == word.npos) return refuse(word);
    const auto name = word.substr(0, equals);
    const auto value = from_xtext(word.substr(equals + 1), longest_value);
    if (!value || value->empty()) return refuse(name);
    const bool unknown = iequals(*value, "[UNAVAILABLE]") || iequals(*value, "[TEMPUNAVAIL]");
    if (iequals(name, "ADDR")) {
      constexpr std::string_view six = "IPV6:";
      const bool marked = value->size() > six.size() && iequals(std::string_view(*value).substr(0, six.size()), six);
      client.address = IpAddress::parse(std::string_view(*value).substr(marked ? six.size() : 0));
      if (!client.address && !unknown) return refuse(name);
    } else if (iequals(name, "PORT")) {
      const auto port = port_of(*value);
      if (!port && !unknown) return refuse(name);
      client.port = port.value_or(0);
    } else if (std::ranges::none_of(ignored, [&](const char* one) { return iequals(name, one); })) {
      return refuse(name);
    }
  }
  return client;
}

std::string xclient_command(const ToldClient& client, const std::vector<std::string>& offered) {
  const auto offers = [&](std::string_view name) { return std::ranges::find(offered, name) != offered.end(); };
  if (!offers("ADDR")) return {};
  const std::string mark = client.address.contains(':') ? "IPV6:" : "";
  std::string command = "XCLIENT ADDR=" + xtext(mark + client.address);
  if (offers("NAME")) command += " NAME=[UNAVAILABLE]";
  if (offers("HELO") && !client.helo.empty()) command += " HELO=" + xtext(client.helo);
  return command;
}

}  // namespace cas::smtp
