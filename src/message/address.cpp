// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Local parts, mailboxes and paths as SMTP writes them (RFC 5321 §4.1.2, RFC 6531 §3.3).
#include "message/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "message/address_literal.hpp"
#include "message/scanner.hpp"

namespace cas {
namespace {

constexpr std::size_t kMaxLocalPart = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t kMaxPath = 2048;     // a source route included; nothing longer is looked at

std::unexpected<Error> bad_address(std::string_view why) {
  return permanent("address is not valid", "address: " + std::string(why));
}

/// U+0080 to U+009F in UTF-8.
bool holds_c1_control(std::string_view text) {
  for (std::size_t at = text.find('\xC2'); at != std::string_view::npos; at = text.find('\xC2', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) return true;
  }
  return false;
}

/// RFC 5321 §4.1.2 Dot-string.
bool is_dot_string(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.contains("..")) return false;
  return std::ranges::all_of(text, [](char c) { return is_atext(c) || c == '.'; });
}

/// `text` as one of the two families, in its canonical form; empty where it is neither.
std::string canonical_ip(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> octets{};
  std::array<char, INET6_ADDRSTRLEN> printed{};
  if (inet_pton(family, text.c_str(), octets.data()) != 1) return {};
  return inet_ntop(family, octets.data(), printed.data(), printed.size()) ? printed.data() : "";
}

/// The end of the local part in `text`: the offset of its "@".
std::size_t local_part_end(std::string_view text) {
  if (!text.starts_with('"')) return text.find('@');
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1 < text.size() && text[i + 1] == '@' ? i + 1 : std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

Result<LocalPart> parse_local_part(std::string_view text) {
  if (!text.starts_with('"')) {
    if (!is_dot_string(text)) return bad_address("local part is not a dot-string");
    return LocalPart::from_value(text);
  }
  // RFC 5321 §4.1.2: the quoted strings of SMTP do not fold; a control character is refused by from_value.
  Scanner scanner(text);
  const auto value = scanner.quoted_string();
  if (!value || !scanner.at_end() || text.contains('\r')) return bad_address("bad quoted string");
  return LocalPart::from_value(*value);
}

/// What stands between "<" and ">".
Result<std::string_view> path_content(std::string_view path) {
  if (path.size() > kMaxPath) return bad_address("path is too long");
  if (!path.starts_with('<') || !path.ends_with('>') || path.size() < 2) return bad_address("path needs <>");
  return path.substr(1, path.size() - 2);
}

/// `content` without its source route (RFC 5321 §4.1.2 A-d-l, appendix C).
Result<std::string_view> drop_source_route(std::string_view content) {
  if (!content.starts_with('@')) return content;
  const std::size_t colon = content.find(':');
  if (colon == std::string_view::npos) return bad_address("source route has no end");
  std::string_view route = content.substr(0, colon);
  while (!route.empty()) {
    const std::string_view hop = route.substr(0, route.find(','));
    if (!hop.starts_with('@') || !Domain::parse(hop.substr(1))) return bad_address("bad source route");
    route.remove_prefix(std::min(hop.size() + 1, route.size()));
    if (route.empty() && content[colon - 1] == ',') return bad_address("bad source route");
  }
  return content.substr(colon + 1);
}

}  // namespace

Result<AddressLiteral> parse_address_literal(std::string_view text) {
  constexpr std::string_view kIpv6Tag = "IPv6:";
  if (text.size() > kIpv6Tag.size() + INET6_ADDRSTRLEN || text.contains('\0')) return bad_address("bad literal");
  const bool is_v6 = iequals(text.substr(0, kIpv6Tag.size()), kIpv6Tag);
  // RFC 5321 §4.1.3: no other tag has been registered.
  const std::string address(is_v6 ? text.substr(kIpv6Tag.size()) : text);
  const std::string canonical = canonical_ip(is_v6 ? AF_INET6 : AF_INET, address);
  if (canonical.empty()) return bad_address("bad address literal");
  return AddressLiteral{is_v6 ? std::string(kIpv6Tag) + canonical : canonical};
}

Result<LocalPart> LocalPart::from_value(std::string_view value) {
  if (value.empty() || value.size() > kMaxLocalPart) return bad_address("local part is empty or too long");
  if (std::ranges::any_of(value, is_control)) return bad_address("control character in local part");
  if (!is_utf8(value) || holds_c1_control(value)) return bad_address("local part is not clean UTF-8");
  return LocalPart(std::string(value));
}

std::string LocalPart::wire() const {
  if (is_dot_string(value_)) return value_;
  std::string quoted = "\"";
  for (const char c : value_) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

bool LocalPart::is_ascii() const {
  return cas::is_ascii(value_);
}

Mailbox::Mailbox(LocalPart local, Domain domain) : local_(std::move(local)), domain_(std::move(domain)) {}
Mailbox::Mailbox(LocalPart local, AddressLiteral literal) : local_(std::move(local)), literal_(std::move(literal)) {}

Result<Mailbox> Mailbox::parse(std::string_view text) {
  if (text.size() > kMaxPath) return bad_address("too long");
  const std::size_t at = local_part_end(text);
  if (at == std::string_view::npos) return bad_address("no @");
  CAS_TRY(LocalPart local, parse_local_part(text.substr(0, at)));
  const std::string_view host = text.substr(at + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return bad_address("literal has no end");
    CAS_TRY(AddressLiteral literal, parse_address_literal(host.substr(1, host.size() - 2)));
    return Mailbox(std::move(local), std::move(literal));
  }
  if (host.ends_with('.')) return bad_address("domain ends in a dot");  // RFC 5321 §4.1.2 knows none
  CAS_TRY(Domain domain, Domain::parse(host));
  return Mailbox(std::move(local), std::move(domain));
}

std::string Mailbox::wire() const {
  return local_.wire() + '@' + (domain_ ? domain_->text() : '[' + literal_->text + ']');
}

Result<ReversePath> ReversePath::parse(std::string_view path) {
  CAS_TRY(std::string_view content, path_content(path));
  if (content.empty()) return ReversePath();
  CAS_TRY(content, drop_source_route(content));
  CAS_TRY(Mailbox mailbox, Mailbox::parse(content));
  return ReversePath(std::move(mailbox));
}

std::string ReversePath::path() const {
  return mailbox_ ? '<' + mailbox_->wire() + '>' : "<>";
}

Result<Mailbox> parse_forward_path(std::string_view path, const Domain& host) {
  constexpr std::string_view kPostmaster = "postmaster";
  CAS_TRY(std::string_view content, path_content(path));
  if (iequals(content, kPostmaster)) {  // RFC 5321 §4.1.1.3
    CAS_TRY(LocalPart local, LocalPart::from_value(kPostmaster));
    return Mailbox(std::move(local), host);
  }
  CAS_TRY(content, drop_source_route(content));
  return Mailbox::parse(content);
}

}  // namespace cas
