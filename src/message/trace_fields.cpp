// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Received and Return-Path. What a client said of itself is written so that it stays one word.
#include "message/trace_fields.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "message/date.hpp"
#include "message/folding.hpp"

namespace cas {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxOddName = 64;  // of a HELO that is no name: each octet may become three

bool is_name_octet(char c) {
  return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
}

/// Letters, digits, ".-_:", and brackets around them: what cannot be anything but a word.
bool is_plain(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']') && text.size() > 2) text = text.substr(1, text.size() - 2);
  return !text.empty() && text.size() <= kMaxName && std::ranges::all_of(text, is_name_octet);
}

/// Every octet that is not of a name as =HH.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxOddName)) {
    if (is_name_octet(c)) {
      out += c;
    } else {
      out += '=' + to_upper(hex(as_octets(std::string_view(&c, 1))));
    }
  }
  return out + (text.size() > kMaxOddName ? "..." : "");
}

std::string word(std::string_view text) {
  return is_plain(text) ? std::string(text) : encoded(text);
}

/// RFC 5321 §4.4 From-domain: the name given, and what we know in the comment.
void write_from(FoldedField& field, const Received& received) {
  const std::string address = received.client_address.empty() ? "" : '[' + word(received.client_address) + ']';
  // Where the address is to be hidden, a HELO that is one hides with it.
  if (address.empty() && (received.helo.empty() || received.helo.starts_with('['))) return;
  field.word("from");
  if (is_plain(received.helo)) {
    field.word(received.helo);
    if (!address.empty()) field.word('(' + address + ')');
    return;
  }
  if (const auto domain = Domain::parse(received.helo)) {  // a U-label, written as A-label
    field.word(domain->text());
    if (!address.empty()) field.word('(' + address + ')');
    return;
  }
  field.word("unknown");
  if (!received.helo.empty()) field.word("(HELO").word(encoded(received.helo) + (address.empty() ? ")" : ""));
  if (!address.empty()) field.word((received.helo.empty() ? "(" : "") + address + ')');
}

}  // namespace

std::string format_received(const Received& received) {
  FoldedField field("Received");
  write_from(field, received);
  field.word("by").word(word(received.by)).word("with").word(word(received.with)).word("id").word(word(received.id));
  if (received.for_mailbox) field.word("for").word('<' + received.for_mailbox->wire() + '>');
  std::string text = field.finish();
  text.insert(text.size() - 2, ";\r\n\t" + format_date(received.time));
  return text;
}

std::string format_return_path(const ReversePath& path) {
  return "Return-Path: " + path.path() + "\r\n";
}

}  // namespace cas
