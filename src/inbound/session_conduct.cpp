// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How the other side behaves: what limits say of it, and what is remembered and reported of it. Mail from outside
// alone.
#include "inbound/session.hpp"

namespace cas::inbound {

namespace {

// At RCPT for now; the end of the message decides, and is what counts.
bool is_provisional(const policy::Verdict& verdict) {
  return verdict.rule == policy::provisional_rule;
}

bool is_of_blocked(const policy::Verdict& verdict) {
  return verdict.rule == "blocked" || verdict.rule == "blocked-by-owner";
}

/// For people: who signs, or what the envelope claims. The same at RCPT and at the end of the message.
std::string domain_of(const policy::SenderIdentity& sender) {
  if (sender.signer) return sender.signer->text();
  const auto& named = sender.envelope.mailbox();
  return named && named->domain() ? named->domain()->text() : std::string();
}

}  // namespace

void Session::look_for_excess(policy::RecipientFacts& facts) const {
  if (origin() != policy::Origin::Outside || !facts.domain_is_local) return;
  facts.excess = services_.conduct.excess(identity_towards(facts), facts.recipient, services_.clock.now());
}

// The message is here: only what it newly proves can still be too much.
void Session::look_for_excess_again(policy::RecipientFacts& facts) const {
  const bool known = work_.status == policy::IntentStatus::Valid;
  const auto at_rcpt = facts.excess;
  if (known) return;
  look_for_excess(facts);
  const bool new_domain = facts.excess.new_domain;
  facts.excess = at_rcpt;
  facts.excess.new_domain = new_domain;
}

void Session::note_verdict(const policy::RecipientFacts& facts, const policy::Verdict& verdict,
                           const policy::Verdict* before) const {
  if (origin() != policy::Origin::Outside || !facts.domain_is_local) return;
  // One at a time: it comes again, and is judged then.
  if (verdict.reply.transient() && verdict.admission != policy::Admission::Deferred) return;
  const auto now = services_.clock.now();
  const auto sender = identity_towards(facts);
  if (verdict.rule == "mailbox-unknown") services_.conduct.told_unknown(sender, now);
  if (is_of_blocked(verdict)) services_.conduct.misbehaved(sender, now);
  const std::string& domain = facts.recipient.domain()->text();
  const std::string from = domain_of(sender);
  if (before != nullptr && !is_provisional(*before)) services_.report.take_back(domain, *before, from, now);
  if (!is_provisional(verdict)) services_.report.count(domain, verdict, from, now);
}

// What DMARC and SPF made of a recipient, or would have where the domain observes.
void Session::note_authentication(const policy::AuthenticationVerdict& found, const policy::Handling& handling,
                                  const std::vector<policy::Enforcement>& modes) const {
  if (!is_confirmed() && work_.outcomes->dmarc.result == auth::DmarcResult::Fail) note_misbehaviour();
  if (found.disposition == policy::Disposition::Accept) return;
  const auto now = services_.clock.now();
  const std::string from = domain_of(sender_identity());
  const std::string name = found.rule + ": " + std::string(policy::to_string(found.disposition));
  for (std::size_t n = 0; n < work_.admitted.size(); ++n) {
    const auto& admitted = work_.admitted[n];
    if (!hangs_on(admitted)) continue;
    auto verdict = admitted.verdict;
    if (modes[n] == policy::Enforcement::Observe) {
      if (verdict.observed.empty()) verdict.observed = name;
    } else {
      verdict.rule = name;
    }
    if (handling.reply) {
      verdict.admission = handling.reply->transient() ? policy::Admission::Deferred : policy::Admission::Refused;
    }
    const std::string& domain = admitted.address.domain()->text();
    services_.report.take_back(domain, admitted.verdict, from, now);
    services_.report.count(domain, verdict, from, now);
  }
}

// For the message as a whole.
policy::SenderIdentity Session::who_answers() const {
  const bool by_forwarder = work_.status == policy::IntentStatus::Forwarded && is_confirmed();
  return by_forwarder ? forwarder_identity() : sender_identity();
}

void Session::note_misbehaviour() const {
  if (origin() == policy::Origin::Outside) services_.conduct.misbehaved(who_answers(), services_.clock.now());
}

void Session::note_accepted() const {
  if (origin() != policy::Origin::Outside) return;
  std::vector<Mailbox> recipients;
  for (const auto& admitted : work_.admitted) {
    if (admitted.facts.domain_is_local && !admitted.swallowed) recipients.push_back(admitted.address);
  }
  services_.conduct.accepted(who_answers(), recipients, services_.clock.now());
}

}  // namespace cas::inbound
