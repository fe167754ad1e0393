// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The sender's side of CAS §9.2 for one job: SIGNED, then per recipient DELIVERED, WAIT or FAILED; FALLBACK where the
// domain does not confirm.
#include "outbound/attempt.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "delivery/require_tls.hpp"
#include "outbound/route.hpp"

namespace cas::outbound {

using confirm::ConfirmOutcome;
using smtp::EnhancedCode;
using smtp::Reply;

namespace {

constexpr std::chrono::hours longest_hold{4};  // CAS §9.6

// One signature is all that an intent holds (CAS §4.2): the short one where there is a choice.
const Signing& intent_signing(const std::vector<Signing>& keys) {
  const auto is_ed25519 = [](const Signing& signing) { return signing.key.type() == crypto::KeyType::Ed25519; };
  const auto found = std::ranges::find_if(keys, is_ed25519);
  return found != keys.end() ? *found : keys.front();
}

}  // namespace

Attempt::Attempt(const RelayServices& services, const RelayOptions& options, const queue::Job& job,
                 const SigningKeys::value_type* keys)
    : services_(services),
      options_(options),
      job_(job),
      keys_(keys),
      outcomes_(job.recipients.size()),
      last_failure_(451, EnhancedCode{4, 4, 1}, "no server could be reached") {}

net::Task<std::vector<queue::Outcome>> Attempt::run() {
  co_await walk_hosts();
  co_return outcomes();
}

net::Task<void> Attempt::walk_hosts() {
  const Mailbox& first = job_.recipients.front().address;
  if (first.literal()) {
    // RFC 5321 §5: an address literal names its server itself.
    std::string address = first.literal()->text;
    if (address.starts_with("IPv6:")) address.erase(0, 5);
    const std::string host = address;
    const auto demand = co_await demand_of(host);
    if (demand) {
      (void)co_await try_address(host, std::move(address), *demand, true);
    } else if (hopeless_) {
      settle_open(last_failure_, last_relay_);
    }
    co_return;
  }
  auto hosts = co_await find_hosts(services_.resolver, services_.random, *first.domain());
  if (!hosts) {
    settle_open(hosts.error(), "dns");
    co_return;
  }
  if (hosts->size() > options_.max_hosts) hosts->resize(options_.max_hosts);
  domain_tls_ = co_await services_.tls_policies.of_domain(first.domain());
  if (domain_tls_.sts.failure) {
    reported_.type = "sts";  // announced, and not to be had
    count(std::string(), std::string(), domain_tls_.sts.failure);
  }
  for (auto& host : *hosts) {
    co_await try_host(std::move(host));
    if (open_recipients().empty()) co_return;
  }
  if (hopeless_) settle_open(last_failure_, last_relay_);
}

net::Task<void> Attempt::try_host(std::string host) {
  plain_only_ = false;
  auto addresses = co_await find_addresses(services_.resolver, host);
  if (!addresses) {
    hopeless_ = hopeless_ && addresses.error().permanent();
    last_failure_ = addresses.error();
    last_relay_ = host;
    co_return;
  }
  const auto demand = co_await demand_of(host);
  if (!demand) co_return;
  bool can_never = false;
  for (auto& address : *addresses) {
    const bool reached = co_await try_address(host, std::move(address), *demand, true);
    can_never = last_failure_.permanent() && !reached;
    if (reached && open_recipients().empty()) co_return;
  }
  hopeless_ = hopeless_ && can_never;
}

// None: this host may not be used now, and why is the last failure.
net::Task<std::optional<tlspolicy::TlsDemand>> Attempt::demand_of(std::string host) {
  const auto& policies = services_.tls_policies;
  const auto dane = co_await policies.dane_of(domain_tls_, host);
  MessageTls message;
  message.requiretls = delivery::requires_tls(job_.message);
  auto judged = policies.judge(domain_tls_, host, dane, message);
  reported_ = judged.reported;
  // Only what a policy would change is worth a look at the header (RFC 8689 §5).
  const bool plain = judged.demand && *judged.demand == tlspolicy::TlsDemand{};
  if (!plain && !message.requiretls) {
    message = co_await message_tls();
    judged = policies.judge(domain_tls_, host, dane, message);
  }
  if (judged.demand) co_return *std::move(judged.demand);
  if (judged.demand.error().failure) count(host, std::string(), judged.demand.error().failure);
  last_failure_ = judged.demand.error().reply;
  last_relay_ = host;
  hopeless_ = hopeless_ && last_failure_.permanent();
  co_return std::nullopt;
}

net::Task<MessageTls> Attempt::message_tls() {
  if (!message_tls_) {
    message_tls_.emplace();
    const auto header = co_await read_header(services_.queue, job_.message);
    // A header that cannot be read asks for nothing: the policies stay in force.
    message_tls_->relaxed = header && tlspolicy::says_tls_not_required(*header);
  }
  co_return *message_tls_;
}

ConnectionOptions Attempt::connection_options(const std::string& host, const std::string& address,
                                              const tlspolicy::TlsDemand& demand, bool use_tls) const {
  return ConnectionOptions{.smtp = {.helo = options_.host.text(),
                                    .use_starttls = use_tls,
                                    .require_tls = demand.required,
                                    .require_requiretls = demand.requiretls},
                           .host_name = host,
                           .tls = services_.tls,
                           .check = check_of(demand, "[" + address + "]:" + std::to_string(options_.port)),
                           .connect_timeout = options_.connect_timeout,
                           .command_timeout = options_.command_timeout,
                           .data_timeout = options_.data_timeout,
                           .final_timeout = options_.final_timeout};
}

// True when the server was reached and a conversation took place.
net::Task<bool> Attempt::try_address(std::string host, std::string address, const tlspolicy::TlsDemand& demand,
                                     bool use_tls) {
  Connection connection(connection_options(host, address, demand, use_tls));
  net::Endpoint endpoint;
  endpoint.address = address;
  endpoint.port = options_.port;
  auto opened = co_await connection.open(std::move(endpoint));
  if (use_tls) count(connection, host, address, demand, opened.has_value());
  if (!opened) {
    last_failure_ = opened.error().reply;
    last_relay_ = connection.relay();
    co_await connection.quit();
    const bool again = opened.error().tls_failed && use_tls && !demand.required;
    if (!again) co_return false;
    // Opportunistic TLS (RFC 7435): a broken handshake must not stop mail that may go in the clear.
    co_return co_await try_address(std::move(host), std::move(address), demand, false);
  }
  last_relay_ = connection.relay();
  const bool was_plain = plain_only_;
  co_await converse(connection);
  co_await connection.quit();
  const bool again = plain_only_ && !was_plain && !open_recipients().empty();
  if (again) co_return co_await try_address(std::move(host), std::move(address), demand, use_tls);
  co_return true;
}

// RFC 8460 §4.3. A server that was not reached says nothing about TLS.
void Attempt::count(const Connection& connection, const std::string& host, const std::string& address,
                    const tlspolicy::TlsDemand& demand, bool opened) {
  auto failure = failure_of(connection.certificate_fault(), demand);
  if (!failure && connection.handshake_failed()) failure = tlspolicy::TlsFailure::ValidationFailure;
  if (!failure && connection.greeted() && !connection.tls()) failure = tlspolicy::TlsFailure::StartTlsNotSupported;
  if (!failure && demand.unlisted) failure = tlspolicy::TlsFailure::CertificateHostMismatch;
  if (!failure && !opened) return;
  count(host, address, failure);
}

void Attempt::count(const std::string& host, const std::string& address, std::optional<tlspolicy::TlsFailure> failure) {
  if (services_.results == nullptr || domain_tls_.domain.empty()) return;
  services_.results->add(tlspolicy::SessionResult{
      .domain = domain_tls_.domain, .policy = reported_, .mx = host, .address = address, .failure = failure});
}

net::Task<void> Attempt::converse(Connection& connection) {
  if (keys_ == nullptr) {
    co_await converse_plain(connection);
  } else if (connection.features().cas && !plain_only_) {
    co_await converse_confirmed(connection, intent_signing(keys_->second), keys_->first);
  } else {
    co_await fall_back(connection);
  }
}

net::Task<void> Attempt::converse_confirmed(Connection& connection, const Signing& signing, const Domain& domain) {
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
    // The server does not speak CAS after all, or our set-up is wrong: the fallback decides.
    plain_only_ = true;
    if (connection.usable()) co_await fall_back(connection);
    co_return;
  }
}

