// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Values that break a rule, and which one. The last line of each function is for what no special case names.
#include "confirm/explain_values.hpp"

#include <algorithm>
#include <optional>

#include "base/encoding.hpp"
#include "confirm/intent.hpp"
#include "confirm/intent_grammar.hpp"

namespace cas::confirm::faults {
namespace {

constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;
constexpr std::size_t max_local_part = 64;
constexpr std::size_t max_list_id = 200;
constexpr std::size_t max_signature = 700;
constexpr std::size_t max_digits = 12;

bool is_plain(char c) {
  return percent_encode(std::string_view(&c, 1)).size() == 1;
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}
unsigned hex_value(char c) {
  return static_cast<unsigned>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
}

std::string octet_name(char c) {
  const auto octet = static_cast<unsigned char>(c);
  if (c == ' ') return "a blank";
  if (octet < 0x20 || octet == 0x7f) return "a control character";
  if (octet > 0x7f) return "an octet outside ASCII";
  return in_quotes(std::string_view(&c, 1));
}

/// One "%XX" whose digits are hexadecimal.
std::optional<Detail> in_escape(std::string_view escape, std::size_t at) {
  const char octet = static_cast<char>(hex_value(escape[1]) << 4 | hex_value(escape[2]));
  if (is_plain(octet)) {
    return Detail{at, in_quotes(escape) + " is encoded needlessly", "write " + in_quotes(std::string_view(&octet, 1))};
  }
  if (to_upper(escape) != escape) {
    return Detail{at, in_quotes(escape) + " has a digit in lower case", "write " + in_quotes(to_upper(escape))};
  }
  return std::nullopt;
}

/// Percent-encoding that has another spelling, or none.
std::optional<Detail> in_encoding(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i])) continue;
    if (text[i] != '%') {
      return Detail{i, octet_name(text[i]) + " is not encoded",
                    "write " + in_quotes(percent_encode(text.substr(i, 1))) +
                        ": only atext but \"%\", and \".\", stand for themselves"};
    }
    if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
      return Detail{i, "\"%\" is not followed by two hexadecimal digits", "write \"%25\" for a percent sign"};
    }
    if (auto fault = in_escape(text.substr(i, 3), i)) return fault;
    i += 2;
  }
  return std::nullopt;
}

/// Only for what in_encoding finds no fault in.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

/// What is wrong with a decoded value of at most `most` octets.
std::optional<Detail> in_value(std::string_view text, std::size_t most) {
  if (text.empty()) return Detail{0, "is empty", "give at least one octet"};
  if (auto fault = in_encoding(text)) return fault;
  const std::string value = decoded(text);
  if (value.size() > most) {
    return Detail{0, "has " + std::to_string(value.size()) + " octets once decoded",
                  "give at most " + std::to_string(most)};
  }
  if (!is_utf8(value)) return Detail{0, "is no UTF-8 once decoded", "encode the octets of valid UTF-8"};
  return std::nullopt;
}

std::optional<Detail> in_label(std::string_view label, std::size_t at) {
  if (label.empty()) return Detail{at, "a label is empty", "write one dot between two labels, and none at the ends"};
  if (label.size() > max_label) {
    return Detail{at, "a label has " + std::to_string(label.size()) + " octets", "a label has at most 63"};
  }
  if (label.front() == '-' || label.back() == '-') {
    return Detail{label.front() == '-' ? at : at + label.size() - 1,
                  "the label " + in_quotes(label) + " begins or ends with \"-\"", "hyphens stand within a label only"};
  }
  if (label.starts_with("xn--") && !Domain::parse(label)) {
    return Detail{at, in_quotes(label) + " is no A-label",
                  "what follows \"xn--\" is Punycode of something that is not all ASCII"};
  }
  return std::nullopt;
}

