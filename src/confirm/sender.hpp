// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The sender's rules (CAS §9): which signed intents a message needs, and what follows from the replies.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "confirm/digest.hpp"
#include "confirm/intent.hpp"
#include "smtp/reply.hpp"

namespace cas::confirm {

/// What an intent for one message and one recipient domain is made of.
struct IntentRequest {
  IntentId id{};
  Domain signing_domain;
  std::string selector;
  ReversePath envelope_from;
  Domain recipient_domain;
  std::vector<Mailbox> recipients;
  Mailbox author;
  Class klass = Class::Personal;
  std::optional<std::string> list_id;
  MessageHashes hashes;
  TimePoint now;
  std::chrono::seconds lifetime{4 * 3600};
  bool forwarded = false;  // w=fwd: the author may be of any domain (CAS §4.7)
  bool preflight = false;  // m=-: `hashes` does not count (CAS §13.1)
};

/// Signed intent lines that together list all recipients, each as full as the line allows (at most 100 recipients,
/// 8192 octets), with the recipients each one lists, every recipient once. All carry the request's id: the ledger's key
/// names the recipient, so a later attempt that groups fewer recipients differently still finds what was committed.
/// `lifetime` is cut to what the class allows. Permanent error for what cannot be confirmed: an address literal, a
/// domain with "_", an author outside the signing domain (unless forwarded) or of a public suffix, a List-Id without
/// bulk or the reverse.
struct SignedIntent {
  std::string line;
  std::vector<Mailbox> recipients;
};
[[nodiscard]] Result<std::vector<SignedIntent>> make_intents(const IntentRequest& request,
                                                             const crypto::PrivateKey& key);

/// What the reply to CONFIRM means for the transaction.
enum class ConfirmOutcome {
  Accepted,       // 2xx: go on
  NotSpoken,      // 500, 502, 503 that name no CAS reason: the server does not know the verb after all
  SignAgain,      // 451 4.7.0 (expired, or a clock ahead): once in the session with fresh times
  Wait,           // other 4xx: keep it in the queue
  Misconfigured,  // 5xx that names our set-up (signature, key, align, version, syntax): alert; fall back unless
                  // required
  Refused,        // 5xx of policy: the recipients have failed
};
[[nodiscard]] ConfirmOutcome judge_confirm_reply(const smtp::Reply& reply);

/// Whether a reply in a transaction without CONFIRM is not the domain's last word (CAS §9.6): a 530 of a server that
/// did not offer CAS in that session. Another host may; so it is tried next, and the message later.
[[nodiscard]] bool is_provisional(const smtp::Reply& reply, bool cas_offered);

/// What to do with a domain that cannot or will not confirm (CAS §9.6).
enum class Fallback { Send, Hold, Bounce };

/// How long a recipient is in doubt after a final reply that was lost: as long as receivers remember (CAS §9.5, §10.5).
inline constexpr std::chrono::hours longest_doubt{5 * 24};

/// When to try a deferred recipient again: clamp(hint, 300 s, 24 h) without a hint 300 s doubling with each attempt,
/// never more than 24 h. `attempts` counts those made so far, at least 1.
[[nodiscard]] std::chrono::seconds retry_delay(std::size_t attempts, std::optional<std::chrono::seconds> hint);

}  // namespace cas::confirm
