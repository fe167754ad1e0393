// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading and expanding macros.
#include "auth/spf_macro.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"

namespace cas::auth {

namespace {

constexpr std::size_t max_name = 253;
constexpr std::string_view delimiter_octets = ".-+,/_=";

/// §7.1: toplabel: letters, digits and hyphens, not at its ends, and not digits alone.
bool is_top_label(std::string_view label) {
  const auto is_label_octet = [](char c) { return is_alnum(c) || c == '-'; };
  return !label.empty() && label.front() != '-' && label.back() != '-' && std::ranges::all_of(label, is_label_octet) &&
         !std::ranges::all_of(label, [](char c) { return is_digit(c); });
}

bool ends_in_top_label(std::string_view literal) {
  if (literal.ends_with('.')) literal.remove_suffix(1);
  const auto dot = literal.rfind('.');
  return dot != std::string_view::npos && is_top_label(literal.substr(dot + 1));
}

/// §7.3, i: IPv6 in nibbles, in upper case as other programs write them: the DNS does not mind, and explanations read
/// the same.
std::string dotted(const IpAddress& ip) {
  if (ip.is_v4()) return ip.text();
  std::string out;
  for (const char digit : to_upper(hex(ip.octets()))) {
    if (!out.empty()) out += '.';
    out += digit;
  }
  return out;
}

std::string value_of(char letter, const SpfMacroValues& values) {
  switch (letter) {
    case 's': return values.local + '@' + values.sender_domain;
    case 'l': return values.local;
    case 'o': return values.sender_domain;
    case 'd': return values.domain;
    case 'i': return dotted(values.ip);
    case 'p': return values.validated;
    case 'v': return values.ip.is_v4() ? "in-addr" : "ip6";
    case 'h': return values.helo;
    case 'c': return values.ip.text();
    case 'r': return values.receiver.empty() ? "unknown" : values.receiver;
    default: return std::to_string(values.now.time_since_epoch().count());  // t
  }
}

/// §7.3: split, reversed, cut to the last `keep` parts, joined with dots.
std::string transformed(std::string_view value, std::string_view delimiters, bool reversed, unsigned keep) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = value.find_first_of(delimiters);
    parts.push_back(value.substr(0, end));
    if (end == std::string_view::npos) break;
    value.remove_prefix(end + 1);
  }
  if (reversed) std::ranges::reverse(parts);
  if (keep != 0 && keep < parts.size()) parts.erase(parts.begin(), parts.end() - keep);
  std::string out;
  for (const std::string_view& part : parts) {
    if (&part != &parts.front()) out += '.';
    out += part;
  }
  return out;
}

/// §7.3: all but RFC 3986's unreserved octets.
std::string url_escaped(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    if (is_alnum(c) || std::string_view("-._~").contains(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'%', digits[octet >> 4], digits[octet & 15]};
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  return '"' + printable(text, 80) + '"';
}

}  // namespace

/// `rest` stands behind "%{" and is moved behind "}".
std::expected<SpfMacroString::Piece, std::string> SpfMacroString::parse_macro(std::string_view& rest, Rules rules) {
  const auto end = rest.find('}');
  if (end == std::string_view::npos) return std::unexpected("a macro %{ has no }");
  const std::string_view whole = rest.substr(0, end);
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(quoted("%{" + std::string(whole) + "}") + " is no macro: " + std::string(why));
  };
  std::string_view text = whole;
  rest.remove_prefix(end + 1);
  const char letter = text.empty() ? '\0' : text.front();
  Piece piece;
  piece.letter = to_lower(letter);
  piece.url_escaped = letter != piece.letter;
  if (piece.letter == 0 || !std::string_view("slodiphvcrt").contains(piece.letter)) return wrong("unknown letter");
  if (!rules.all_letters && std::string_view("crt").contains(piece.letter)) {
    return wrong("c, r and t stand only in the text that exp= names");  // §7.2
  }
  text.remove_prefix(1);
  if (!text.empty() && is_digit(text.front())) {
    constexpr unsigned plenty = 1000;  // more parts than a value has
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1))
      piece.keep = std::min(piece.keep * 10 + static_cast<unsigned>(text.front() - '0'), plenty);
    if (piece.keep == 0) return wrong("0 parts");  // §7.1: must be nonzero
  }
  if (!text.empty() && to_lower(text.front()) == 'r') {
    piece.reversed = true;
    text.remove_prefix(1);
  }
  if (text.find_first_not_of(delimiter_octets) != std::string_view::npos) return wrong("unknown transformer");
  piece.delimiters = text;
  return piece;
}