// Settles what was answered. An outcome is returned only when CONFIRM failed in a way that leaves its recipients open.
net::Task<std::optional<ConfirmOutcome>> Attempt::transact(Connection& connection, std::optional<std::string> intent,
                                                           Indices recipients) {
  smtp::Transaction transaction;
  transaction.from = job_.message.sender;
  for (const auto index : recipients) transaction.to.push_back(job_.recipients[index].address);
  transaction.confirm = std::move(intent);
  transaction.size = job_.message.prefix.size() + job_.message.body_size;
  transaction.eight_bit = job_.message.eight_bit;
  transaction.smtputf8 = job_.message.smtputf8;
  const bool confirmed = transaction.confirm.has_value();
  const auto result = co_await connection.send(std::move(transaction), job_.message, services_.queue);

  // Behind a refused MAIL the reply to CONFIRM says nothing but that it came out of sequence.
  const bool mail_refused = result.mail && !result.mail->positive();
  if (!mail_refused && result.confirm && !result.confirm->positive()) {
    const auto outcome = confirm::judge_confirm_reply(*result.confirm);
    last_failure_ = *result.confirm;
    if (outcome == ConfirmOutcome::Misconfigured) alert(*result.confirm, connection.relay());
    if (outcome == ConfirmOutcome::SignAgain || outcome == ConfirmOutcome::NotSpoken ||
        outcome == ConfirmOutcome::Misconfigured) {
      co_return outcome;
    }
    for (const auto index : recipients) settle(index, *result.confirm, connection.relay());
    co_return std::nullopt;
  }
  for (std::size_t n = 0; n < recipients.size(); ++n) {
    if (const auto reply = result.outcome(n)) {
      if (!confirmed && confirm::is_provisional(*reply, connection.features().cas)) {
        last_failure_ = *reply;  // the next host may offer what it asks for
      } else {
        settle(recipients[n], *reply, connection.relay());
      }
    } else if (connection.ended_data()) {
      // It may have been taken: another host now could be a second copy. Later, the same intent is known there.
      // Should it never come, these are the last words that the author hears (CAS §9.5).
      settle(recipients[n], Reply(451, EnhancedCode{4, 4, 2}, "no reply to the end: it may have been delivered"),
             connection.relay());
    }
  }
  if (!connection.usable()) {
    last_failure_ = Reply(451, EnhancedCode{4, 4, 2}, connection.relay() + ": the connection was lost");
  }
  co_return std::nullopt;
}

