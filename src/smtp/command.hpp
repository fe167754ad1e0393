// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The grammar of SMTP commands: RFC 5321 §4.1.1, parameters of MAIL and RCPT, AUTH (RFC 4954), BDAT (RFC 3030),
// CONFIRM (CAS §5.2). What follows XCLIENT is in front.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "message/address.hpp"
#include "message/dsn_request.hpp"
#include "smtp/reply.hpp"

namespace cas::smtp {

enum class Verb {
  Helo,
  Ehlo,
  Mail,
  Rcpt,
  Data,
  Bdat,
  Rset,
  Noop,
  Quit,
  Vrfy,
  Expn,
  Help,
  StartTls,
  Auth,
  Confirm,
  Xclient,
  Unknown
};

/// The verb, any case, and what follows it without the separating blanks. `argument` is a view into the line.
struct CommandLine {
  Verb verb = Verb::Unknown;
  std::string_view argument;
};
[[nodiscard]] CommandLine parse_command(std::string_view line);

enum class BodyType { SevenBit, EightBitMime };

/// MAIL FROM:<path> with what it was announced with.
struct MailCommand {
  ReversePath from;
  std::optional<std::uint64_t> size;   // RFC 1870
  BodyType body = BodyType::SevenBit;  // RFC 6152
  bool smtputf8 = false;               // RFC 6531
  bool require_tls = false;            // RFC 8689
  std::optional<std::string> auth;     // RFC 4954 §5, kept as given
  std::string envid;                   // RFC 3461 §4.4, decoded; empty: none
  DsnReturn ret = DsnReturn::Unspecified;
};

/// RCPT TO:<path> with what is to be told of it (RFC 3461).
struct RcptCommand {
  Mailbox to;
  DsnNotify notify{};
  std::string orcpt{};  // as it came; empty: none
};

/// BDAT size [LAST].
struct BdatCommand {
  std::uint64_t octets = 0;
  bool last = false;
  bool well_formed = true;  // false: something else than LAST stands behind the size
};

/// What the parser says: the command, or the reply that refuses it (501 5.5.4 for syntax, 555 5.5.4 for a parameter
/// nobody offered, 553 5.1.x for an address that cannot be).
template <class T>
using Parsed = std::expected<T, Reply>;

/// `argument` is what follows the verb: "FROM:<a@b> SIZE=100". Blanks after the colon are forgiven, nothing else.
/// A UTF-8 local part is refused with 553 5.6.7 unless SMTPUTF8 was among the parameters and is offered.
[[nodiscard]] Parsed<MailCommand> parse_mail(std::string_view argument, bool offer_smtputf8);
[[nodiscard]] Parsed<RcptCommand> parse_rcpt(std::string_view argument, bool smtputf8, const Domain& host);

/// "86 LAST": a size of 1 to 20 digits that 64 bits hold, one blank before LAST, LAST in any case (RFC 3030 §2). None
/// when there is no such size: then nobody knows where the chunk ends.
[[nodiscard]] std::optional<BdatCommand> parse_bdat(std::string_view argument);

/// HELO/EHLO argument: a domain, an address literal, or anything printable without blanks up to 255 octets: clients
/// lie and misspell, and refusing them for that is not this server's habit. None when even that does not hold.
[[nodiscard]] std::optional<std::string> parse_helo(std::string_view argument);

}  // namespace cas::smtp
