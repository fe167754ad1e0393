// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The message, by DATA or by BDAT: read, hashed, judged at its end, committed. 250 to the end of data and to the last
// chunk is said after the commit is durable and never before; 250 to an earlier chunk promises nothing.
#include <algorithm>

#include "inbound/session.hpp"
#include "message/trace_fields.hpp"
#include "net/completion.hpp"

namespace cas::inbound {

using smtp::EnhancedCode;
using smtp::Reply;
using smtp::Step;

namespace {

constexpr std::size_t data_read = 32 * 1024;

std::string received_address(const std::string& address) {
  return address.contains(':') ? "IPv6:" + address : address;
}

}  // namespace

net::Task<std::optional<Step>> Session::read_body() {
  begin_message();
  smtp::DataDecoder decoder(work_.arrival->sink());
  const bool whole = co_await pump(decoder);
  if (!whole) co_return std::nullopt;
  auto reply = co_await end_message(decoder.malformed());
  co_return protocol_.on_body(std::move(reply));
}

net::Task<std::optional<Step>> Session::read_chunk(smtp::ReadChunk chunk) {
  if (!work_.chunks) {
    begin_message();
    work_.chunks.emplace(work_.arrival->sink());
  }
  work_.chunks->begin(chunk.octets);
  const bool whole = co_await pump(*work_.chunks);
  if (!whole) co_return std::nullopt;
  if (!chunk.last) {
    auto fault = message_fault(work_.chunks->malformed());
    if (fault) tell_refused(*fault);
    co_return protocol_.on_chunk(std::move(fault));
  }
  work_.chunks->end();
  auto reply = co_await end_message(work_.chunks->malformed());
  co_return protocol_.on_body(std::move(reply));
}

net::Task<std::optional<Step>> Session::skip_chunk(smtp::SkipChunk chunk) {
  forget_finished_transaction();
  smtp::ChunkSkipper skipper(chunk.octets);
  const bool whole = co_await pump(skipper);
  if (!whole) co_return std::nullopt;
  co_return protocol_.on_skipped();
}

void Session::begin_message() {
  const auto now = services_.clock.now();
  store::QueueId id = queue::make_queue_id(now, services_.random);
  policy::BoundaryFacts boundary;
  boundary.authserv_id = services_.host.text();
  boundary.origin = origin();
  boundary.now = to_unix(now);
  boundary.message_id = id + "@" + services_.host.text();
  work_.arrival = std::make_unique<Arrival>(services_.queue, std::move(id), std::move(boundary), options_.smtp.limits);
  if (is_filtered()) work_.arrival->keep_whole();
}

// Reads until the decoder has what it wants; false when the connection is over before. Replies are sent before waiting
// (RFC 2920 §3.2).
template <class Decoder>
net::Task<bool> Session::pump(Decoder& decoder) {
  while (true) {
    reader_.consume(decoder.feed(reader_.pending()));
    account();
    if (work_.arrival) {
      // One message makes room for the others: its sender comes again.
      if (services_.load.memory.full()) work_.arrival->message().give_up(insufficient_storage());
      account();
      if (work_.authentication) work_.authentication->look_ahead(work_.arrival->message());
      co_await work_.arrival->store_ready();
      account();
    }
    if (decoder.finished()) co_return true;
    const bool sent = co_await flush();
    if (!sent) co_return false;
    gone_ = std::chrono::steady_clock::now() > deadline_;
    if (gone_) co_return false;
    const bool received = co_await receive_data();
    if (!received) co_return false;
  }
}

// A client may take its time for a while, and has to keep a rate after that: one octet a minute holds nothing for
// hours.
net::Task<bool> Session::receive_data() {
  const auto& limits = options_.smtp.limits;
  const milliseconds left = pace_.left(limits.data_timeout, limits.data_rate);
  const auto timeout = std::min<milliseconds>(limits.data_timeout, left);
  const auto began = std::chrono::steady_clock::now();
  std::optional<std::size_t> octets;
  if (timeout > milliseconds{0}) {
    const auto received = co_await read(data_read, timeout);
    if (received) octets = *received;
  }
  const auto waited = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  pace_.waited += std::clamp(waited, milliseconds{0}, std::max(timeout, milliseconds{0}));
  pace_.octets += octets.value_or(0);
  if (octets && *octets > 0) co_return true;
  const bool slow = pace_.left(limits.data_timeout, limits.data_rate) <= milliseconds{0};
  if (!octets && slow) {
    event("too-slow", {{"client", stream_.peer().text()}, {"octets", std::to_string(pace_.octets)}}, Level::Warning);
    say(Reply(421, EnhancedCode{4, 4, 2}, "the message comes too slowly"));
    (void)co_await flush();
  }
  gone_ = true;
  co_return false;
}

// The reply to the end of the message.
net::Task<Reply> Session::end_message(bool malformed) {
  IncomingMessage& message = work_.arrival->message();
  (void)message.finish();  // what it says is a fault of the message from here on
  auto refusal = message_fault(malformed);
  if (!refusal) refusal = judge_message(message);
  if (!refusal && work_.authentication) refusal = co_await authenticate(message);
  if (!refusal && origin() == policy::Origin::Outside) refusal = co_await judge_again(message);
  if (!refusal && work_.authentication) refusal = enforce(message);
  if (!refusal && is_filtered()) refusal = co_await filter(message);
  if (!refusal && origin() == policy::Origin::User) co_await find_own_mailbox();
  if (refusal) {
    tell_refused(*refusal);
    co_return *std::move(refusal);
  }
  co_return co_await commit();
}

std::optional<Reply> Session::message_fault(bool malformed) const {
  if (malformed) {
    // RFC 5321 §2.3.8: nothing but CRLF ends a line; guessing is how mail is smuggled.
    return Reply(550, EnhancedCode{5, 6, 0}, "a bare CR, a bare LF or a NUL is in the message");
  }
  return work_.arrival->fault();
}

void Session::tell_refused(const Reply& reply) const {
  event("refused",
        {{"from", protocol_.mail()->from.path()}, {"client", stream_.peer().text()}, {"reply", reply.summary()}});
}

// Steps 15 to 17 (CAS §8.3) for an intent; who may write as whom for a user.
std::optional<Reply> Session::judge_message(const IncomingMessage& message) const {
  const auto& facts = message.facts();
  if (origin() == policy::Origin::OwnNetwork) return std::nullopt;
  if (origin() == policy::Origin::User) {
    if (auto over = login_is_over()) return over;
    if (facts.from_fields != 1 || facts.from_is_malformed || facts.from.empty()) {
      return Reply(554, EnhancedCode{5, 6, 0}, "a message needs one From field with an address (RFC 5322 3.6)");
    }
    policy::SenderFacts sender;
    sender.allowed = own_addresses();
    sender.envelope_from = protocol_.mail()->from;
    sender.header_from = facts.from;
    return policy::refuse_sender(sender);
  }
  if (!is_confirmed()) return std::nullopt;
  if (auto checked = confirm::check_message(*work_.intent, facts); !checked) {
    note_misbehaviour();
    return confirm::reply_for(checked.error());
  }
  return std::nullopt;
}

net::Task<Reply> Session::commit() {
  Arrival& arrival = *work_.arrival;
  const std::uint64_t size = arrival.message().size();
  queue::NewMessage fresh{
      .message = envelope(arrival.message(), arrival.id()), .small_body = {}, .recipients = new_recipients()};
  mark_forwarded(fresh);
  note_relations(fresh);
  if (fresh.recipients.empty()) {
    // A replay of what was committed with the same content (CAS §10.2): the copy that counts is durable already.
    event("swallowed", {{"from", protocol_.mail()->from.path()}});
    co_return Reply(250, EnhancedCode{2, 0, 0}, "ok, received before");
  }
  const auto complete = co_await hand_over_body(fresh);
  if (!complete) co_return smtp::reply_for(complete.error());
  auto start = [&](auto done) { services_.queue.commit(std::move(fresh), std::move(done)); };
  auto committed = co_await net::completion<Result<queue::Queue::Committed>>(std::move(start));
  if (!committed) {
    event("commit-failed", {{"reason", committed.error().private_reason}}, Level::Error);
    // A ledger that cannot be read is no reason to refuse for good (CAS §10.3).
    co_return is_confirmed() ? confirm::reply_for(confirm::Reason::LedgerDown) : smtp::reply_for(committed.error());
  }
  switch (committed->outcome) {
    case queue::CommitOutcome::Conflict: co_return confirm::reply_for(confirm::Reason::Replay);
    case queue::CommitOutcome::Swallowed: co_return Reply(250, EnhancedCode{2, 0, 0}, "ok, received before");
    case queue::CommitOutcome::Queued: break;
  }
  note_accepted();
  event("accepted",
        {{"from", protocol_.mail()->from.path()},
         {"size", std::to_string(size)},
         {"nrcpt", std::to_string(work_.admitted.size())},
         {"client", stream_.peer().text()}},
        Level::Info, committed->id);
  co_return Reply(250, EnhancedCode{2, 0, 0}, "queued as " + committed->id);
}

// The body goes to the queue as a whole or, when it is large, as what was stored there.
net::Task<Result<void>> Session::hand_over_body(queue::NewMessage& fresh) {
  Arrival& arrival = *work_.arrival;
  if (!arrival.is_large()) {
    fresh.small_body = arrival.message().take_chunk();
    co_return Result<void>();
  }
  CAS_CO_CHECK(co_await arrival.store_rest());
  fresh.draft = arrival.release();
  co_return Result<void>();
}

store::Message Session::envelope(const IncomingMessage& message, const store::QueueId& id) const {
  store::Message row;
  row.id = id;
  row.trace = trace_;
  row.arrived = services_.clock.now();
  row.sender = protocol_.mail()->from;
  row.user = protocol_.user().value_or("");
  row.sender_verified = origin() != policy::Origin::Outside || sender_is_known();
  row.body_size = message.size();
  row.prefix = trace_fields(id, message);
  row.eight_bit = message.eight_bit();
  row.smtputf8 = protocol_.mail()->smtputf8;
  row.require_tls = protocol_.mail()->require_tls;  // RFC 8689 §4.1
  if (const Mailbox* author = message.facts().author()) row.author = *author;
  row.klass = message.facts().klass.klass;
  row.list_id = message.facts().klass.list_id;
  row.hashes = message.facts().hashes;
  row.envid = protocol_.mail()->envid;
  row.ret = protocol_.mail()->ret;
  if (origin() == policy::Origin::Outside) {
    row.client = stream_.peer().address;
    row.client_helo = protocol_.helo();
  }
  return row;
}

// Whether a report to the envelope sender reaches who sent this, and no stranger (RFC 3834 §2, RFC 5321 §6.2).
bool Session::sender_is_known() const {
  const auto& sender = protocol_.mail()->from.mailbox();
  if (!sender || !sender->domain()) return false;
  // A signer vouches for addresses of its own domain alone (CAS §8.4).
  if (is_confirmed()) return sender->domain()->is_within(work_.intent->signing_domain);
  // SPF is about the envelope: the domain says that this client may use its addresses. DKIM and DMARC are about what
  // the message shows; a message that is replayed passes both below any envelope.
  if (!work_.outcomes) return false;
  const auto& spf = work_.outcomes->spf;
  return spf.identity == auth::SpfIdentity::MailFrom && spf.result == auth::SpfResult::Pass;
}

std::string Session::trace_fields(const store::QueueId& id, const IncomingMessage& message) const {
  std::string fields;
  if (origin() == policy::Origin::Outside) fields = authentication_fields(message);
  Received received;
  received.helo = protocol_.helo();
  // RFC 6409 leaves it to the site; whoever submits need not tell the world from where.
  if (origin() != policy::Origin::User) received.client_address = received_address(stream_.peer().address);
  received.by = services_.host.text();
  received.with = protocol_.protocol_word();
  received.id = id;
  if (work_.admitted.size() == 1) received.for_mailbox = work_.admitted.front().address;
  received.time = to_unix(services_.clock.now());
  return fields + format_received(received);
}

}  // namespace cas::inbound
