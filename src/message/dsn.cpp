// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 3464 in RFC 6522. Everything a remote server said is made printable before it is written.
#include "message/dsn.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/encoding.hpp"
#include "message/date.hpp"
#include "message/folding.hpp"
#include "message/quoted_printable.hpp"

namespace cas {
namespace {

constexpr std::size_t kMaxDiagnostic = 600;
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxOriginal = 500;  // RFC 3461 §4.2
constexpr std::size_t kMaxNamed = 64;
constexpr std::size_t kMaxLine = 998;  // RFC 5322 §2.1.1

/// One line of printable ASCII: what a peer said, between the fields of a report. Line ends become one SP.
/// At most `limit` octets.
std::string one_line(std::string_view text, std::size_t limit) {
  std::string flat;
  for (const char c : text.substr(0, limit)) {
    const bool blank = is_wsp(c) || c == '\r' || c == '\n';
    if (!blank) flat += static_cast<unsigned char>(c) < 0x80 ? printable(std::string_view(&c, 1)) : std::string(1, '?');
    if (blank && !flat.empty() && flat.back() != ' ') flat += ' ';
  }
  return std::string(trim_wsp(std::string_view(flat).substr(0, limit)));
}

/// RFC 3463 §2: a status of the class that the action allows; what is none says nothing but the class.
std::string status_code(std::string_view status, DsnAction action) {
  const std::string_view classes = action == DsnAction::Failed ? "54" : action == DsnAction::Delayed ? "4" : "2";
  const std::size_t first = status.find('.');
  const std::size_t second = status.find('.', first + 1);
  const auto is_part = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && std::ranges::all_of(part, is_digit);
  };
  const bool good = first == 1 && second != std::string_view::npos && classes.contains(status[0]) &&
                    is_part(status.substr(first + 1, second - first - 1)) && is_part(status.substr(second + 1));
  return good ? std::string(status) : std::string(1, classes[0]) + ".0.0";
}

/// The code point that opens `text` (well-formed UTF-8) and its length.
std::pair<std::uint32_t, std::size_t> code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  std::uint32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return {value, length};
}

/// RFC 6533 §3 utf-8-addr-xtext: an address in ASCII, whatever it holds.
std::string utf8_addr_xtext(std::string_view address) {
  std::string out;
  while (!address.empty()) {
    const auto [value, length] = code_point(address);
    if (value > 0x20 && value < 0x7F && value != '+' && value != '=' && value != '\\') {
      out += static_cast<char>(value);
    } else {
      std::string digits;
      for (std::uint32_t rest = value; rest > 0 || digits.size() < 2; rest >>= 4) {
        digits.insert(digits.begin(), "0123456789ABCDEF"[rest & 0xFU]);
      }
      out += "\\x{" + digits + '}';
    }
    address.remove_prefix(length);
  }
  return out;
}

/// RFC 6533 §3: in a report for those who read UTF-8 the address itself, otherwise in ASCII.
std::string final_recipient(const Mailbox& mailbox, bool international) {
  if (mailbox.is_ascii()) return "rfc822; " + mailbox.wire();
  return "utf-8; " + (international ? mailbox.wire() : utf8_addr_xtext(mailbox.wire()));
}

