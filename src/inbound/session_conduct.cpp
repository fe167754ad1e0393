// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How the other side behaves: what limits say of it, and what is remembered and reported of it. Mail from outside
// alone.
#include "inbound/judging.hpp"
#include "inbound/session.hpp"

namespace cas::inbound {

void Session::look_for_excess(policy::RecipientFacts& facts) const {
  if (origin() != policy::Origin::Outside || !facts.domain_is_local) return;
  facts.excess = services_.conduct.excess(identity_towards(facts), facts.recipient, services_.clock.now());
}

// What DMARC and SPF made of a recipient, or would have where the domain observes.
void Session::note_authentication(const policy::AuthenticationVerdict& found, const policy::Handling& handling,
                                  const std::vector<policy::Enforcement>& modes) const {
  if (!is_confirmed() && work_.outcomes->dmarc.result == auth::DmarcResult::Fail) note_misbehaviour();
  if (found.disposition == policy::Disposition::Accept) return;
  const auto sender = sender_identity();
  for (std::size_t n = 0; n < work_.admitted.size(); ++n) {
    const auto& admitted = work_.admitted[n];
    if (!hangs_on(admitted)) continue;
    note_handling(services_, sender, admitted.address, admitted.verdict, found, handling, modes[n]);
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