net::Task<void> Attempt::converse_plain(Connection& connection) {
  const auto done = co_await transact(connection, std::nullopt, open_recipients());
  (void)done;
}

// CAS §9.6
net::Task<void> Attempt::fall_back(Connection& connection) {
  const bool held_enough = services_.clock.now() - job_.message.arrived > longest_hold;
  if (options_.fallback == confirm::Fallback::Send) {
    co_await converse_plain(connection);
  } else if (options_.fallback == confirm::Fallback::Hold && !held_enough) {
    settle_open(Reply(451, EnhancedCode{4, 7, 0}, "held: the domain does not confirm mail"), connection.relay());
  } else {
    settle_open(Reply(550, EnhancedCode{5, 7, 0}, "not sent: the domain does not confirm mail"), connection.relay());
  }
}

Result<std::vector<confirm::SignedIntent>> Attempt::sign(const Signing& signing, const Domain& domain) const {
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
      .now = services_.clock.now()};
  return confirm::make_intents(request, signing.key);
}

Attempt::Indices Attempt::open_recipients() const {
  Indices open;
  for (std::size_t n = 0; n < outcomes_.size(); ++n) {
    if (!outcomes_[n]) open.push_back(n);
  }
  return open;
}

Attempt::Indices Attempt::find(const std::vector<Mailbox>& mailboxes) const {
  Indices found;
  for (const auto index : open_recipients()) {
    if (std::ranges::find(mailboxes, job_.recipients[index].address) != mailboxes.end()) found.push_back(index);
  }
  return found;
}

void Attempt::settle(std::size_t index, const Reply& reply, const std::string& relay) {
  queue::Outcome outcome;
  outcome.kind = reply.positive()    ? queue::Outcome::Kind::Delivered
                 : reply.permanent() ? queue::Outcome::Kind::Failed
                                     : queue::Outcome::Kind::Deferred;
  outcome.reply = reply;
  outcome.relay = relay;
  const auto hint = confirm::retry_in(reply);
  if (outcome.kind == queue::Outcome::Kind::Deferred && hint) {
    outcome.retry_after = confirm::retry_delay(job_.recipients[index].attempts + 1, hint);
  }
  outcomes_[index] = std::move(outcome);
}

void Attempt::settle_open(const Reply& reply, const std::string& relay) {
  for (const auto index : open_recipients()) settle(index, reply, relay);
}

void Attempt::alert(const Reply& reply, const std::string& relay) const {
  Event event{.level = Level::Warning,
              .trace = job_.message.trace,
              .queue_id = job_.message.id,
              .name = "confirm-misconfigured",
              .fields = {}};
  event.fields.emplace_back("relay", relay);
  event.fields.emplace_back("reply", reply.summary());
  services_.events.emit(std::move(event));
}

std::vector<queue::Outcome> Attempt::outcomes() const {
  std::vector<queue::Outcome> all;
  for (const auto& outcome : outcomes_) {
    if (outcome) {
      all.push_back(*outcome);
      continue;
    }
    // Unknown is transient: trying again loses nothing, giving up would.
    queue::Outcome unknown;
    unknown.reply = last_failure_;
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
