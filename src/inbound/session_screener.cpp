// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a message changes between its sender and its recipients, noted in the transaction that commits it: who is held,
// and whom the owner of a mailbox wrote to.
#include <algorithm>

#include "inbound/recipient_facts.hpp"
#include "inbound/session.hpp"

namespace cas::inbound {

void Session::note_relations(queue::NewMessage& fresh) const {
  if (origin() == policy::Origin::Outside) {
    note_screened(fresh);
  } else if (origin() == policy::Origin::User) {
    note_written_to(fresh);
  }
}

/// Whom the owner of a mailbox writes to is no stranger to it (CAS §11).
void Session::note_written_to(queue::NewMessage& fresh) const {
  const auto& sender = work_.own_mailbox;
  const auto& facts = work_.arrival->message().facts();
  if (!sender || facts.klass.klass == confirm::Class::Automatic) return;
  if (screening_of(services_, *sender) == policy::Screening::Off) return;
  const std::string mailbox = policy::relation_mailbox(*sender);
  const registry::Change change{.at = services_.clock.now(), .by = protocol_.user().value_or("")};
  fresh.alongside = [mailbox, change](store::Tx& tx, const store::Message&, const store::Recipient& recipient) {
    return registry::Relationships::wrote(tx, mailbox, recipient.address, change);
  };
}

/// Where mail to the envelope sender goes, when that is one mailbox here: he may write under an alias.
net::Task<void> Session::find_own_mailbox() {
  const auto& sender = protocol_.mail()->from.mailbox();
  if (!sender || !services_.directory.is_local(*sender)) co_return;
  // Nobody is asked where his mail goes for a Screener that nobody has.
  if (!services_.directory.has_screener() && !services_.relationships.has_choices()) co_return;
  work_.own_mailbox = *sender;
  const auto found = co_await services_.recipients.resolve(*sender);
  if (!found) co_return;
  if (auto owner = owner_of(services_.directory, *found)) work_.own_mailbox = *std::move(owner);
}

registry::NewHeld Session::held_for(const Admitted& admitted, const policy::RelationNames& names, bool in_queue) const {
  const auto sender = sender_identity();
  return {.mailbox = policy::relation_mailbox(admitted.facts.owner.value_or(admitted.address)),
          .names = names,
          .author = sender.author               ? sender.author->wire()
                    : sender.envelope.is_null() ? std::string()
                                                : sender.envelope.mailbox()->wire(),
          .subject = work_.message != nullptr ? work_.message->subject() : std::string(),
          .silent = admitted.verdict.rule == "held-silently",
          .in_queue = in_queue};
}

/// Of the names that lead to a row, the one that it may have most by.
const Session::Admitted* Session::best_name_for(const queue::NewRecipient& row) const {
  const Admitted* best = nullptr;
  for (const auto& admitted : work_.admitted) {
    const auto is_row = [&](const Mailbox& target) { return is_same(target, row.address); };
    if (admitted.swallowed || std::ranges::none_of(admitted.targets, is_row)) continue;
    if (best == nullptr || admitted.fate < best->fate) best = &admitted;
  }
  return best;
}

/// What the Screener keeps is noted in the transaction of the commit. What goes aside goes to Junk where there is such
/// a folder, and is held in silence elsewhere: a server behind would put it into the inbox.
void Session::note_screened(queue::NewMessage& fresh) const {
  std::map<std::string, registry::NewHeld> waiting;  // by the address of the row
  for (auto& row : fresh.recipients) {
    const auto* named = best_name_for(row);
    if (named == nullptr || named->fate == policy::Fate::Inbox) continue;
    const bool in_queue = !services_.directory.has_screener_folder(row.address);
    if (!in_queue && named->fate == policy::Fate::Aside) row.quarantined = true;
    if (!in_queue && row.quarantined) continue;  // the folder Junk
    const auto names =
        relation_names(named->facts.klass).value_or(policy::RelationNames{.key = "?", .wider = {}, .domain = "?"});
    row.screened = names.key;
    row.held = in_queue;
    if (in_queue) row.note = in_screener_note;
    auto held = held_for(*named, names, in_queue);
    held.silent = held.silent || row.quarantined || named->fate == policy::Fate::Aside;
    waiting.insert_or_assign(row.address.wire(), std::move(held));
  }
  if (waiting.empty()) return;
  fresh.alongside = [waiting = std::move(waiting)](store::Tx& tx, const store::Message& message,
                                                   const store::Recipient& recipient) -> Result<void> {
    const auto held = waiting.find(recipient.address.wire());
    if (held == waiting.end()) return {};
    return registry::Relationships::hold(tx, held->second, message, recipient);
  };
}

}  // namespace cas::inbound
