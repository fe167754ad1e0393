// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The trace fields a server puts in front of a message: Received and Return-Path (RFC 5321 §4.4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "message/address.hpp"

namespace cas {

/// What a Received field says. Protocol words are those of RFC 3848 and RFC 6531: ESMTP, ESMTPS, ESMTPA, ESMTPSA,
/// SMTP, UTF8SMTPS...
struct Received {
  std::string helo;            // as the client gave it; made safe when printed
  std::string client_address;  // "192.0.2.1" or "IPv6:2001:db8::1"; empty hides it (submission)
  std::string by;
  std::string with;
  std::string id;
  std::optional<Mailbox> for_mailbox;  // only when there is exactly one recipient: a Bcc must not show
  UnixTime time;
};

/// The field, folded, with final CRLF. No octet of `helo` can break out of it.
[[nodiscard]] std::string format_received(const Received& received);
/// "Return-Path: <a@b>" CRLF.
[[nodiscard]] std::string format_return_path(const ReversePath& path);

}  // namespace cas