std::optional<Detail> in_domain_octets(std::string_view text, bool underscores) {
  const std::string mend =
      std::string("domains are A-labels of a-z, 0-9 and \"-\"") + (underscores ? ", with \"_\" in s" : "");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_upper(c))
      return Detail{i, in_quotes(text.substr(i, 1)) + " is in upper case", "write " + in_quotes(to_lower(text))};
    if (c == '[') return Detail{i, "an address literal cannot be confirmed", "give a domain name"};
    if (!is_alnum(c) && c != '-' && c != '.' && !(c == '_' && underscores))
      return Detail{i, octet_name(c) + " is not allowed in a domain", mend};
  }
  return std::nullopt;
}

constexpr std::string_view base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// base64url of any length.
std::optional<Detail> in_base64url(std::string_view text) {
  const auto wrong = text.find_first_not_of(base64url_digits);
  if (wrong != std::string_view::npos) {
    const char c = text[wrong];
    if (c == '=') return Detail{wrong, "there is padding", "leave \"=\" out"};
    if (c == '+' || c == '/') {
      return Detail{wrong, in_quotes(text.substr(wrong, 1)) + " is of the other base64 alphabet",
                    c == '+' ? "write \"-\"" : "write \"_\""};
    }
    return Detail{wrong, octet_name(c) + " is not in the base64url alphabet", "use A-Z, a-z, 0-9, \"-\" and \"_\""};
  }
  if (text.size() % 4 == 1)
    return Detail{text.size(), "a character is missing or one too many", "four characters carry three octets"};
  return std::nullopt;
}

/// The bits of the last character that carry nothing.
Detail in_unused_bits(std::string_view text) {
  const std::size_t unused = text.size() % 4 == 2 ? 4 : 2;
  const std::size_t digit = base64url_digits.find(text.back());
  const std::string_view right = base64url_digits.substr(digit >> unused << unused, 1);
  return {text.size() - 1,
          "the last character " + in_quotes(text.substr(text.size() - 1)) + " has unused bits that are not zero",
          "the same octets are spelt with " + in_quotes(right)};
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 72;
  return '"' + printable(text, longest) + '"';
}

Detail in_domain(std::string_view text, bool underscores) {
  if (text.empty()) return {0, "the domain is empty", "give a name such as north.example"};
  if (auto fault = in_domain_octets(text, underscores)) return *fault;
  if (text.ends_with('.'))
    return {text.size() - 1, "the domain ends in a dot", "write " + in_quotes(text.substr(0, text.size() - 1))};
  if (text.size() > max_name)
    return {0, "the domain has " + std::to_string(text.size()) + " octets", "a domain has at most 253"};
  std::size_t start = 0;
  while (true) {
    const std::string_view label = text.substr(start, text.find('.', start) - start);
    if (auto fault = in_label(label, start)) return *fault;
    if (start + label.size() == text.size()) break;
    start += label.size() + 1;
  }
  if (std::ranges::all_of(text.substr(start), is_digit)) {
    return {start, "the last label is all digits", "an IP address is no domain name"};
  }
  return {0, in_quotes(text) + " is no domain name", "give lower-case A-labels joined by dots"};
}

Detail in_local_part(std::string_view text) {
  if (auto fault = in_value(text, max_local_part)) {
    if (text.empty()) return {0, "a local part is empty", "an empty local part cannot be confirmed"};
    return *fault;
  }
  return {0, in_quotes(text) + " holds a control character", "such a mailbox cannot be confirmed"};
}

Detail in_addr(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return {text.size(), "there is no \"@\"", "write LOCAL-PART@DOMAIN"};
  if (text.starts_with('<')) return {0, "there are angle brackets", "leave \"<\" and \">\" out"};
  if (text.starts_with('"')) return {0, "the local part is quoted", "undo the quoting and encode what is no atext"};
  const std::string_view host = text.substr(at + 1);
  // The local part first: the mailbox of it at a name that is right shows whose fault it is.
  if (!grammar::read_addr(std::string(text.substr(0, at)) + "@a.example")) return in_local_part(text.substr(0, at));
  Detail fault = in_domain(host, false);
  fault.at += at + 1;
  return fault;
}