std::expected<SpfMacroString, std::string> SpfMacroString::parse(std::string_view text, Rules rules) {
  SpfMacroString out;
  while (!text.empty()) {
    const std::string_view literal = text.substr(0, text.find('%'));
    for (const char c : literal) {
      if ((c <= ' ' && !(rules.blanks && c == ' ')) || c > '~') {
        return std::unexpected("the octet " + quoted(std::string(1, c)) + " may not stand in a record");
      }
    }
    if (!literal.empty()) out.pieces_.emplace_back().literal = literal;
    text.remove_prefix(literal.size());
    if (text.empty()) break;
    const std::string_view start = text.substr(0, 2);
    text.remove_prefix(start.size());
    if (start == "%{") {
      CAS_TRY(Piece piece, parse_macro(text, rules));
      out.pieces_.push_back(piece);
    } else if (start == "%%" || start == "%_" || start == "%-") {
      out.pieces_.emplace_back().literal = start;
    } else {
      return std::unexpected("a % stands alone; write %% for it");
    }
  }
  return out;
}

std::expected<SpfMacroString, std::string> SpfMacroString::parse_domain_spec(std::string_view text) {
  if (text.empty()) return std::unexpected("there is no domain");
  auto parsed = parse(text, {});
  if (!parsed) return parsed;
  const Piece& last = parsed->pieces_.back();
  if (last.letter == 0 && !last.literal.starts_with('%') && !ends_in_top_label(last.literal)) {
    if (IpAddress::parse(text)) return std::unexpected("an address stands where a name must; ip4: and ip6: take one");
    return std::unexpected(quoted(text) + " is no domain with a top label");
  }
  return parsed;
}

std::expected<SpfMacroString, std::string> SpfMacroString::parse_macro_string(std::string_view text) {
  return parse(text, {.blanks = false, .all_letters = true});
}

std::expected<SpfMacroString, std::string> SpfMacroString::parse_explain_string(std::string_view text) {
  return parse(text, {.blanks = true, .all_letters = true});
}

bool SpfMacroString::uses(char letter) const {
  return std::ranges::any_of(pieces_, [letter](const Piece& piece) { return piece.letter == letter; });
}

std::string SpfMacroString::expanded(const Piece& piece, const SpfMacroValues& values) {
  if (piece.letter == 0) {
    if (piece.literal == "%%") return "%";
    if (piece.literal == "%_") return " ";
    if (piece.literal == "%-") return "%20";
    return std::string(piece.literal);
  }
  std::string value = value_of(piece.letter, values);
  if (piece.reversed || piece.keep != 0 || !piece.delimiters.empty()) {
    value = transformed(value, piece.delimiters.empty() ? "." : piece.delimiters, piece.reversed, piece.keep);
  }
  return piece.url_escaped ? url_escaped(value) : value;
}

std::string SpfMacroString::expand_name(const SpfMacroValues& values) const {
  std::string name;
  for (const Piece& piece : pieces_) {
    name += expanded(piece, values);
    // Only the end will stay: a record full of macros need not fill the memory.
    if (name.size() > 4 * max_name) name.erase(0, name.size() - 2 * max_name);
  }
  if (name.ends_with('.')) name.pop_back();
  if (name.size() <= max_name) return name;
  const auto dot = name.find('.', name.size() - max_name - 1);  // a label that begins behind it fits
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

std::optional<std::string> SpfMacroString::expand_text(const SpfMacroValues& values, std::size_t limit) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    text += expanded(piece, values);
    if (text.size() > limit) return std::nullopt;
  }
  return text;
}

std::string spf_reverse_name(const IpAddress& ip) {
  return transformed(dotted(ip), ".", true, 0);
}

}  // namespace cas::auth
