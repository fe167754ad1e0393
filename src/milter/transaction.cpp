// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Recipients, the message, its end.
#include "milter/transaction.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <ranges>

#include "base/encoding.hpp"
#include "inbound/recipient_facts.hpp"
#include "message/header.hpp"
#include "net/inquiry.hpp"
#include "policy/ending.hpp"

namespace cas::milter {

using smtp::EnhancedCode;
using smtp::Reply;

namespace {

constexpr std::size_t max_recipients = 1000;

Reply taken() {
  return {250, EnhancedCode{2, 0, 0}, "ok"};
}

/// What could hide in it a claim to be from us.
Reply unreadable_header() {
  return {550, EnhancedCode{5, 6, 0}, "the header cannot be read"};
}

policy::Origin origin_of(const ServerOptions& options, const Client& client, const std::string& user) {
  if (!user.empty()) return policy::Origin::User;
  const auto address = IpAddress::parse(client.address);
  const bool own = client.local || (address && is_within_any(*address, options.trusted_networks));
  return own ? policy::Origin::OwnNetwork : policy::Origin::Outside;
}

// Nobody here completes what users send: that is the MTA's business, and it has done so.
policy::BoundaryFacts boundary_of(const inbound::Services& services, policy::Origin origin) {
  policy::BoundaryFacts boundary;
  boundary.authserv_id = services.host.text();
  boundary.origin = origin == policy::Origin::Outside ? origin : policy::Origin::OwnNetwork;
  boundary.now = to_unix(services.clock.now());
  return boundary;
}

// How long a message may be the MTA says; nothing of its body is kept here.
smtp::Limits limits_of(smtp::Limits limits) {
  limits.message = std::numeric_limits<decltype(limits.message)>::max();
  return limits;
}

std::vector<std::string> split_fields(const std::string& text) {
  std::vector<std::string> all;
  const auto fields = parse_header(text);
  if (fields)
    std::ranges::transform(*fields, std::back_inserter(all), [](const auto& f) { return std::string(f.raw); });
  return all;
}

}  // namespace

Transaction::Transaction(const ServerSettings& settings, net::TaskGroup& background, inbound::Underway underway,
                         Client client, ReversePath from, std::string user, Tell tell)
    : settings_(settings),
      services_(settings.services),
      client_(std::move(client)),
      from_(std::move(from)),
      user_(std::move(user)),
      origin_(origin_of(settings.options, client_, user_)),
      boundary_(boundary_of(services_, origin_)),
      tell_(std::move(tell)),
      message_(boundary_, limits_of(settings.options.limits)) {
  if (is_own()) return;
  auth::SpfQuery query;
  if (const auto address = IpAddress::parse(client_.address)) query.ip = *address;
  query.helo = client_.helo;
  query.mail_from = from_.is_null() ? std::string() : from_.mailbox()->wire();
  query.receiver = services_.host.text();
  query.now = boundary_.now;
  authentication_ = std::make_unique<inbound::Authentication>(services_.resolver, services_.dkim_keys, background,
                                                              std::move(underway), std::move(query));
}

// ---- Recipients ----

net::Task<Reply> Transaction::recipient(std::string path) {
  if (is_own()) {
    ++recipients_;
    co_return taken();
  }
  if (admitted_.size() >= max_recipients) co_return Reply(452, EnhancedCode{4, 5, 3}, "too many recipients");
  const auto named = parse_forward_path(path, services_.host);
  if (!named) co_return Reply(553, EnhancedCode{5, 1, 3}, "that is no address of a mailbox");
  Admitted fresh{
      .facts = facts_of(services_.directory.meant_by(*named, services_.host)), .verdict = {}, .alone = false};
  if (!fresh.facts.domain_is_local) {  // the MTA takes it, and nobody here has a say
    fresh.verdict = {.admission = policy::Admission::Submitted, .reply = taken(), .rule = "not-ours", .observed = {}};
  } else {
    const inbound::FindOut ask = [&](policy::Question question) { return find_out(question, fresh.facts); };
    auto judged = co_await inbound::judge_with(fresh.facts, ask);
    fresh.verdict = std::move(judged.verdict);
    fresh.alone = judged.alone;
  }
  const bool crowded = !admitted_.empty() && may_differ(admitted_.front(), fresh);
  if (fresh.verdict.reply.positive() && crowded) fresh.verdict.reply = policy::one_at_a_time();
  inbound::note_verdict(services_, sender(), fresh.facts, fresh.verdict, nullptr);
  tell_(Level::Info, "rcpt", inbound::verdict_fields(services_, fresh.facts, fresh.verdict, from_, client_.text()));
  const Reply reply = fresh.verdict.reply;
  if (reply.positive()) {
    ++recipients_;
    admitted_.push_back(std::move(fresh));
  }
  co_return reply;
}

policy::SenderIdentity Transaction::sender() const {
  policy::SenderIdentity sender;
  sender.client = IpAddress::parse(client_.address);
  sender.envelope = from_;
  sender.spf_pass = spf_ && inbound::is_spf_pass(*spf_);
  if (ended_) inbound::show_message(sender, message_, outcomes_);
  return sender;
}

// The MTA has looked whether there is such a mailbox: it asks about those alone that it would take.
policy::RecipientFacts Transaction::facts_of(const Mailbox& recipient) const {
  policy::RecipientFacts facts{.recipient = recipient};
  facts.null_sender = from_.is_null();
  inbound::add_domain(services_, facts);
  if (!facts.domain_is_local) return facts;
  facts.mailbox = policy::MailboxStatus::Exists;
  facts.owner = recipient;
  // A stranger can be told to wait; there is no folder here to keep his mail in.
  if (facts.screening == policy::Screening::Hold) facts.screening = policy::Screening::Off;
  facts.exceptions = inbound::find_exceptions(services_, sender(), recipient, std::nullopt);
  facts.excess = services_.conduct.excess(sender(), recipient, services_.clock.now());
  return facts;
}

net::Task<void> Transaction::find_out(policy::Question question, policy::RecipientFacts& facts) {
  switch (question) {
    case policy::Question::Spf:
      if (!spf_) spf_ = co_await authentication_->spf(inbound::patience_at_rcpt);
      facts.spf_known = true;
      facts.exceptions = inbound::find_exceptions(services_, sender(), facts.recipient, std::nullopt);
      break;
    case policy::Question::Relation: co_await inbound::find_relation(services_, sender(), facts); break;
    case policy::Question::Mailbox: facts.mailbox = policy::MailboxStatus::Exists; break;
    case policy::Question::Listing:
      if (!listing_) {
        listing_ = co_await inbound::ask_lists(services_, IpAddress::parse(client_.address));
        tell_(Level::Debug, "dnsbl", inbound::listing_fields(*listing_, client_.text()));
      }
      facts.stranger.listed_by = inbound::listed_by(services_, *listing_);
      break;
    case policy::Question::Greylist: facts.stranger.must_wait = inbound::wait_of(services_, sender()); break;
    case policy::Question::Message: break;  // nobody can
  }
}

policy::Enforcement Transaction::enforcement(const Admitted& admitted) const {
  if (!admitted.facts.domain_is_local) return policy::Enforcement::Observe;
  const auto* domain = services_.directory.find(*admitted.facts.recipient.domain());
  const bool acts = domain != nullptr && inbound::hangs_on_authentication(admitted.facts.intent, admitted.verdict);
  return acts ? domain->authentication : policy::Enforcement::Observe;
}

// By SMTP the copy of one who may not have it goes aside; here the message is one, and what becomes of it becomes of it
// for all. So those for whom its end could decide otherwise come one by one (RFC 5321 §4.5.3.1.10 has the reply).
bool Transaction::may_differ(const Admitted& a, const Admitted& b) const {
  return a.alone || b.alone || enforcement(a) != enforcement(b) ||
         a.facts.exceptions.message_could_decide != b.facts.exceptions.message_could_decide;
}

// ---- The message ----

void Transaction::add_field(const std::string& field) {
  if (!message_.refusal()) header_ += field;
  message_.add(field);
}

void Transaction::end_header() {
  message_.add("\r\n");
  if (authentication_) authentication_->look_ahead(message_);
}

void Transaction::add_body(std::string_view octets) {
  message_.add(octets);
  while (message_.has_pending()) (void)message_.take_chunk();  // the MTA has it
}

void Transaction::give_up() {
  message_.give_up(inbound::insufficient_storage());
  std::string().swap(header_);
}

// ---- Its end ----

net::Task<Outcome> Transaction::end() {
  (void)message_.finish();
  if (const auto& fault = message_.refusal()) co_return Outcome{.reply = *fault};
  ended_ = true;
  auto outcome = is_own() ? co_await end_own() : co_await end_outside();
  co_return outcome;
}

// Who may write as whom the MTA has decided; whose name we speak for, we sign for.
net::Task<Outcome> Transaction::end_own() {
  Outcome outcome{.reply = taken()};
  if (!remove_fields(outcome)) co_return Outcome{.reply = unreadable_header()};
  const Mailbox* author = message_.facts().author();
  if (author == nullptr || !author->domain() || !settings_.sign) co_return outcome;
  const auto signatures = settings_.sign(*author->domain(), header_, message_.facts().hashes.body);
  if (!signatures) {
    tell_(Level::Error, "signing-failed", {{"author", author->wire()}, {"reason", signatures.error().private_reason}});
    co_return Outcome{.reply = Reply(451, EnhancedCode{4, 3, 0}, "the message cannot be signed now")};
  }
  outcome.added = split_fields(*signatures);
  co_return outcome;
}

net::Task<Outcome> Transaction::end_outside() {
  const auto waits = [](const Admitted& r) { return inbound::hangs_on_authentication(r.facts.intent, r.verdict); };
  const milliseconds patience =
      std::ranges::any_of(admitted_, waits) ? milliseconds(net::inquiry_time) : inbound::patience_for_reports;
  outcomes_ = co_await authentication_->outcomes(message_, patience);
  const bool stopping = co_await net::is_cancelled();
  if (stopping) co_return Outcome{.reply = Reply(451, EnhancedCode{4, 3, 2}, "going down, try again later")};
  Outcome outcome{.reply = taken()};
  auto refusal = co_await judge_again(outcome);
  if (!refusal) refusal = enforce(outcome);
  if (refusal) co_return Outcome{.reply = *std::move(refusal)};
  if (!remove_fields(outcome)) co_return Outcome{.reply = unreadable_header()};
  const auto alike = [this](const Admitted& r) { return r.verdict.admission == admitted_.front().verdict.admission; };
  std::optional<policy::Admission> admission;
  if (!admitted_.empty() && std::ranges::all_of(admitted_, alike)) admission = admitted_.front().verdict.admission;
  auto confirmation = inbound::confirmation_result(false, admission, message_.facts().author(), from_);
  outcome.added =
      split_fields(inbound::authentication_fields(services_, std::move(confirmation), &*outcomes_,
                                                  &authentication_->spf_query(), from_.is_null(), client_.address));
  note_accepted();
  co_return outcome;
}

net::Task<std::optional<Reply>> Transaction::judge_again(Outcome& outcome) {
  spf_ = outcomes_->spf;
  for (auto& admitted : admitted_) {
    auto& facts = admitted.facts;
    if (!facts.domain_is_local || inbound::is_final(facts, admitted.verdict)) continue;
    facts.spf_known = facts.message_known = true;
    inbound::add_vouchers(outcomes_, facts);
    facts.klass = message_.facts().klass.klass;
    facts.exceptions = inbound::find_exceptions(services_, sender(), facts.recipient, std::nullopt);
    inbound::look_for_excess_again(services_, sender(), facts);
    const inbound::FindOut ask = [&](policy::Question question) { return find_out(question, facts); };
    auto judged = co_await inbound::judge_with(facts, ask);
    if (judged.verdict.rule == admitted.verdict.rule) continue;
    inbound::note_verdict(services_, sender(), facts, judged.verdict, &admitted.verdict);
    tell_(Level::Info, "rcpt", inbound::verdict_fields(services_, facts, judged.verdict, from_, client_.text()));
    admitted.verdict = std::move(judged.verdict);
  }
  std::vector<policy::Verdict> verdicts;
  std::ranges::transform(admitted_, std::back_inserter(verdicts), &Admitted::verdict);
  auto ending = policy::end_message(verdicts);
  if (ending.refusal) co_return std::move(ending.refusal);
  for (std::size_t n = 0; n < verdicts.size(); ++n) {
    if (ending.fates[n] != policy::Fate::Aside) continue;
    // Who may have it later: all come again. Who may not have it: nobody decides for the others but a person.
    if (verdicts[n].reply.transient()) co_return verdicts[n].reply;
    set_aside(outcome, "cas: " + verdicts[n].rule + " for " + admitted_[n].facts.recipient.wire());
  }
  co_return std::nullopt;
}

std::optional<Reply> Transaction::enforce(Outcome& outcome) {
  const auto verdict = inbound::judge_outcomes(services_, *outcomes_, from_.is_null(), message_.from_a_list());
  std::vector<policy::Enforcement> modes;
  for (const auto& admitted : admitted_) modes.push_back(enforcement(admitted));
  const auto handling = policy::handle_recipients(verdict, modes);
  inbound::EventFields fields{{"client", client_.text()}, {"helo", client_.helo}, {"from", from_.path()}};
  std::ranges::move(inbound::authentication_event(*outcomes_, verdict, handling), std::back_inserter(fields));
  tell_(Level::Info, "authentication", std::move(fields));
  const auto identity = sender();
  if (outcomes_->dmarc.result == auth::DmarcResult::Fail) {
    services_.conduct.misbehaved(identity, services_.clock.now());
  }
  for (std::size_t n = 0; n < admitted_.size(); ++n) {
    if (handling.recipients[n] == policy::Disposition::Quarantine) set_aside(outcome, "cas: " + verdict.rule);
    const auto& [facts, last, alone] = admitted_[n];
    const bool concerns = facts.domain_is_local && inbound::hangs_on_authentication(facts.intent, last);
    if (verdict.disposition == policy::Disposition::Accept || !concerns) continue;
    inbound::note_handling(services_, identity, facts.recipient, last, verdict, handling, modes[n]);
  }
  return handling.reply;
}

void Transaction::set_aside(Outcome& outcome, std::string why) const {
  if (settings_.options.hold_quarantined && !outcome.hold) outcome.hold = std::move(why);
}

// From the last to the first: an MTA counts those that are left.
bool Transaction::remove_fields(Outcome& outcome) const {
  const auto fields = parse_header(header_);
  if (!fields) return false;
  std::map<std::string, std::uint32_t> seen;
  for (const auto& field : *fields) {
    const auto index = ++seen[to_lower(field.name)];
    if (policy::is_dropped(field, boundary_)) outcome.removed.push_back({index, std::string(field.name)});
  }
  std::ranges::reverse(outcome.removed);
  return true;
}

void Transaction::note_accepted() const {
  std::vector<Mailbox> recipients;
  for (const auto& admitted : admitted_) {
    if (admitted.facts.domain_is_local) recipients.push_back(admitted.facts.recipient);
  }
  services_.conduct.accepted(sender(), recipients, services_.clock.now());
}

}  // namespace cas::milter