int hex_value(char c) {
  return is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_graphic(char c) {
  return c > 32 && c < 127;
}

/// An address of type "utf-8" in the form that the report has: what stands for itself and what is encoded already
/// stays.
std::string utf8_original(std::string_view address, bool international) {
  if (!is_utf8(address)) return "?";
  const bool readable = printable(address, kMaxOriginal).size() == address.size();
  if (international && readable) return std::string(address);
  std::string out;
  while (!address.empty()) {
    const std::size_t length = code_point(address).second;
    out += is_graphic(address.front()) ? std::string(1, address.front()) : utf8_addr_xtext(address.substr(0, length));
    address.remove_prefix(length);
  }
  return out;
}

/// RFC 3461 §6.3: ORCPT with its xtext undone; that of "utf-8" is no xtext (RFC 6533 §3). What cannot be shown in a
/// line of a field is not.
std::string original_recipient(std::string_view orcpt, bool international) {
  const std::size_t semicolon = orcpt.find(';');
  if (semicolon == std::string_view::npos) return {};
  const std::string type = one_line(orcpt.substr(0, semicolon), kMaxName);
  const std::string_view address = orcpt.substr(semicolon + 1);
  if (iequals(type, "utf-8")) return type + "; " + utf8_original(address, international);
  std::string decoded;
  for (std::size_t n = 0; n < address.size(); ++n) {
    const bool encoded =
        address[n] == '+' && n + 2 < address.size() && hex_value(address[n + 1]) >= 0 && hex_value(address[n + 2]) >= 0;
    decoded += encoded ? static_cast<char>(hex_value(address[n + 1]) * 16 + hex_value(address[n + 2])) : address[n];
    if (encoded) n += 2;
  }
  for (char& c : decoded) {
    if (!is_graphic(c) && c != ' ') c = '?';
  }
  return type + "; " + decoded.substr(0, kMaxOriginal);
}

std::string field(std::string_view name, std::string_view value) {
  return FoldedField(name).words(value).finish();
}

// ---- The text part ----

/// What happened, behind "Your message of DATE ".
std::string_view what_happened(DsnAction action) {
  switch (action) {
    case DsnAction::Failed: return "could not be delivered to";
    case DsnAction::Delayed: return "could not be delivered yet to";
    case DsnAction::Delivered: return "was delivered to";
    case DsnAction::Relayed: return "was handed on to the mail server of";
  }
  return {};
}

std::string what_follows(const Dsn& dsn) {
  switch (dsn.action) {
    case DsnAction::Failed: return "It will not be tried again.\r\n";
    case DsnAction::Delayed:
      return "You need not do anything, and must not send it again. It will be tried until\r\n" +
             format_date(dsn.retry_until) + "; if it fails, you will be told.\r\n";
    case DsnAction::Delivered: return "Whether it was read, nobody can know here.\r\n";
    case DsnAction::Relayed:
      return "That server does not tell when it has delivered a message: you will hear no\r\n"
             "more about it unless the delivery fails.\r\n";
  }
  return {};
}

/// Paragraphs of short lines, for whoever wrote the message.
std::string explanation(const Dsn& dsn) {
  const bool one = dsn.recipients.size() == 1;
  std::string text = "This is the mail server " + dsn.reporting_mta.text() + ".\r\n\r\n";
  text += "Your message of " + format_date(dsn.arrival) + ' ' + std::string(what_happened(dsn.action)) + "\r\n";
  text += one ? "the address below. " : "the addresses below. ";
  text += what_follows(dsn);
  const bool quote = dsn.action == DsnAction::Failed || dsn.action == DsnAction::Delayed;
  for (const DsnRecipient& recipient : dsn.recipients) {
    text += "\r\n<" + recipient.recipient.wire() + ">\r\n";
    if (!recipient.explanation.empty()) text += "    " + printable(recipient.explanation, kMaxDiagnostic) + "\r\n";
    const std::string said = one_line(recipient.diagnostic_code, kMaxDiagnostic);
    if (said.empty() || !quote) continue;
    const std::string who = one_line(recipient.remote_mta, kMaxName);
    if (!recipient.peers_words) {
      text += "    The reason noted here:\r\n";
    } else {
      text += who.empty() ? std::string("    The reply was:\r\n") : "    The server " + who + " said:\r\n";
    }
    text += "    " + said + "\r\n";
  }
  return text + "\r\nFor the administrators: queue id " + one_line(dsn.queue_id, kMaxName) + "\r\n";
}

// ---- The report ----

std::string_view action_word(DsnAction action) {
  switch (action) {
    case DsnAction::Failed: return "failed";
    case DsnAction::Delayed: return "delayed";
    case DsnAction::Delivered: return "delivered";
    case DsnAction::Relayed: return "relayed";
  }
  return {};
}

/// RFC 3464 §2.3
std::string recipient_fields(const Dsn& dsn, const DsnRecipient& recipient) {
  std::string text = "\r\n";
  const std::string original = original_recipient(recipient.orcpt, dsn.international);
  if (!original.empty()) text += field("Original-Recipient", original);
  text += field("Final-Recipient", final_recipient(recipient.recipient, dsn.international));
  text += field("Action", action_word(dsn.action)) + field("Status", status_code(recipient.status, dsn.action));
  const std::string mta = one_line(recipient.remote_mta, kMaxName);
  if (!mta.empty()) text += field("Remote-MTA", "dns; " + mta);
  const std::string said = one_line(recipient.diagnostic_code, kMaxDiagnostic);
  // §2.3.6: "smtp" is for what an SMTP server said.
  if (!said.empty()) text += field("Diagnostic-Code", (recipient.peers_words ? "smtp; " : "x-cas; ") + said);
  text += field("Last-Attempt-Date", format_date(dsn.now));
  if (dsn.action == DsnAction::Delayed) text += field("Will-Retry-Until", format_date(dsn.retry_until));
  return text;
}

/// RFC 3464 §2.1: a group for the message, then one a recipient, each behind an empty line.
std::string delivery_status(const Dsn& dsn) {
  std::string text;
  if (!dsn.envelope_id.empty()) text += field("Original-Envelope-Id", one_line(dsn.envelope_id, kMaxName));
  text += field("Reporting-MTA", "dns; " + dsn.reporting_mta.text());
  text += field("X-CAS-Queue-ID", one_line(dsn.queue_id, kMaxName));
  text += field("Arrival-Date", format_date(dsn.arrival));
  for (const DsnRecipient& recipient : dsn.recipients) text += recipient_fields(dsn, recipient);
  return text;
}

/// A body part with its MIME fields, encoded where it is not 7bit text.
std::string part(std::string_view type, std::string_view content) {
  const bool plain = is_seven_bit(content);
  std::string out = "Content-Type: " + std::string(type) + "\r\n";
  if (!plain) out += "Content-Transfer-Encoding: quoted-printable\r\n";
  return out + "\r\n" + (plain ? std::string(content) : quoted_printable(content));
}

/// Whether a message may go as a part without an encoding, which message/rfc822 does not allow (RFC 2046 §5.2.1).
bool is_eight_bit(std::string_view text) {
  std::size_t line = 0;
  for (std::size_t n = 0; n < text.size(); ++n, ++line) {
    const bool ends = text[n] == '\r' && n + 1 < text.size() && text[n + 1] == '\n';
    if (text[n] == '\0' || (!ends && (text[n] == '\r' || text[n] == '\n')) || line > kMaxLine) return false;
    if (!ends) continue;
    ++n;
    line = static_cast<std::size_t>(-1);
  }
  return line <= kMaxLine;
}

std::string header_of(std::string_view message) {
  if (message.starts_with("\r\n")) return {};
  const auto end = message.find("\r\n\r\n");
  return std::string(message.substr(0, end == std::string_view::npos ? end : end + 2));
}

std::string original_header(std::string_view header) {
  // RFC 6533 §6; what is neither ASCII nor UTF-8 stays octets under the older name.
  const bool global = !is_ascii(header) && is_utf8(header);
  return part(global ? "message/global-headers" : "text/rfc822-headers", header);
}

std::string original(const Dsn& dsn) {
  if (!dsn.whole) return original_header(dsn.original);
  const std::string header = header_of(dsn.original);
  if (!is_ascii(header) && is_utf8(dsn.original)) return part("message/global", dsn.original);  // RFC 6532 §3.7
  if (!is_ascii(header) || !is_eight_bit(dsn.original)) return original_header(header);
  std::string out = "Content-Type: message/rfc822\r\n";
  if (!is_ascii(dsn.original)) out += "Content-Transfer-Encoding: 8bit\r\n";
  return out + "\r\n" + dsn.original;
}

/// A boundary that occurs in none of the parts (RFC 2046 §5.1.1): hashed from them, so that nobody aims at it, and
/// then looked for. "=_" cannot occur in quoted-printable text.
std::string boundary_for(const Dsn& dsn, const std::vector<std::string>& parts) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  };
  mix(dsn.message_id);
  std::ranges::for_each(parts, mix);
  std::string boundary;
  do {
    mix(dsn.queue_id + '/');
    boundary = "=_cas_" + std::to_string(hash);
  } while (std::ranges::any_of(parts, [&](const std::string& p) { return p.contains(boundary); }));
  return boundary;
}

