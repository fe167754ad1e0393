// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Facts for MAIL, CONFIRM and RCPT, and what was decided on them.
#include <algorithm>
#include <chrono>

#include "base/encoding.hpp"
#include "inbound/session.hpp"
#include "net/completion.hpp"
#include "policy/judge.hpp"

namespace cas::inbound {

using smtp::EnhancedCode;
using smtp::Reply;

namespace {

constexpr std::size_t shown_reply = 120;

Reply suppressed(const queue::Suppression& row) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(row.since));
  const auto two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  Reply reply(550, EnhancedCode{5, 1, 1},
              "not sent: this mailbox is known to be gone since " + std::to_string(static_cast<int>(day.year())) + '-' +
                  two(static_cast<unsigned>(day.month())) + '-' + two(static_cast<unsigned>(day.day())));
  if (!row.reply.empty()) reply.lines.emplace_back("it answered: " + row.reply.substr(0, shown_reply));
  reply.lines.emplace_back("your mail administrator lifts it: cas suppression remove ADDRESS");
  return reply;
}

}  // namespace

net::Task<smtp::Step> Session::answer(smtp::Step step) {
  Reply reply;
  if (const auto* mail = std::get_if<smtp::AskMail>(&step)) {
    reply = on_mail(mail->mail);
  } else if (auto* confirm = std::get_if<smtp::AskConfirm>(&step)) {
    reply = co_await on_confirm(std::move(confirm->intent));
  } else if (const auto* rcpt = std::get_if<smtp::AskRcpt>(&step)) {
    auto refusal = co_await refuse_suppressed(rcpt->rcpt.to);
    reply = refusal ? *std::move(refusal) : co_await on_rcpt(rcpt->rcpt);
  } else if (auto* auth = std::get_if<smtp::AskAuth>(&step)) {
    reply = co_await on_auth(std::move(*auth));
  } else if (const auto* sasl = std::get_if<smtp::AskSasl>(&step)) {
    co_return on_sasl(*sasl);
  } else if (const auto* named = std::get_if<smtp::AskClient>(&step)) {
    co_return on_client(named->client);
  } else {
    throw std::logic_error("a step that nobody performs");
  }
  co_return protocol_.on_answer(std::move(reply));
}

// What the front proved, it proved of itself. Whom it does not know, it does not vouch for either.
smtp::Step Session::on_client(const smtp::FrontedClient& client) {
  forget_finished_transaction();
  event("client", {{"front", stream_.peer().text()},
                   {"client", client.address ? client.address->text() : std::string("unknown")}});
  login_.reset();
  scram_.reset();
  client_names_.clear();
  listing_.reset();
  tls_exporter_.clear();
  if (client.address) stream_.act_for(net::Endpoint(client.address->text(), client.port));
  return protocol_.on_client(client.address && comes_from(options_.trusted_networks));
}

// Who logged in is held to what is his, wherever he comes from.
policy::Origin Session::origin() const {
  if (!options_.smtp.submission) return policy::Origin::Outside;
  return protocol_.user() || !protocol_.own_network() ? policy::Origin::User : policy::Origin::OwnNetwork;
}

Reply Session::on_mail(const smtp::MailCommand& mail) {
  forget_finished_transaction();
  pace_ = {};
  if (auto refusal = no_room(mail)) return *std::move(refusal);
  if (auto over = login_is_over()) return *std::move(over);
  if (origin() == policy::Origin::User) {
    policy::SenderFacts facts;
    facts.allowed = own_addresses();
    facts.envelope_from = mail.from;
    if (auto refusal = policy::refuse_sender(facts)) {
      event("sender-refused", {{"from", mail.from.path()}, {"user", protocol_.user().value_or("")}});
      return *refusal;
    }
    if (!services_.load.users.allow_message(protocol_.user().value_or(""), services_.clock.now())) {
      return over_quota("messages");
    }
  }
  if (origin() == policy::Origin::Outside) begin_authentication(mail.from);
  return Reply(250, EnhancedCode{2, 1, 0}, "ok");
}

// Before anything is taken: what was promised is kept, so nothing is promised that might not be.
std::optional<Reply> Session::no_room(const smtp::MailCommand& mail) const {
  if (services_.load.memory.scarce()) return insufficient_storage();
  const std::uint64_t declared = mail.size.value_or(0);  // RFC 1870 §6.1
  if (!policy::has_room(services_.load.room.state(), declared, options_.disk_reserve)) return insufficient_storage();
  return std::nullopt;
}

net::Task<Reply> Session::on_confirm(std::string line) {
  ConfirmContext context;
  context.mail_from = protocol_.mail()->from;
  context.peer_address = stream_.peer().address;
  auto findings = co_await check_confirm(services_, std::move(line), std::move(context));
  if (findings.refused) {
    event("confirm", {{"from", protocol_.mail()->from.path()},
                      {"result", std::string(confirm::word(*findings.refused))},
                      {"client", stream_.peer().text()}});
    co_return findings.reply;
  }
  if (findings.intent) {
    const bool forwarded = findings.intent->forwarded;
    work_.status = forwarded ? policy::IntentStatus::Forwarded : policy::IntentStatus::Valid;
    event("confirm", {{"from", protocol_.mail()->from.path()},
                      {"author", findings.intent->author.wire()},
                      {"signer", findings.intent->signing_domain.text()},
                      {"forwarded", forwarded ? "yes" : "no"},
                      {"result", "ok"}});
  } else {
    work_.status = policy::IntentStatus::Testing;
    event("confirm", {{"from", protocol_.mail()->from.path()}, {"result", std::string(findings.unconfirmed)}});
  }
  work_.intent = std::move(findings.intent);
  work_.committed = std::move(findings.committed);
  co_return findings.reply;
}

// RFC 5321 §4.3.2 has 452 for MAIL and RCPT; RFC 3463 X.7: a matter of policy.
Reply Session::over_quota(const std::string& of_what) {
  event("over-quota", {{"user", protocol_.user().value_or("")}, {"what", of_what}}, Level::Warning);
  return Reply(452, EnhancedCode{4, 7, 1},
               "you have sent as many " + of_what + " as you may in an hour, try again later");
}

// A mailbox elsewhere that is known to be gone: whoever writes to it hears so at once. What cannot be looked up goes
// on.
net::Task<std::optional<Reply>> Session::refuse_suppressed(Mailbox asked) {
  if (origin() == policy::Origin::Outside || !services_.suppressions.enabled()) co_return std::nullopt;
  const Mailbox recipient = services_.directory.meant_by(asked, services_.host);
  const bool local = recipient.domain() && services_.directory.find(*recipient.domain()) != nullptr;
  if (local || iequals(recipient.local().value(), "postmaster")) co_return std::nullopt;
  using Found = Result<std::optional<queue::Suppression>>;
  auto start = [&](auto done) { services_.suppressions.find(recipient, std::move(done)); };
  const auto found = co_await net::completion<Found>(std::move(start));
  if (!found || !*found) co_return std::nullopt;
  const auto refusal = suppressed(**found);
  event("rcpt", {{"to", recipient.wire()},
                 {"from", protocol_.mail()->from.path()},
                 {"client", stream_.peer().text()},
                 {"admission", "refused"},
                 {"rule", "suppressed"},
                 {"reply", refusal.summary()}});
  co_return refusal;
}

}  // namespace cas::inbound
