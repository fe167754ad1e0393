// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What programs say to sendmail, and what becomes of their message. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "message/address.hpp"

namespace cas::cmd {

/// The options that matter here; others of sendmail's are understood and do nothing.
struct SendmailWords {
  enum class Mode { Send, ListQueue, RunQueue, NewAliases };
  Mode mode = Mode::Send;
  std::vector<std::string> recipients;
  bool from_header = false;  // -t: recipients stand in To, Cc and Bcc
  bool dot_ends = true;      // no -i, no -oi: a line with a dot alone ends the message
  std::string sender;        // -f, -r; "<>" is the null path
  bool has_sender = false;
  std::string full_name;  // -F
  std::string notify;     // -N: as RCPT wants it (RFC 3461 §4.1)
  std::string ret;        // -R: FULL or HDRS
  std::string envid;      // -V
  std::string socket;     // --socket, which is ours
};
/// What is wrong with them otherwise, for people.
[[nodiscard]] std::expected<SendmailWords, std::string> read_sendmail_words(const std::vector<std::string>& arguments);

/// Who sends it, from where.
struct LocalSender {
  Mailbox address;
  std::string full_name;
};

/// A message ready for DATA, without the dots of transparency.
struct Prepared {
  std::string octets;  // CRLF line ends
  std::vector<Mailbox> recipients;
  bool eight_bit = false;
};
/// `input` as it came from a program: LF or CRLF line ends; a first line "From " of mailboxes is dropped. From, Date
/// and Message-ID are added where they are missing; Bcc is removed with from_header. `unique`: letters and digits for
/// the Message-ID. What is wrong otherwise: no recipient, an address that is none, a header that is none.
[[nodiscard]] std::expected<Prepared, std::string> prepare(const SendmailWords& words, std::string_view input,
                                                           const LocalSender& sender, UnixTime now,
                                                           std::string_view unique);

/// With a dot before each dot that begins a line (RFC 5321 §4.5.2), and the final dot.
[[nodiscard]] std::string with_dots(std::string_view octets);

}  // namespace cas::cmd
