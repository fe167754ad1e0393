// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The message: read, hashed, judged at its end, committed. 250 is said after the commit is durable and never before.
#include <algorithm>

#include "auth/authentication_results.hpp"
#include "inbound/session.hpp"
#include "message/trace_fields.hpp"
#include "net/completion.hpp"

namespace cas::inbound {

using smtp::EnhancedCode;
using smtp::Reply;

namespace {

std::string host_part(const Mailbox& mailbox) {
  return mailbox.domain() ? mailbox.domain()->text() : "[" + mailbox.literal()->text + "]";
}

std::string received_address(const std::string& address) {
  return address.contains(':') ? "IPv6:" + address : address;
}

}  // namespace

// The reply to the end of data; none when the connection broke before it.
net::Task<std::optional<Reply>> Session::read_message() {
  const bool ready = co_await flush();
  if (!ready) co_return std::nullopt;

  const auto now = services_.clock.now();
  const store::QueueId id = queue::make_queue_id(now, services_.random);
  policy::BoundaryFacts boundary;
  boundary.authserv_id = services_.host.text();
  boundary.submission = options_.smtp.submission;
  boundary.now = to_unix(now);
  boundary.message_id = id + "@" + services_.host.text();

  IncomingMessage message(std::move(boundary), options_.smtp.limits);
  smtp::DataDecoder decoder([&message](std::string_view octets) { message.add(octets); });
  store::BodyId body = 0;
  auto stored = co_await pump(decoder, message, body);
  if (gone_) {
    if (body != 0) services_.queue.discard(body);
    co_return std::nullopt;
  }
  std::optional<Reply> refusal;
  if (decoder.malformed()) {
    // RFC 5321 §2.3.8: nothing but CRLF ends a line; guessing is how mail is smuggled.
    refusal = Reply(550, EnhancedCode{5, 6, 0}, "a bare CR, a bare LF or a NUL is in the message");
  }
  auto unusable = message.finish();
  if (!refusal) refusal = std::move(unusable);
  if (!refusal && !stored) refusal = smtp::reply_for(stored.error());
  if (!refusal) refusal = judge_message(message);
  if (refusal) {
    if (body != 0) services_.queue.discard(body);
    event("refused", {{"from", protocol_.mail()->from.path()}, {"reply", refusal->summary()}});
    co_return refusal;
  }
  co_return co_await commit(id, message, body);
}

// Reads through the final dot, also after a failure of the store, so that the client hears the reply.
net::Task<Result<void>> Session::pump(smtp::DataDecoder& decoder, IncomingMessage& message, store::BodyId& body) {
  Result<void> stored;
  while (true) {
    const std::size_t used = decoder.feed(reader_.pending());
    reader_.consume(used);
    while (stored && message.chunk_ready()) stored = co_await store_chunk(message, body);
    while (!stored && message.chunk_ready()) (void)message.take_chunk();
    if (decoder.finished()) co_return stored;
    if (services_.clock.now() > deadline_) {
      gone_ = true;
      co_return stored;
    }
    auto received = co_await stream_.read_some(buffer_, options_.smtp.limits.data_timeout);
    if (!received || *received == 0) {
      gone_ = true;
      co_return stored;
    }
    reader_.feed(std::string_view(buffer_).substr(0, *received));
  }
}

net::Task<Result<void>> Session::store_chunk(IncomingMessage& message, store::BodyId& body) {
  auto start = [&](auto done) { services_.queue.append(body, message.take_chunk(), std::move(done)); };
  auto id = co_await net::completion<Result<store::BodyId>>(std::move(start));
  if (!id) co_return std::unexpected(std::move(id).error());
  body = *id;
  co_return Result<void>();
}

// Steps 15 and 16 (CAS §5) for an intent; who may write as whom for a submission.
std::optional<Reply> Session::judge_message(const IncomingMessage& message) const {
  const auto& facts = message.facts();
  if (options_.smtp.submission) {
    if (facts.from_fields != 1 || facts.from_is_malformed || facts.from.empty()) {
      return Reply(554, EnhancedCode{5, 6, 0}, "a message needs one From field with an address (RFC 5322 3.6)");
    }
    const Account* account = services_.accounts.find(protocol_.user().value_or(""));
    policy::SenderFacts sender;
    if (account != nullptr) sender.allowed = account->send_as;
    sender.envelope_from = protocol_.mail()->from;
    sender.header_from = facts.from;
    return policy::refuse_sender(sender);
  }
  if (!work_.intent) return std::nullopt;
  if (auto checked = confirm::check_message(*work_.intent, facts); !checked) {
    return confirm::reply_for(checked.error());
  }
  return std::nullopt;
}

net::Task<Reply> Session::commit(const store::QueueId& id, IncomingMessage& message, store::BodyId& body) {
  queue::NewMessage fresh{.message = envelope(message, id), .small_body = {}, .recipients = {}};
  for (const auto& admitted : work_.admitted) {
    if (!admitted.swallowed) fresh.recipients.push_back(new_recipient(admitted));
  }
  if (fresh.recipients.empty()) {
    // A replay of what was committed with the same content (CAS §1.10): the copy that counts is durable already.
    if (body != 0) services_.queue.discard(body);
    event("swallowed", {{"from", protocol_.mail()->from.path()}});
    co_return Reply(250, EnhancedCode{2, 0, 0}, "ok, received before");
  }
  if (body != 0 || message.chunk_ready()) {
    Result<void> last;
    while (last && message.has_pending()) last = co_await store_chunk(message, body);
    if (!last) {
      services_.queue.discard(body);
      co_return smtp::reply_for(last.error());
    }
    fresh.message.body = body;
  } else {
    fresh.small_body = message.take_chunk();
  }
  auto start = [&](auto done) { services_.queue.commit(std::move(fresh), std::move(done)); };
  auto committed = co_await net::completion<Result<queue::Queue::Committed>>(std::move(start));
  if (!committed) {
    if (body != 0) services_.queue.discard(body);
    event("commit-failed", {{"reason", committed.error().private_reason}}, Level::Error);
    co_return smtp::reply_for(committed.error());
  }
  switch (committed->outcome) {
    case queue::CommitOutcome::Conflict: co_return confirm::reply_for(confirm::Reason::Replay);
    case queue::CommitOutcome::Swallowed: co_return Reply(250, EnhancedCode{2, 0, 0}, "ok, received before");
    case queue::CommitOutcome::Queued: break;
  }
  event("accepted",
        {{"from", protocol_.mail()->from.path()},
         {"size", std::to_string(message.size())},
         {"nrcpt", std::to_string(work_.admitted.size())},
         {"client", stream_.peer().text()}},
        Level::Info, committed->id);
  co_return Reply(250, EnhancedCode{2, 0, 0}, "queued as " + committed->id);
}

store::Message Session::envelope(const IncomingMessage& message, const store::QueueId& id) const {
  store::Message row;
  row.id = id;
  row.trace = trace_;
  row.arrived = services_.clock.now();
  row.sender = protocol_.mail()->from;
  row.user = protocol_.user().value_or("");
  // A signer vouches for addresses of its own domain alone: a report to any other could reach a stranger (CAS §1.12).
  const auto& sender = row.sender.mailbox();
  const bool signers_own =
      work_.intent && sender && sender->domain() && sender->domain()->is_within(work_.intent->signing_domain);
  row.sender_verified = options_.smtp.submission || signers_own;
  row.body_size = message.size();
  row.prefix = trace_fields(id, message);
  row.eight_bit = message.eight_bit();
  row.smtputf8 = protocol_.mail()->smtputf8;
  if (message.facts().from.size() == 1) row.author = message.facts().from.front();
  row.klass = message.facts().klass.klass;
  row.list_id = message.facts().klass.list_id;
  row.hashes = message.facts().hashes;
  return row;
}

std::string Session::trace_fields(const store::QueueId& id, const IncomingMessage& message) const {
  std::string fields;
  if (!options_.smtp.submission) {
    auth::MethodResult cas{.method = "cas", .result = work_.intent ? "pass" : "none", .reason = {}, .properties = {}};
    const auto admission = work_.admitted.front().admission;
    const bool alike = std::ranges::all_of(work_.admitted, [&](const auto& r) { return r.admission == admission; });
    if (alike) cas.properties.emplace_back("policy.cas", std::string(policy::to_string(admission)));
    if (message.facts().from.size() == 1)
      cas.properties.emplace_back("header.from", host_part(message.facts().from[0]));
    const auto& sender = protocol_.mail()->from.mailbox();
    if (sender) cas.properties.emplace_back("smtp.mailfrom", sender->wire());
    fields += auth::format_authentication_results(services_.host.text(), {cas});
  }
  Received received;
  received.helo = protocol_.helo();
  // RFC 6409 leaves it to the site; whoever submits need not tell the world from where.
  if (!options_.smtp.submission) received.client_address = received_address(stream_.peer().address);
  received.by = services_.host.text();
  received.with = protocol_.protocol_word();
  received.id = id;
  if (work_.admitted.size() == 1) received.for_mailbox = work_.admitted.front().address;
  received.time = to_unix(services_.clock.now());
  return fields + format_received(received);
}

queue::NewRecipient Session::new_recipient(const Admitted& admitted) const {
  queue::NewRecipient recipient{.address = admitted.address, .route = admitted.route, .ledger = std::nullopt};
  if (admitted.lease) {
    recipient.ledger = queue::NewRecipient::Ledger{.key = admitted.lease->key(),
                                                   .m = *work_.intent->digest,
                                                   .keep_until = confirm::ledger_keep_until(*work_.intent)};
  }
  return recipient;
}

}  // namespace cas::inbound
