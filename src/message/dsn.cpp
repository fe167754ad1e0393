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

/// RFC 3463 §2; what is not of that form is an unspecified permanent failure.
std::string status_code(std::string_view status) {
  const std::size_t first = status.find('.');
  const std::size_t second = status.find('.', first + 1);
  const auto is_part = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && std::ranges::all_of(part, is_digit);
  };
  const bool good = first == 1 && second != std::string_view::npos && (status[0] == '4' || status[0] == '5') &&
                    is_part(status.substr(first + 1, second - first - 1)) && is_part(status.substr(second + 1));
  return std::string(good ? status : "5.0.0");
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

std::string final_recipient(const Mailbox& mailbox) {
  return mailbox.is_ascii() ? "rfc822; " + mailbox.wire() : "utf-8; " + utf8_addr_xtext(mailbox.wire());
}

std::string field(std::string_view name, std::string_view value) {
  return FoldedField(name).words(value).finish();
}

/// The text part: paragraphs of short lines, for whoever wrote the message.
std::string explanation(const Dsn& dsn) {
  std::string text = "This is the mail server " + dsn.reporting_mta.text() + ".\r\n\r\n";
  text += "Your message of " + format_date(dsn.arrival) + " could not be delivered to\r\n";
  text += dsn.failed.size() == 1 ? "the address below. It will not be tried again.\r\n"
                                 : "the addresses below. It will not be tried again.\r\n";
  for (const DsnRecipient& failed : dsn.failed) {
    text += "\r\n<" + failed.recipient.wire() + ">\r\n";
    if (!failed.explanation.empty()) text += "    " + printable(failed.explanation, kMaxDiagnostic) + "\r\n";
    const std::string said = one_line(failed.diagnostic_code, kMaxDiagnostic);
    if (said.empty()) continue;
    const std::string who = one_line(failed.remote_mta, kMaxName);
    text += who.empty() ? std::string("    The reply was:\r\n") : "    The server " + who + " said:\r\n";
    text += "    " + said + "\r\n";
  }
  return text + "\r\nFor the administrators: queue id " + one_line(dsn.queue_id, kMaxName) + "\r\n";
}

/// RFC 3464 §2.1: a group for the message, then one a recipient, each behind an empty line.
std::string delivery_status(const Dsn& dsn) {
  std::string text = field("Reporting-MTA", "dns; " + dsn.reporting_mta.text());
  text += field("X-CAS-Queue-ID", one_line(dsn.queue_id, kMaxName));
  text += field("Arrival-Date", format_date(dsn.arrival));
  for (const DsnRecipient& failed : dsn.failed) {
    text += "\r\n" + field("Final-Recipient", final_recipient(failed.recipient));
    text += field("Action", "failed") + field("Status", status_code(failed.status));
    const std::string mta = one_line(failed.remote_mta, kMaxName);
    if (!mta.empty()) text += field("Remote-MTA", "dns; " + mta);
    const std::string said = one_line(failed.diagnostic_code, kMaxDiagnostic);
    if (!said.empty()) text += field("Diagnostic-Code", "smtp; " + said);
  }
  return text;
}

/// A body part with its MIME fields, encoded where it is not 7bit text.
std::string part(std::string_view type, std::string_view content) {
  const bool plain = is_seven_bit(content);
  std::string out = "Content-Type: " + std::string(type) + "\r\n";
  if (!plain) out += "Content-Transfer-Encoding: quoted-printable\r\n";
  return out + "\r\n" + (plain ? std::string(content) : quoted_printable(content));
}

std::string original_header(std::string_view header) {
  // RFC 6533 §6; what is neither ASCII nor UTF-8 stays octets under the older name.
  const bool global = !is_ascii(header) && is_utf8(header);
  return part(global ? "message/global-headers" : "text/rfc822-headers", header);
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

std::string top_fields(const Dsn& dsn, std::string_view boundary) {
  std::string out = field("Date", format_date(dsn.now));
  out += field("From", "Mail Delivery System <postmaster@" + dsn.reporting_mta.text() + '>');
  out += "To: <" + dsn.to.wire() + ">\r\n";
  out += field("Subject", "Your message could not be delivered");
  out += field("Message-ID", '<' + one_line(dsn.message_id, kMaxName) + '>');
  out += field("Auto-Submitted", "auto-replied");  // RFC 3834 §5
  out += field("MIME-Version", "1.0");
  out += "Content-Type: multipart/report; report-type=delivery-status;\r\n";  // RFC 6522 §3
  return out + "\tboundary=\"" + std::string(boundary) + "\"\r\n";
}

}  // namespace

std::string format_dsn(const Dsn& dsn) {
  const std::vector<std::string> parts = {
      part("text/plain; charset=utf-8", explanation(dsn)),
      part("message/delivery-status", delivery_status(dsn)),
      original_header(dsn.original_header),
  };
  const std::string boundary = boundary_for(dsn, parts);
  std::string out =
      top_fields(dsn, boundary) + "\r\nThis is a delivery status notification (RFC 3464) in MIME format.\r\n";
  for (const std::string& piece : parts) out += "\r\n--" + boundary + "\r\n" + piece;
  return out + "\r\n--" + boundary + "--\r\n";
}

}  // namespace cas
