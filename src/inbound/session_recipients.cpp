// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From a recipient as it was named to where its mail goes, and from all that were admitted to the rows of the queue.
#include <algorithm>

#include "base/encoding.hpp"
#include "inbound/session.hpp"
#include "policy/judge.hpp"
#include "smtp/dsn_parameters.hpp"

namespace cas::inbound {

namespace {

using policy::MailboxStatus;

bool is_same(const Mailbox& a, const Mailbox& b) {
  return a.domain() == b.domain() && a.literal() == b.literal() && iequals(a.local().value(), b.local().value());
}

// RFC 3461 §5.2.7: one that leads to several is not delivered when one of them is.
DsnNotify notify_of_several(DsnNotify asked) {
  const bool only_success = asked.success && !asked.failure && !asked.delay;
  asked.success = false;
  asked.never = asked.never || only_success;
  return asked;
}

// RFC 3461 §5.2.1: whoever changes the address says what it was.
std::string orcpt_of(const Mailbox& named, const std::string& given, const Mailbox& target) {
  if (!given.empty() || is_same(named, target) || !named.is_ascii()) return given;
  return "rfc822;" + smtp::xtext(named.wire());
}

}  // namespace

net::Task<recipients::Resolution> Session::resolve(policy::RecipientFacts& facts) const {
  recipients::Resolution found;
  auto resolved = co_await services_.recipients.resolve(facts.recipient);
  if (!resolved) {
    facts.mailbox = MailboxStatus::LookupFailed;
    event("lookup-failed", {{"to", facts.recipient.wire()}, {"reason", resolved.error().private_reason}},
          Level::Warning);
    co_return found;
  }
  found = *std::move(resolved);
  facts.mailbox = found.known() ? MailboxStatus::Exists : MailboxStatus::Unknown;
  // Where a name leads to one mailbox, that mailbox's owner is asked.
  if (found.targets.size() == 1 && services_.directory.is_local(found.targets.front())) {
    facts.owner = found.targets.front();
  }
  co_return found;
}

// Each target once, whichever names lead to it; what is trusted for one of them is trusted.
std::vector<queue::NewRecipient> Session::new_recipients() const {
  std::vector<queue::NewRecipient> rows;
  for (const auto& admitted : work_.admitted) {
    if (admitted.swallowed) continue;
    std::optional<queue::NewRecipient::Ledger> ledger;
    if (admitted.lease) {
      ledger = queue::NewRecipient::Ledger{.key = admitted.lease->key(),
                                           .m = *work_.intent->digest,
                                           .keep_until = confirm::ledger_keep_until(*work_.intent)};
    }
    for (const auto& target : admitted.targets) {
      const bool here = services_.directory.is_local(target);
      auto row = std::ranges::find_if(rows, [&](const auto& other) { return is_same(other.address, target); });
      if (row == rows.end()) {
        const bool several = admitted.targets.size() > 1;
        row = rows.insert(row,
                          queue::NewRecipient{.address = target,
                                              .route = here ? store::Route::Local : store::Route::Remote,
                                              .quarantined = admitted.quarantined,
                                              .ledgers = {},
                                              .notify = several ? notify_of_several(admitted.notify) : admitted.notify,
                                              .orcpt = orcpt_of(admitted.address, admitted.orcpt, target)});
      }
      row->quarantined = row->quarantined && admitted.quarantined;
      if (ledger) row->ledgers.push_back(*ledger);
    }
  }
  return rows;
}

}  // namespace cas::inbound
