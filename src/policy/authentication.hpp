// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What to do with a message after SPF, DKIM, DMARC and ARC have spoken: everything known, nothing looked up. Total.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_validate.hpp"
#include "auth/dkim_verify.hpp"
#include "auth/dmarc.hpp"
#include "auth/spf_result.hpp"
#include "message/address.hpp"
#include "message/header.hpp"
#include "smtp/reply.hpp"

namespace cas::policy {

/// Of a recipient's domain. Observe: results are reported, and nothing is done because of them.
enum class Enforcement { Observe, Act };

/// From the mildest to the harshest: they compare so.
enum class Disposition { Accept, Quarantine, Defer, Reject };
[[nodiscard]] std::string_view to_string(Disposition disposition);

struct AuthenticationFacts {
  auth::SpfResult spf = auth::SpfResult::None;
  std::string spf_domain;    // that SPF spoke about, as text
  bool null_sender = false;  // the reverse-path is "<>": SPF spoke about the HELO name
  std::vector<auth::DkimOutcome> dkim;
  auth::DmarcOutcome dmarc;
  auth::ArcOutcome arc;
  std::vector<Domain> trusted_sealers;  // of the configuration
  bool from_a_list = false;             // is_from_a_list() of the header
};

struct AuthenticationVerdict {
  Disposition disposition = Disposition::Accept;
  std::optional<smtp::Reply> reply;  // with Defer and Reject
  /// Which rule decided, for logs: "dmarc-pass", "dmarc-none", "dmarc-fail", "dmarc-policy-none", "dmarc-temperror",
  /// "dmarc-permerror", "spf-fail", "author-unclear", "arc-trusted".
  std::string rule;
  bool softened = false;           // the rule would reject, and there are signs that others handled the message
  std::optional<Domain> sealer{};  // with "arc-trusted": whom we believed
};

/// What those who act would do:
/// - A DMARC failure is handled as its owner asks. It is not rejected for p=reject alone but quarantined where there
///   are signs of a list or a forwarder (RFC 9989 §7.4): from_a_list, a chain that passes, a signature of the author's
///   after which only the body was changed.
/// - A chain whose newest sealers are trusted, down to one who says that DMARC passed for this author, makes up for a
///   failure (RFC 8617 §7.2.1), but not where From names several domains; for an SPF failure it is enough that SPF
///   passed.
/// - An SPF failure is rejected only where no DMARC record applies, since mail that fails SPF can pass DMARC (RFC 9989
///   §7.1), and no signature speaks for the author. The null reverse-path is quarantined: whoever sent it will not hear
///   of a refusal.
/// - A From that names no author, or too many, is quarantined: it may be meant to get around DMARC (RFC 9989 §11.5).
/// - What could not be looked up is deferred where it could have been refused or quarantined: who can make a look-up
///   fail must not get around the policy by it (RFC 9989 §5.3.6 leaves it open). SPF alone defers nothing.
[[nodiscard]] AuthenticationVerdict judge_authentication(const AuthenticationFacts& facts);

/// What happens to each recipient of one message, in the order of their modes. Who observes accepts. A message is
/// rejected or deferred when every recipient acts; where some observe, those who act quarantine instead. `reply` only
/// with these.
struct Handling {
  std::optional<smtp::Reply> reply;
  std::vector<Disposition> recipients;
};
[[nodiscard]] Handling handle_recipients(const AuthenticationVerdict& verdict, const std::vector<Enforcement>& modes);

/// List-Id (RFC 2919) or List-Post (RFC 2369).
[[nodiscard]] bool is_from_a_list(const std::vector<HeaderField>& header);

/// The author's domain when a signature over the whole message speaks for it: implied by it, confirmed by nobody.
/// Without a DMARC record the signer must be that domain or one above it that people can register.
[[nodiscard]] std::optional<Domain> implicit_identity(const auth::DmarcOutcome& dmarc,
                                                      const std::vector<auth::DkimOutcome>& dkim);

/// Whether a List-Id (in lower case) lies within this signing domain (RFC 2919 §3: a list's owner names it so).
[[nodiscard]] bool proves_list(const std::string& list_id, const Domain& signer);
/// Whether one of the signatures that passed does.
[[nodiscard]] bool is_list_proven(const std::string& list_id, const std::vector<auth::DkimOutcome>& dkim);

}  // namespace cas::policy