/// "Your message to <bob@b.example> could not be delivered"
std::string subject(const Dsn& dsn) {
  const Mailbox& first = dsn.recipients.front().recipient;
  const bool named = dsn.recipients.size() == 1 && first.is_ascii() && first.wire().size() <= kMaxNamed;
  std::string text = "Your message";
  if (named) text += " to <" + first.wire() + '>';
  switch (dsn.action) {
    case DsnAction::Failed: return text + " could not be delivered";
    case DsnAction::Delayed: return text + " is delayed";
    case DsnAction::Delivered: return text + " was delivered";
    case DsnAction::Relayed: return text + " was handed on";
  }
  return text;
}

std::string top_fields(const Dsn& dsn, std::string_view boundary) {
  std::string out = field("Date", format_date(dsn.now));
  out += field("From", "Mail Delivery System <" + dsn.from.wire() + '>');
  out += "To: <" + dsn.to.wire() + ">\r\n";
  out += field("Subject", subject(dsn));
  out += field("Message-ID", '<' + one_line(dsn.message_id, kMaxName) + '>');
  out += field("Auto-Submitted", "auto-replied");  // RFC 3834 §5
  out += field("MIME-Version", "1.0");
  out += "Content-Type: multipart/report; report-type=delivery-status;\r\n";  // RFC 6522 §3
  return out + "\tboundary=\"" + std::string(boundary) + "\"\r\n";
}

}  // namespace

std::string format_dsn(const Dsn& dsn) {
  // RFC 6533 §5; the older type holds ASCII alone, and so it does.
  const std::string_view report = dsn.international ? "message/global-delivery-status" : "message/delivery-status";
  const std::vector<std::string> parts = {
      part("text/plain; charset=utf-8", explanation(dsn)),
      part(report, delivery_status(dsn)),
      original(dsn),
  };
  const std::string boundary = boundary_for(dsn, parts);
  std::string out =
      top_fields(dsn, boundary) + "\r\nThis is a delivery status notification (RFC 3464) in MIME format.\r\n";
  for (const std::string& piece : parts) out += "\r\n--" + boundary + "\r\n" + piece;
  return out + "\r\n--" + boundary + "--\r\n";
}

}  // namespace cas
