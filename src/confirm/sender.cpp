// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Sender rules (CAS §9).
#include "confirm/sender.hpp"

#include <algorithm>
#include <array>

#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"
#include "confirm/intent_grammar.hpp"
#include "confirm/reason.hpp"

namespace cas::confirm {
namespace {

constexpr std::chrono::seconds min_retry{300};
constexpr std::chrono::seconds max_retry{24 * 3600};

/// What no intent can say is found here, so that everything after it can only be printed in the canonical form.
Result<void> check_request(const IntentRequest& request) {
  const auto confirmable = [](const Mailbox& mailbox) { return print_addr(mailbox).has_value(); };
  if (!grammar::is_host(request.signing_domain) || !grammar::is_host(request.recipient_domain)) {
    return permanent("a domain name that cannot be confirmed");
  }
  if (!grammar::is_selector(request.selector)) return permanent("the selector is no domain name in lower case");
  if (auth::is_public_suffix(request.signing_domain)) return permanent("a public suffix cannot sign");
  if (!confirmable(request.author)) return permanent("an author that cannot be confirmed");
  if (!request.forwarded && !request.author.domain()->is_within(request.signing_domain)) {
    return permanent("the author is not of the signing domain");
  }
  if (request.envelope_from.mailbox() && !confirmable(*request.envelope_from.mailbox())) {
    return permanent("an envelope sender that cannot be confirmed");
  }
  if (request.list_id.has_value() != (request.klass == Class::Bulk)) return permanent("List-Id goes with bulk mail");
  if (request.list_id && !grammar::is_list_id(to_lower(*request.list_id))) return permanent("a malformed List-Id");
  if (request.recipients.empty()) return permanent("an intent has recipients");
  for (const Mailbox& recipient : request.recipients) {
    if (recipient.domain() != request.recipient_domain) return permanent("a recipient of another domain");
  }
  return {};
}

Intent without_recipients(const IntentRequest& request, const crypto::PrivateKey& key) {
  const UnixTime issued = to_unix(request.now);
  const bool rsa = key.type() == crypto::KeyType::Rsa;
  return {.id = request.id,
          .signing_domain = request.signing_domain,
          .selector = request.selector,
          .algorithm = rsa ? Algorithm::RsaSha256 : Algorithm::Ed25519Sha256,
          .issued = issued,
          .expires = issued + std::clamp(request.lifetime, std::chrono::seconds(0), max_lifetime(request.klass)),
          .envelope_from = request.envelope_from.mailbox(),
          .recipient_domain = request.recipient_domain,
          .recipients = {},
          .author = request.author,
          .klass = request.klass,
          .list_id = request.list_id.transform([](const std::string& id) { return to_lower(id); }),
          .forwarded = request.forwarded,
          .digest = request.preflight ? std::nullopt : std::optional(digest_c1(request.id, request.hashes)),
          .signature = Octets(key.signature_size())};
}

/// Takes as many recipients off the front as fit into `room` octets of r=.
std::vector<LocalPart> take_fitting(std::span<const LocalPart>& waiting, std::size_t room) {
  std::vector<LocalPart> taken;
  while (!waiting.empty() && taken.size() < max_intent_recipients) {
    const std::size_t size = percent_encode(waiting.front().value()).size() + (taken.empty() ? 0 : 1);
    if (size > room) break;
    room -= size;
    taken.push_back(waiting.front());
    waiting = waiting.subspan(1);
  }
  return taken;
}

/// 5xx replies to CONFIRM that blame our own set-up (CAS §9.3). The word decides where the code has several meanings.
bool blames_configuration(const smtp::Reply& reply) {
  if (reply.code == 501 || reply.code == 504) return true;
  const auto said = word_in(reply);
  if (said && (reply.code == 500 || reply.code == 502 || reply.code == 503)) return true;
  if (reply.enhanced.subject == 7 && (reply.enhanced.detail == 5 || reply.enhanced.detail == 6)) return true;
  constexpr std::array words{Reason::Lifetime, Reason::Alignment, Reason::Envelope};
  const bool ambiguous = reply.code == 550 && reply.enhanced == smtp::EnhancedCode{5, 7, 1};
  return ambiguous && said && std::ranges::any_of(words, [&](Reason reason) { return word(reason) == *said; });
}

}  // namespace

Result<std::vector<SignedIntent>> make_intents(const IntentRequest& request, const crypto::PrivateKey& key) {
  CAS_CHECK(check_request(request));
  Intent intent = without_recipients(request, key);
  for (const Mailbox& recipient : request.recipients) intent.recipients.push_back(recipient.local());
  sort_recipients(intent);
  const std::vector<LocalPart> all = std::exchange(intent.recipients, {});
  const std::size_t fixed = print_intent(intent).size();
  const std::size_t room = max_intent_line - std::min(fixed, max_intent_line);

  std::vector<SignedIntent> out;
  std::span<const LocalPart> waiting = all;
  while (!waiting.empty()) {
    intent.recipients = take_fitting(waiting, room);
    if (intent.recipients.empty()) return permanent("the intent does not fit its line");
    CAS_CHECK(sign_intent(intent, key));
    SignedIntent made{.line = print_intent(intent), .recipients = {}};
    for (const LocalPart& local : intent.recipients) made.recipients.emplace_back(local, request.recipient_domain);
    out.push_back(std::move(made));
  }
  return out;
}

ConfirmOutcome judge_confirm_reply(const smtp::Reply& reply) {
  if (reply.code >= 200 && reply.code < 300) return ConfirmOutcome::Accepted;
  if (reply.code < 500) {
    const bool sign_again = reply.code == 451 && reply.enhanced == smtp::EnhancedCode{4, 7, 0};
    return sign_again ? ConfirmOutcome::SignAgain : ConfirmOutcome::Wait;
  }
  const bool verb_unknown = reply.code == 500 || reply.code == 502 || reply.code == 503;
  if (verb_unknown && !word_in(reply)) return ConfirmOutcome::NotSpoken;
  return blames_configuration(reply) ? ConfirmOutcome::Misconfigured : ConfirmOutcome::Refused;
}

bool is_provisional(const smtp::Reply& reply, bool cas_offered) {
  return reply.code == 530 && !cas_offered;
}

std::chrono::seconds retry_delay(std::size_t attempts, std::optional<std::chrono::seconds> hint) {
  if (hint) return std::clamp(*hint, min_retry, max_retry);
  std::chrono::seconds delay = min_retry;
  for (std::size_t i = 1; i < attempts && delay < max_retry; ++i) delay *= 2;
  return std::min(delay, max_retry);
}

}  // namespace cas::confirm
