// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From a recipient as it was named to where its mail goes, and from all that were admitted to the rows of the queue.
#include <algorithm>
#include <map>

#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"
#include "inbound/recipient_facts.hpp"
#include "inbound/session.hpp"
#include "policy/judge.hpp"
#include "policy/srs.hpp"
#include "smtp/dsn_parameters.hpp"

namespace cas::inbound {

namespace {

using policy::MailboxStatus;

constexpr std::size_t max_targets = 5000;  // of one transaction

// What case means elsewhere is not known here (RFC 5321 §2.4).
std::string key_of(const Mailbox& mailbox, bool here) {
  const std::string& local = mailbox.local().value();
  return (here ? to_lower(local) : local) + '@' + store::domain_of(mailbox);
}

// RFC 3461 §5.2.7: one that leads to several is not delivered when one of them is.
DsnNotify notify_of_several(DsnNotify asked) {
  const bool only_success = asked.success && !asked.failure && !asked.delay;
  asked.success = false;
  asked.never = asked.never || only_success;
  return asked;
}

// As DMARC aligns them, or nearly: they meet below a public suffix (RFC 9989 §4.10.2).
bool is_of_one_house(const Domain& a, const Domain& b) {
  for (auto above = std::optional(a); above && !auth::is_public_suffix(*above); above = above->parent()) {
    if (b.is_within(*above)) return true;
  }
  return false;
}

// RFC 3461 §5.2.1: whoever changes the address says what it was.
std::string orcpt_of(const Mailbox& named, const std::string& given, const Mailbox& target) {
  if (!given.empty() || is_same(named, target) || !named.is_ascii()) return given;
  return "rfc822;" + smtp::xtext(named.wire());
}

}  // namespace

net::Task<recipients::Resolution> Session::resolve(policy::RecipientFacts& facts) const {
  recipients::Resolution found;
  if (is_bounce(facts.recipient)) co_return co_await resolve_bounce(facts);
  auto resolved = co_await services_.recipients.resolve(facts.recipient);
  if (!resolved) {
    facts.mailbox = MailboxStatus::LookupFailed;
    event("lookup-failed", {{"to", facts.recipient.wire()}, {"reason", resolved.error().private_reason}},
          Level::Warning);
    co_return found;
  }
  std::size_t targets = resolved->targets.size();
  for (const auto& admitted : work_.admitted) targets += admitted.targets.size();
  if (targets > max_targets) {
    // Those that were taken are done with when the sender comes again for the others.
    facts.mailbox = MailboxStatus::LookupFailed;
    event("lookup-failed", {{"to", facts.recipient.wire()}, {"reason", "too many targets in one transaction"}},
          Level::Warning);
    co_return found;
  }
  found = *std::move(resolved);
  facts.mailbox = found.known() ? MailboxStatus::Exists : MailboxStatus::Unknown;
  facts.owner = owner_of(services_.directory, found);
  co_return found;
}

bool Session::is_bounce(const Mailbox& recipient) const {
  return protocol_.mail()->from.is_null() && origin() == policy::Origin::Outside &&
         policy::looks_like_srs(recipient.local());
}

std::optional<Mailbox> Session::bounced_to(const Mailbox& recipient) const {
  if (!is_bounce(recipient)) return std::nullopt;
  return policy::srs_decode(as_octets(services_.queue.secret()), recipient, to_unix(services_.clock.now()));
}

net::Task<recipients::Resolution> Session::resolve_bounce(policy::RecipientFacts& facts) const {
  recipients::Resolution found;
  const auto sender = bounced_to(facts.recipient);
  facts.mailbox = MailboxStatus::Unknown;
  if (!sender) co_return found;
  auto resolved = co_await services_.recipients.resolve(*sender);
  if (!resolved) {
    facts.mailbox = MailboxStatus::LookupFailed;
    co_return found;
  }
  if (resolved->known()) facts.mailbox = MailboxStatus::Exists;
  found = *std::move(resolved);
  found.rule = "srs";
  co_return found;
}

// The sender's domain allows its own servers alone to use its addresses, so what goes on from here has one of ours.
// Where it does not fit into one, nobody hears of failures there. But whoever writes from outside in the name of our
// own house gets no address of ours under it: SPF, and with it DMARC, would then vouch for him.
void Session::mark_forwarded(queue::NewMessage& fresh) const {
  const auto leaves = [this](const Mailbox& target) { return !services_.directory.is_local(target); };
  for (const auto& recipient : fresh.recipients) {
    if (!recipient.address.is_ascii()) fresh.message.smtputf8 = true;  // RFC 6531 §3.4
  }
  if (origin() != policy::Origin::Outside) return;
  const auto alias = std::ranges::find_if(work_.admitted, [&](const Admitted& admitted) {
    return !admitted.swallowed && std::ranges::any_of(admitted.targets, leaves);
  });
  if (alias == work_.admitted.end()) return;
  const auto& sender = fresh.message.sender.mailbox();
  fresh.message.forwarded_as = ReversePath();
  if (!sender) return;
  const Domain& ours_alone = *alias->address.domain();
  const auto in_our_name = [&](const Mailbox& author) {
    return author.domain() && is_of_one_house(*author.domain(), ours_alone);
  };
  if (!leaves(*sender) || std::ranges::any_of(work_.arrival->message().facts().from, in_our_name)) {
    fresh.message.forwarded_as = fresh.message.sender;
    return;
  }
  const auto now = to_unix(services_.clock.now());
  auto ours = policy::srs_encode(as_octets(services_.queue.secret()), *sender, ours_alone, now);
  if (ours) {
    fresh.message.forwarded_as = ReversePath(*std::move(ours));
  } else {
    event("srs-does-not-fit", {{"from", fresh.message.sender.path()}}, Level::Warning, fresh.message.id);
  }
}

// Each target once, whichever names lead to it; what is trusted for one of them is trusted.
std::vector<queue::NewRecipient> Session::new_recipients() const {
  std::vector<queue::NewRecipient> rows;
  std::map<std::string, std::size_t> places;
  for (const auto& admitted : work_.admitted) {
    if (admitted.swallowed) continue;
    std::optional<queue::NewRecipient::Ledger> ledger;
    if (admitted.lease) {
      ledger = queue::NewRecipient::Ledger{.key = admitted.lease->key(),
                                           .m = *work_.intent->digest,
                                           .keep_until = confirm::ledger_keep_until(*work_.intent)};
    }
    const DsnNotify notify = admitted.targets.size() > 1 ? notify_of_several(admitted.notify) : admitted.notify;
    for (const auto& target : admitted.targets) {
      const bool here = services_.directory.is_local(target);
      const auto [place, is_new] = places.try_emplace(key_of(target, here), rows.size());
      if (is_new) {
        rows.push_back(queue::NewRecipient{.address = target,
                                           .route = here ? store::Route::Local : store::Route::Remote,
                                           .quarantined = admitted.quarantined,
                                           .ledgers = {},
                                           .notify = notify,
                                           .orcpt = orcpt_of(admitted.address, admitted.orcpt, target)});
      }
      auto& row = rows[place->second];
      row.quarantined = row.quarantined && admitted.quarantined;
      if (ledger) row.ledgers.push_back(*ledger);
    }
  }
  return rows;
}

}  // namespace cas::inbound
