// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Values of an intent. Percent-encoding is a bijection: atext characters and "." stand for themselves, all other octets
// are encoded with upper-case digits. Octets are compared, and nothing is normalised (CAS §4.3, rule 3).
#include "confirm/intent_grammar.hpp"

#include <algorithm>

#include "confirm/intent.hpp"

namespace cas::confirm {
namespace grammar {
namespace {

constexpr std::size_t max_seconds_digits = 12;
constexpr std::size_t max_list_id_octets = 200;
constexpr std::size_t max_signature_characters = 700;

/// RFC 5322 §3.2.3 atext without "%", and ".".
bool stands_for_itself(char c) {
  constexpr std::string_view specials = "!#$&'*+-/=?^_`{|}~.";
  return is_alnum(c) || specials.find(c) != std::string_view::npos;
}

/// DIGIT / %x41-46
std::optional<unsigned> upper_hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// *enc. None for any spelling but the one that percent_encode writes.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (stands_for_itself(text[i])) {
      out += text[i];
      continue;
    }
    if (text[i] != '%' || text.size() - i < 3) return std::nullopt;
    const auto high = upper_hex_digit(text[i + 1]);
    const auto low = upper_hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    const char octet = static_cast<char>(*high << 4 | *low);
    if (stands_for_itself(octet)) return std::nullopt;
    out += octet;
    i += 2;
  }
  return out;
}

std::optional<LocalPart> read_local_part(std::string_view text) {
  const auto value = percent_decode(text);
  if (!value) return std::nullopt;
  auto local = LocalPart::from_value(*value);
  return local ? std::optional(*std::move(local)) : std::nullopt;
}

bool is_control(char c) {
  return (c >= 0 && c < 0x20) || c == 0x7f;
}

/// U+0080 to U+009F in UTF-8.
bool holds_c1_control(std::string_view text) {
  for (std::size_t at = text.find('\xc2'); at != std::string_view::npos; at = text.find('\xc2', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

bool is_host(const Domain& domain) {
  return !domain.text().contains('_');
}

std::optional<Domain> read_host(std::string_view text) {
  auto domain = Domain::parse(text);
  if (!domain || domain->text() != text || !is_host(*domain)) return std::nullopt;
  return *std::move(domain);
}

bool is_selector(std::string_view text) {
  constexpr std::string_view above = ".example";  // labels follow it: the last one may be a number (CAS §4.3, rule 4)
  const auto name = Domain::parse(std::string(text) + std::string(above));
  return name && name->text().size() == text.size() + above.size() && name->text().starts_with(text);
}

std::optional<UnixTime> read_seconds(std::string_view text) {
  if (text.empty() || text.size() > max_seconds_digits || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  if (text.front() == '0' && text.size() > 1) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return UnixTime(seconds(value));
}

std::optional<Mailbox> read_addr(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  auto local = read_local_part(text.substr(0, at));
  auto domain = read_host(text.substr(at + 1));
  if (!local || !domain) return std::nullopt;
  return Mailbox(*std::move(local), *std::move(domain));
}

std::optional<std::vector<LocalPart>> read_recipients(std::string_view text) {
  std::vector<LocalPart> recipients;
  std::string_view previous;
  while (recipients.size() < max_intent_recipients) {
    const auto comma = text.find(',');
    const std::string_view spelt = text.substr(0, comma);
    auto local = read_local_part(spelt);
    if (!local || spelt <= previous) return std::nullopt;
    recipients.push_back(*std::move(local));
    if (comma == std::string_view::npos) return recipients;
    previous = spelt;
    text.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

bool is_list_id(std::string_view value) {
  return !value.empty() && value.size() <= max_list_id_octets && is_utf8(value) && !holds_c1_control(value) &&
         std::ranges::none_of(value, [](char c) { return is_control(c) || (c >= 'A' && c <= 'Z'); });
}

std::optional<std::string> read_list_id(std::string_view text) {
  auto value = percent_decode(text);
  if (!value || !is_list_id(*value)) return std::nullopt;
  return value;
}

std::optional<crypto::Sha256Digest> read_digest(std::string_view text) {
  constexpr std::string_view algorithm = "c1:";
  if (!text.starts_with(algorithm)) return std::nullopt;
  return read_octets<crypto::Sha256Digest{}.size()>(text.substr(algorithm.size()));
}

std::optional<Octets> read_signature(std::string_view text) {
  if (text.empty() || text.size() > max_signature_characters) return std::nullopt;
  return from_base64url(text);
}

}  // namespace grammar

std::string percent_encode(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (grammar::stands_for_itself(c)) {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += digits[octet >> 4];
    out += digits[octet & 0xf];
  }
  return out;
}

std::optional<std::string> print_addr(const Mailbox& mailbox) {
  if (!mailbox.domain() || !grammar::is_host(*mailbox.domain())) return std::nullopt;
  return percent_encode(mailbox.local().value()) + '@' + mailbox.domain()->text();
}

}  // namespace cas::confirm
