// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The sender's side of CAS §9.2 for one job: SIGNED, then per recipient DELIVERED, WAIT or FAILED; FALLBACK where the
// domain does not confirm.
#include "outbound/conversation.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "confirm/reason.hpp"
#include "confirm/support.hpp"

namespace cas::outbound {

using confirm::ConfirmOutcome;
using smtp::EnhancedCode;
using smtp::Reply;

namespace {

constexpr std::size_t max_kept = 1024;  // of a reply: for each recipient, in the queue, the log and notifications

// One signature is all that an intent holds (CAS §4.2): the short one where there is a choice.
const Signing& intent_signing(const std::vector<Signing>& keys) {
  const auto is_ed25519 = [](const Signing& signing) { return signing.key.type() == crypto::KeyType::Ed25519; };
  const auto found = std::ranges::find_if(keys, is_ed25519);
  return found != keys.end() ? *found : keys.front();
}

bool server_left(const smtp::TransactionResult& result) {
  for (std::size_t n = 0; n < result.rcpt.size(); ++n) {
    const auto reply = result.outcome(n);
    if (reply && reply->code == 421) return true;
  }
  return false;
}

/// RFC 5321 §4.5.3.1.10: there are too many recipients in this transaction, and 552 is to be read as 452. With another
/// enhanced code the mailbox is meant.
bool is_too_many(const std::optional<Reply>& rcpt) {
  if (!rcpt || (rcpt->code != 452 && rcpt->code != 552)) return false;
  const auto& enhanced = rcpt->enhanced;
  return enhanced.klass == 0 || (enhanced.subject == 5 && enhanced.detail == 3);
}

}  // namespace

Conversation::Conversation(const RelayServices& services, const RelayOptions& options, const queue::Job& job,
                           const SigningKeys::value_type* keys)
    : services_(services),
      options_(options),
      job_(job),
      keys_(keys),
      outcomes_(job.recipients.size()),
      last_failure_(451, EnhancedCode{4, 4, 1}, "no server could be reached") {}

void Conversation::note_failure(const Reply& reply, std::string relay) {
  last_failure_ = reply;
  last_relay_ = std::move(relay);
}

void Conversation::meet_hosts_of(const Domain& domain) {
  if (keys_ == nullptr || services_.peers == nullptr) return;
  peer_ = domain;
  services_.peers->look(services_.resolver, domain);
}

void Conversation::give_up_old_doubts() {
  const TimePoint now = services_.clock.now();
  for (const auto index : open_recipients()) {
    const auto& until = job_.recipients[index].confirm_until;
    if (until && now >= *until) settle(index, Reply(554, EnhancedCode{5, 4, 7}, "no answer came in time"), "");
  }
}

net::Task<void> Conversation::hold(Connection& connection) {
  last_relay_ = connection.relay();
  chunk_refused_ = false;
  if (peer_ && connection.features().cas) services_.peers->spoke(*peer_, connection.authenticated());
  if (keys_ == nullptr) {
    co_await converse_plain(connection);
  } else if (connection.features().cas && !plain_only_) {
    co_await converse_confirmed(connection, intent_signing(keys_->second), keys_->first);
  } else {
    co_await fall_back(connection);
  }
}

net::Task<void> Conversation::converse_confirmed(Connection& connection, const Signing& signing, const Domain& domain) {
  bool signed_again = false;
  while (!open_recipients().empty() && connection.usable()) {
    auto intents = sign(signing, domain);
    if (!intents) {
      co_await converse_plain(connection);  // CAS §9.1: what cannot be confirmed, the fallback is not asked about
      co_return;
    }
    std::optional<ConfirmOutcome> refused;
    for (auto& intent : *intents) {
      if (!connection.usable()) co_return;
      auto recipients = find(intent.recipients);
      refused = co_await transact(connection, std::move(intent.line), std::move(recipients));
      if (refused) break;
    }
    if (!refused) co_return;
    if (*refused == ConfirmOutcome::SignAgain && !signed_again) {
      signed_again = true;
      continue;
    }
    if (*refused == ConfirmOutcome::SignAgain) {
      settle_open(last_failure_, connection.relay());
      co_return;
    }
    co_await after_refusal(connection, *refused);
    co_return;
  }
}

// The server does not speak CAS after all, or our set-up is wrong: the fallback decides (CAS §9.3). Where plain mail is
// known to be refused, nothing is lost by waiting until we are set right.
net::Task<void> Conversation::after_refusal(Connection& connection, ConfirmOutcome refused) {
  if (refused == ConfirmOutcome::Misconfigured && peer_) {
    const auto peer = co_await look_at_peer();
    const UnixTime now = to_unix(services_.clock.now());
    if (!peer || confirm::requires_confirmation(peer->known, peer->discovery, now)) {
      Reply later = last_failure_;
      later.code = 451;
      later.enhanced.klass = 4;
      settle_open(later, connection.relay());
      co_return;
    }
  }
  plain_only_ = true;
  if (connection.usable()) co_await fall_back(connection);
}

net::Task<std::optional<ConfirmOutcome>> Conversation::transact(Connection& connection,
                                                                std::optional<std::string> intent, Indices recipients) {
  while (!recipients.empty() && connection.usable()) {
    const std::size_t most = connection.features().rcpt_max.value_or(recipients.size());  // RFC 9422 §4
    const auto count = static_cast<std::ptrdiff_t>(std::min<std::size_t>(most, recipients.size()));
    Indices batch(recipients.begin(), recipients.begin() + count);
    recipients.erase(recipients.begin(), recipients.begin() + count);
    const auto refused = co_await transact_once(connection, intent, std::move(batch));
    if (refused) co_return refused;
    // RFC 5321 §4.5.3.1.10. At least one was accepted each time, so this ends.
    recipients.insert(recipients.begin(), too_many_.begin(), too_many_.end());
  }
  co_return std::nullopt;
}

net::Task<std::optional<ConfirmOutcome>> Conversation::transact_once(Connection& connection,
                                                                     std::optional<std::string> intent,
                                                                     Indices recipients) {
  too_many_.clear();
  smtp::Transaction transaction;
  transaction.from = job_.message.sender;
  for (const auto index : recipients) {
    const auto& recipient = job_.recipients[index];
    transaction.to.push_back(recipient.address);
    transaction.wishes.push_back({.notify = recipient.notify, .orcpt = recipient.orcpt});
  }
  transaction.envid = job_.message.envid;
  transaction.ret = job_.message.ret;
  transaction.confirm = std::move(intent);
  transaction.size = job_.message.prefix.size() + job_.message.body_size;
  transaction.eight_bit = job_.message.eight_bit;
  transaction.smtputf8 = job_.message.smtputf8;
  if (!job_.message.client.empty()) {
    transaction.client = smtp::ToldClient{.address = job_.message.client, .helo = job_.message.client_helo};
  }
  const bool confirmed = transaction.confirm.has_value();
  const auto result = co_await connection.send(std::move(transaction), job_.message, services_.queue);
  if (const auto& refusal = connection.xclient_refusal()) {
    alert("xclient-refused", "xclient", *refusal, connection.relay());
  }

  // RFC 5321 §3.8: the server had enough of a connection that was kept. Another will be made.
  if (connection.was_kept() && result.mail && result.mail->code == 421) {
    last_failure_ = *result.mail;
    co_return std::nullopt;
  }
  // Behind a refused MAIL the reply to CONFIRM says nothing but that it came out of sequence.
  const bool mail_refused = result.mail && !result.mail->positive();
  if (!mail_refused && result.confirm && !result.confirm->positive()) {
    const auto outcome = confirm::judge_confirm_reply(*result.confirm);
    last_failure_ = *result.confirm;
    if (outcome == ConfirmOutcome::Misconfigured) {
      const std::string why(confirm::word_in(*result.confirm).value_or(std::to_string(result.confirm->code)));
      alert("confirm-misconfigured", why, *result.confirm, connection.relay());
    }
    if (outcome == ConfirmOutcome::SignAgain || outcome == ConfirmOutcome::NotSpoken ||
        outcome == ConfirmOutcome::Misconfigured) {
      co_return outcome;
    }
    if (result.confirm->code == 421) co_return std::nullopt;
    for (const auto index : recipients) settle(index, *result.confirm, connection.relay());
    co_return std::nullopt;
  }
  chunk_refused_ = connection.refused_chunk();
  settle_by(result, confirmed, recipients, connection);
  if (!connection.stands() && !server_left(result)) {
    last_failure_ = Reply(451, EnhancedCode{4, 4, 2}, connection.relay() + ": " + connection.lost_why());
  }
  co_return std::nullopt;
}

void Conversation::settle_by(const smtp::TransactionResult& result, bool confirmed, const Indices& recipients,
                             const Connection& connection) {
  const auto is_taken = [](const auto& rcpt) { return rcpt && rcpt->positive(); };
  // Where CONFIRM was waved through (CAS §5.2), no ledger knows the message.
  const bool is_remembered = result.confirm && result.confirm->enhanced == EnhancedCode{2, 7, 0};
  const bool took_some = connection.stands() && std::ranges::any_of(result.rcpt, is_taken);
  for (std::size_t n = 0; n < recipients.size(); ++n) {
    if (took_some && is_too_many(result.rcpt[n])) {
      too_many_.push_back(recipients[n]);
    } else if (const auto reply = result.outcome(n)) {
      if (chunk_refused_ && is_taken(result.rcpt[n])) {
        last_failure_ = Reply(451, EnhancedCode{4, 5, 1}, "the server announces CHUNKING and does not know BDAT");
      } else if (reply->code == 421) {
        last_failure_ = *reply;  // RFC 5321 §3.8: the server goes, and says nothing of who is written to
      } else if (!confirmed && confirm::is_provisional(*reply, connection.features().cas)) {
        last_failure_ = *reply;  // the next host may offer what it asks for
      } else {
        settle(recipients[n], *reply, connection.relay());
        outcomes_[recipients[n]]->handover = connection.handover();
        outcomes_[recipients[n]]->ours = result.judged_here;
      }
    } else if (connection.ended_data()) {
      // It may have been taken: another host now could be a second copy. Later, the same intent is known there.
      // Should it never come, these are the last words that the author hears (CAS §9.5).
      settle(recipients[n], Reply(451, EnhancedCode{4, 4, 2}, "no reply to the end: it may have been delivered"),
             connection.relay());
      outcomes_[recipients[n]]->in_doubt = true;
      outcomes_[recipients[n]]->with_confirm = is_remembered;
    }
  }
}

// Who is in doubt stays open: another host may confirm.
net::Task<void> Conversation::converse_plain(Connection& connection) {
  auto recipients = free_recipients();
  if (recipients.size() < open()) {
    last_failure_ =
        Reply(451, EnhancedCode{4, 4, 2}, "it may have been delivered: shown again only where CAS is spoken");
  }
  const auto done = co_await transact(connection, std::nullopt, std::move(recipients));
  (void)done;
}

bool Conversation::held_enough() const {
  return services_.clock.now() - job_.message.arrived > confirm::longest_hold;
}

// CAS §7.3, §9.6
net::Task<void> Conversation::fall_back(Connection& connection) {
  if (peer_) {
    const auto peer = co_await look_at_peer();
    if (!peer) {
      last_failure_ = Reply(451, EnhancedCode{4, 3, 0}, peer.error().public_text);
      co_return;
    }
    const UnixTime now = to_unix(services_.clock.now());
    if (confirm::is_missing(peer->known, peer->discovery, peer->signed_zone, now)) {
      const bool known = peer->known != confirm::Support() || peer->discovery.status != dns::Status::Failed;
      last_failure_ = Reply(451, EnhancedCode{4, 7, 0},
                            known ? "held: the domain is known to confirm mail, and this server does not"
                                  : "held: whether the domain confirms mail cannot be looked up");
      if (!held_enough()) co_return;
      alert("confirm-missing", "missing", last_failure_, connection.relay());
    }
  }
  const auto& domain = job_.recipients.front().address.domain();
  const auto fallback =
      domain ? options_.destinations.fallback(*domain).value_or(options_.fallback) : options_.fallback;
  // What we send on for others is nobody's confirmed mail, and goes as it always went.
  const bool forwarded = job_.message.forwarded_as.has_value();
  if (forwarded || fallback == confirm::Fallback::Send || free_recipients().empty()) {
    co_await converse_plain(connection);
  } else if (fallback == confirm::Fallback::Hold && !held_enough()) {
    conclude(free_recipients(), Reply(451, EnhancedCode{4, 7, 0}, "held: the domain does not confirm mail"),
             connection.relay());
  } else {
    conclude(free_recipients(), Reply(550, EnhancedCode{5, 7, 0}, "not sent: the domain does not confirm mail"),
             connection.relay());
  }
}

// The questions were asked before: as a rule the answers are there.
net::Task<Result<Conversation::Peer>> Conversation::look_at_peer() {
  Peer peer;
  CAS_CO_TRY(peer.known, co_await services_.peers->recall(*peer_));
  dns::Question question;
  question.name = confirm::discovery_name(*peer_);
  question.type = dns::Type::TXT;
  peer.discovery = co_await services_.resolver.ask(std::move(question));
  if (peer.discovery.status == dns::Status::Failed) {
    dns::Question mx;
    mx.name = peer_->text();
    mx.type = dns::Type::MX;
    const auto answer = co_await services_.resolver.ask(std::move(mx));
    peer.signed_zone = answer.secure;
  } else {
    services_.peers->saw(*peer_, peer.discovery);
  }
  co_return peer;
}

Result<std::vector<confirm::SignedIntent>> Conversation::sign(const Signing& signing, const Domain& domain) const {
  const auto& recipient_domain = job_.recipients.front().address.domain();
  if (!recipient_domain) return permanent("an address literal cannot be confirmed");  // CAS §4.3
  const std::string& secret = services_.queue.secret();
  std::vector<Mailbox> recipients;
  for (const auto index : open_recipients()) recipients.push_back(job_.recipients[index].address);
  const confirm::IntentRequest request{
      .id = confirm::derive_intent_id(as_octets(secret), job_.message.id, *recipient_domain),
      .signing_domain = domain,
      .selector = signing.selector,
      .envelope_from = job_.message.sender,
      .recipient_domain = *recipient_domain,
      .recipients = std::move(recipients),
      .author = *job_.message.author,
      .klass = job_.message.klass,
      .list_id = job_.message.klass == confirm::Class::Bulk ? std::optional(job_.message.list_id) : std::nullopt,
      .hashes = job_.message.hashes,
      .now = services_.clock.now(),
      .forwarded = job_.message.forwarded_as.has_value()};  // CAS §4.7: we say that we send it on, and nothing of o
  return confirm::make_intents(request, signing.key);
}

Conversation::Indices Conversation::open_recipients() const {
  Indices open;
  for (std::size_t n = 0; n < outcomes_.size(); ++n) {
    if (!outcomes_[n]) open.push_back(n);
  }
  return open;
}

Conversation::Indices Conversation::free_recipients() const {
  Indices free = open_recipients();
  std::erase_if(free, [&](std::size_t index) { return job_.recipients[index].confirm_until.has_value(); });
  return free;
}

Conversation::Indices Conversation::find(const std::vector<Mailbox>& mailboxes) const {
  Indices found;
  for (const auto index : open_recipients()) {
    if (std::ranges::find(mailboxes, job_.recipients[index].address) != mailboxes.end()) found.push_back(index);
  }
  return found;
}

void Conversation::settle(std::size_t index, const Reply& reply, const std::string& relay) {
  queue::Outcome outcome;
  outcome.kind = reply.positive()    ? queue::Outcome::Kind::Delivered
                 : reply.permanent() ? queue::Outcome::Kind::Failed
                                     : queue::Outcome::Kind::Deferred;
  outcome.reply = reply.shortened(max_kept);
  outcome.relay = relay;
  const auto hint = confirm::retry_in(reply);
  if (outcome.kind == queue::Outcome::Kind::Deferred && hint) {
    outcome.retry_after = confirm::retry_delay(job_.recipients[index].attempts + 1, hint);
  }
  outcomes_[index] = std::move(outcome);
}

void Conversation::settle_open(const Reply& reply, const std::string& relay) {
  for (const auto index : open_recipients()) settle(index, reply, relay);
}

/// What no server said.
void Conversation::conclude(const Indices& recipients, const Reply& reply, const std::string& relay) {
  for (const auto index : recipients) {
    settle(index, reply, relay);
    outcomes_[index]->ours = true;
  }
}

// Once a day for a reason and domain (CAS §9.3).
void Conversation::alert(std::string_view name, std::string_view why, const Reply& reply,
                         const std::string& relay) const {
  const std::string domain = store::domain_of(job_.recipients.front().address);
  if (services_.peers != nullptr && !services_.peers->is_news(domain + " " + std::string(why))) return;
  Event event{
      .level = Level::Warning, .trace = job_.message.trace, .queue_id = job_.message.id, .name = name, .fields = {}};
  event.fields.emplace_back("domain", domain);
  event.fields.emplace_back("relay", relay);
  event.fields.emplace_back("reply", reply.summary());
  services_.events.emit(std::move(event));
}

std::vector<queue::Outcome> Conversation::outcomes() const {
  std::vector<queue::Outcome> all;
  const Reply last = last_failure_.shortened(max_kept);
  for (const auto& outcome : outcomes_) {
    if (outcome) {
      all.push_back(*outcome);
      continue;
    }
    // Unknown is transient: trying again loses nothing, giving up would.
    queue::Outcome unknown;
    unknown.reply = last;
    unknown.relay = last_relay_;
    if (unknown.reply.permanent()) {
      unknown.reply.code = 451;
      unknown.reply.enhanced.klass = 4;
    }
    all.push_back(std::move(unknown));
  }
  return all;
}

}  // namespace cas::outbound
