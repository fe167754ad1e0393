// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Delivery status notifications (RFC 3464) in the multipart/report of RFC 6522.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "message/address.hpp"

namespace cas {

struct DsnRecipient {
  Mailbox recipient;
  std::string status;           // "5.1.1"
  std::string diagnostic_code;  // "550 5.1.1 no such user", as the remote server said it; may be empty
  std::string remote_mta;       // may be empty
  std::string explanation;      // one sentence for the person who reads it
};

struct Dsn {
  Domain reporting_mta;
  Mailbox to;              // the original envelope sender
  std::string message_id;  // of the notification itself, without angle brackets
  std::string queue_id;
  UnixTime arrival;
  UnixTime now;
  std::vector<DsnRecipient> failed;
  std::string original_header;  // header section of the failed message, CRLF line ends; cut by the caller
};

/// The whole notification with CRLF line ends: Auto-Submitted, From postmaster at the reporting MTA, MIME-Version,
/// a text part that a person understands, message/delivery-status, text/rfc822-headers. To be sent from the null
/// path (RFC 3464 §2). No text in it can break a MIME boundary or a field. Addresses that are not ASCII are named as
/// RFC 6533 §3 has it; an original header that is not ASCII travels quoted-printable, as message/global-headers where
/// it is UTF-8 (§6): only `to` itself can make the notification need SMTPUTF8.
[[nodiscard]] std::string format_dsn(const Dsn& dsn);

}  // namespace cas