Detail in_recipients(std::string_view text) {
  std::size_t start = 0, count = 0;
  std::string_view previous;
  while (true) {
    const std::string_view spelt = text.substr(start, text.find(',', start) - start);
    if (!grammar::read_recipients(spelt)) {
      Detail fault = in_local_part(spelt);
      if (spelt.contains('@'))
        fault = {spelt.find('@'), in_quotes(spelt) + " has a domain", "write local parts alone; q names the domain"};
      if (spelt.empty())
        fault = {0, "a recipient is empty", "write one \",\" between two recipients, and none at the ends"};
      fault.at += start;
      return fault;
    }
    if (spelt == previous) return {start, in_quotes(spelt) + " stands twice", "name each recipient once"};
    if (spelt < previous) {
      return {start, "recipients are not in rising order: " + in_quotes(spelt) + " after " + in_quotes(previous),
              "sort them by the octets of their spelling"};
    }
    if (++count > max_intent_recipients)
      return {start, "there are more than 100 recipients", "make several intents with the same i"};
    previous = spelt;
    if (start + spelt.size() == text.size()) break;
    start += spelt.size() + 1;
  }
  return {0, "the recipients are malformed", "write local parts joined by \",\""};
}

Detail in_list_id(std::string_view text) {
  if (auto fault = in_value(text, max_list_id)) return *fault;
  const auto upper = std::ranges::find_if(text, is_upper);
  // The digits of an escape are upper case; a letter of the value is not behind "%".
  for (auto at = upper; at != text.end(); ++at) {
    const auto offset = static_cast<std::size_t>(at - text.begin());
    const bool in_escape = (offset >= 1 && text[offset - 1] == '%') || (offset >= 2 && text[offset - 2] == '%');
    if (is_upper(*at) && !in_escape)
      return {offset, in_quotes(text.substr(offset, 1)) + " is in upper case", "lower-case the List-Id"};
  }
  return {0, in_quotes(text) + " holds a control character", "such a List-Id cannot be confirmed"};
}

Detail in_seconds(std::string_view text) {
  if (text.empty()) return {0, "the time is empty", "give seconds since 1970-01-01T00:00:00Z"};
  const auto wrong = std::ranges::find_if_not(text, is_digit);
  if (wrong != text.end())
    return {static_cast<std::size_t>(wrong - text.begin()), octet_name(*wrong) + " is no digit",
            "give whole seconds since 1970-01-01T00:00:00Z"};
  if (text.front() == '0' && text.size() > 1) return {0, "there is a leading zero", "write the number without it"};
  if (text.size() > max_digits) return {max_digits, "there are more than 12 digits", "give seconds, not milliseconds"};
  return {0, in_quotes(text) + " is no time", "give seconds since 1970-01-01T00:00:00Z"};
}

Detail in_octets(std::string_view text, std::size_t octets) {
  const std::size_t characters = (octets * 8 + 5) / 6;
  const std::string mend =
      std::to_string(octets) + " octets are " + std::to_string(characters) + " characters of base64url";
  const auto fault = in_base64url(text);
  if (fault && fault->at < text.size()) return *fault;
  if (text.size() != characters)
    return {std::min(text.size(), characters), "there are " + std::to_string(text.size()) + " characters", mend};
  return in_unused_bits(text);
}

Detail in_digest(std::string_view text) {
  constexpr std::string_view algorithm = "c1:";
  if (text.empty()) return {0, "the digest is empty", "write c1: and 43 characters"};
  if (!text.starts_with(algorithm))
    return {0, in_quotes(text.substr(0, text.find(':'))) + " is no digest of this version",
            "write c1: and 43 characters, or \"-\" in a preflight"};
  Detail fault = in_octets(text.substr(algorithm.size()), crypto::Sha256Digest{}.size());
  fault.at += algorithm.size();
  return fault;
}

Detail in_signature(std::string_view text) {
  if (text.empty()) return {0, "there is no signature", "sign the line through \";b=\""};
  if (auto fault = in_base64url(text)) return *fault;
  if (text.size() > max_signature)
    return {max_signature, "the signature has " + std::to_string(text.size()) + " characters", "there are at most 700"};
  return in_unused_bits(text);
}

}  // namespace cas::confirm::faults
