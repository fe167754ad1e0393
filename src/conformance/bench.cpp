// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Connections kept, messages made, transactions played.
#include "conformance/bench.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "confirm/intent.hpp"

namespace cas::conformance {

using smtp::Reply;

namespace {

constexpr std::size_t failures_allowed = 2;  // the third ends the session (CAS §5.4)
constexpr std::size_t refusals_allowed = 6;  // servers hang up on clients that make many mistakes
constexpr std::chrono::hours lifetime{1};

}  // namespace

Bench::Bench(const Target& target, BenchOptions options, const Clock& clock, Random& random)
    : target_(target), options_(std::move(options)), clock_(clock), random_(random) {}

net::Task<Checked<Client*>> Bench::session(std::size_t failures) {
  if (client_) {
    bool fit = client_->usable() && client_->failed_confirms() + failures <= failures_allowed &&
               client_->refusals() <= refusals_allowed;
    if (fit) {
      const auto reset = co_await client_->ask("RSET");
      fit = reset && reset->code == 250;
    }
    if (!fit) {
      co_await client_->quit();
      client_.reset();
    }
  }
  if (!client_) {
    CAS_CO_TRY(client_, co_await extra_session());
  }
  co_return client_.get();
}

net::Task<Checked<std::unique_ptr<Client>>> Bench::extra_session(bool tls) {
  if (++connections_ > options_.max_connections) co_return not_checked("the run has used up its connections");
  auto client = std::make_unique<Client>(options_.client, dialog_);
  CAS_CO_CHECK(co_await client->open(tls));
  if (tls) chunking_ = client->offers("CHUNKING");
  co_return client;
}

void Bench::drop() {
  if (client_) client_->abandon();
  client_.reset();
}

net::Task<void> Bench::quit() {
  if (client_) co_await client_->quit();
  client_.reset();
}

Draft Bench::draft() {
  return draft_for({target_.recipient});
}

Draft Bench::draft_for(std::vector<Mailbox> to) {
  Draft draft;
  draft.letter = compose({.from = target_.author.wire(),
                          .to = to.front().wire(),
                          .subject = "CAS conformance " + check_,
                          .unique = unique(),
                          .date = now()});
  StatementFacts facts{.id = fresh_id(),
                       .signing_domain = target_.domain.text(),
                       .selector = target_.selector,
                       .envelope_from = local_of(target_.author) + "@" + target_.domain.text(),
                       .recipient_domain = to.front().domain()->text(),
                       .author = local_of(target_.author) + "@" + target_.domain.text(),
                       .recipients = {},
                       .key_type = target_.key.type(),
                       .issued = now(),
                       .expires = now() + lifetime};
  for (const auto& mailbox : to) facts.recipients.push_back(local_of(mailbox));
  draft.statement = state(std::move(facts));
  draft.mail = "MAIL FROM:<" + target_.author.wire() + ">";
  draft.to = std::move(to);
  draft.key = &target_.key;
  return draft;
}

std::string Bench::confirm(const Draft& draft) const {
  Statement statement = draft.statement;
  const auto m = std::ranges::find(statement.tags, "m", &Tag::name);
  if (m != statement.tags.end() && m->value.empty()) {
    confirm::IntentId id{};
    if (const auto octets = from_base64url(statement.value("i")); octets && octets->size() == id.size()) {
      std::ranges::copy(*octets, id.begin());
    }
    m->value = "c1:" + base64url(confirm::digest_c1(id, hashes_of(draft.letter.text())));
  }
  const auto line = statement.sign(*draft.key);
  if (!line) throw std::runtime_error(line.error().private_reason);
  return "CONFIRM " + *line;
}

std::string Bench::fresh_id() {
  std::array<std::uint8_t, 16> octets{};
  random_.fill(octets);
  return base64url(octets);
}

std::string Bench::unique() {
  std::array<std::uint8_t, 12> octets{};
  random_.fill(octets);
  return hex(octets);
}

net::Task<Checked<Answers>> Bench::offer(Client& client, const Draft& draft, std::string confirm) {
  std::vector<std::string> commands{draft.mail};
  if (!confirm.empty()) commands.push_back(std::move(confirm));
  const std::size_t first_rcpt = commands.size();
  for (const auto& mailbox : draft.to) commands.push_back(rcpt_command(mailbox));
  CAS_CO_TRY(const auto replies, co_await client.group(std::move(commands)));
  Answers answers;
  answers.mail = replies.front();
  answers.confirm = replies[first_rcpt - 1];
  answers.rcpt.assign(replies.begin() + static_cast<std::ptrdiff_t>(first_rcpt), replies.end());
  CAS_CO_CHECK(expect(answers.mail, "MAIL", "250"));
  co_return answers;
}

net::Task<Checked<Reply>> Bench::send(Client& client, std::string message) {
  CAS_CO_TRY(const Reply ready, co_await client.ask("DATA"));
  if (ready.code != 354) co_return ready;
  CAS_CO_CHECK(co_await client.say(to_data(message)));
  co_return co_await client.hear();
}

net::Task<Outcome> Bench::accept(Client& client, const Draft& draft, std::string what) {
  CAS_CO_TRY(const Answers answers, co_await offer(client, draft, confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM, " + what, "250 2.7.0"));
  for (const auto& reply : answers.rcpt) CAS_CO_CHECK(expect(reply, "RCPT, " + what, "250"));
  CAS_CO_TRY(const Reply end, co_await send(client, draft.letter.text()));
  CAS_CO_CHECK(expect(end, "the end of data, " + what, "250"));
  for (const auto& mailbox : draft.to) promise(draft, mailbox);
  co_return Outcome();
}

net::Task<Outcome> Bench::confirm_only(Client& client, const Draft& draft, std::string what, std::string wanted) {
  CAS_CO_TRY(const Reply mail, co_await client.ask(draft.mail));
  CAS_CO_CHECK(expect(mail, "MAIL", "250"));
  CAS_CO_TRY(const Reply reply, co_await client.ask(confirm(draft)));
  CAS_CO_CHECK(expect(reply, "CONFIRM, " + what, wanted));
  if (reply.positive()) {
    CAS_CO_TRY(const Reply reset, co_await client.ask("RSET"));
    CAS_CO_CHECK(expect(reset, "RSET", "250"));
  }
  co_return Outcome();
}

void Bench::promise(const Draft& draft, const Mailbox& mailbox, bool delivered) {
  promises_.push_back({draft.letter.message_id, mailbox.wire(), check_, delivered});
}

void Bench::begin(std::string_view check) {
  check_ = check;
  dialog_.lines.clear();
}

std::string rcpt_command(const Mailbox& mailbox) {
  return "RCPT TO:<" + mailbox.wire() + ">";
}

std::string local_of(const Mailbox& mailbox) {
  return confirm::percent_encode(mailbox.local().value());
}

}  // namespace cas::conformance
