// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Delivery status notifications (RFC 3464) in the multipart/report of RFC 6522.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "message/address.hpp"

namespace cas {

/// What became of the recipients (RFC 3464 §2.3.3).
enum class DsnAction { Failed, Delayed, Delivered, Relayed };

struct DsnRecipient {
  Mailbox recipient;
  std::string orcpt{};          // as it came (RFC 3461 §4.2); may be empty
  std::string status;           // "5.1.1"
  std::string diagnostic_code;  // "550 5.1.1 no such user"; may be empty
  bool peers_words = true;      // a server said so; false: this one concluded it
  std::string remote_mta;       // who said it, a host's name; may be empty
  std::string explanation;      // for the person who reads it
};

struct Dsn {
  DsnAction action = DsnAction::Failed;  // of all of them
  Domain reporting_mta;
  Mailbox from;            // who reports
  Mailbox to;              // the original envelope sender
  std::string message_id;  // of the notification itself, without angle brackets
  std::string queue_id;
  std::string envelope_id{};  // ENVID, decoded (RFC 3461 §4.4)
  UnixTime arrival;
  UnixTime now;            // of the last attempt, too
  UnixTime retry_until{};  // Delayed
  std::vector<DsnRecipient> recipients;
  bool international = false;  // the message needed SMTPUTF8: its sender can read RFC 6533
  std::string original;        // the header section, or with `whole` the message, as it came, CRLF line ends; cut by
  bool whole = false;          // the caller
};

/// The whole notification with CRLF line ends: Auto-Submitted, MIME-Version, a text part that a person understands,
/// message/delivery-status, the header or the message. To be sent from the null path (RFC 3464 §2). No text in it can
/// break a MIME boundary or a field. Addresses that are not ASCII are named as RFC 6533 §3 has it. An original header
/// that is not ASCII travels quoted-printable, as message/global-headers where it is UTF-8 (§6); a whole message with
/// 8-bit octets as it is, and one that could not go so (NUL, bare CR, long lines) as its header alone. Only `to` itself
/// can make the notification need SMTPUTF8.
[[nodiscard]] std::string format_dsn(const Dsn& dsn);

}  // namespace cas
