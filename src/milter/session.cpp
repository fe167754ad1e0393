// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Packets in, steps performed, replies out.
#include "milter/session.hpp"

#include <array>
#include <ranges>

#include "base/encoding.hpp"

namespace cas::milter {

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr milliseconds write_timeout{60000};

std::string packet_of(const Reply& reply) {
  return frame(print(reply));
}

/// What an MTA makes the reply of: it says 2xx itself.
Reply verdict_of(const smtp::Reply& reply) {
  if (reply.positive()) return Verdict::Continue;
  std::string text = reply.wire();
  text.resize(text.size() - 2);  // the last CRLF is the MTA's
  return ReplyCode{std::move(text)};
}

TraceId draw_trace_id(Random& random) {
  std::array<std::uint8_t, 8> octets{};
  random.fill(octets);
  return hex(octets);
}

}  // namespace

Session::Session(net::Stream stream, std::shared_ptr<const ServerSettings> settings, net::TaskGroup& background)
    : stream_(std::move(stream)),
      settings_(std::move(settings)),
      services_(settings_->services),
      background_(background),
      protocol_(Wants()),
      memory_(services_.load.memory),
      trace_(draw_trace_id(services_.random)) {}

net::Task<void> Session::run() {
  std::string fault;
  try {
    co_await converse();
  } catch (const std::exception& e) {
    fault = e.what();
  }
  // A bug of ours, caught once a connection: the MTA does what it does when its filter is gone.
  if (!fault.empty()) event(Level::Error, "session-fault", {{"reason", fault}});
  transaction_.reset();
  co_await stream_.close();
}

void Session::drain() {
  draining_ = true;
  if (idle_) stream_.abort();
}

net::Task<void> Session::converse() {
  while (true) {
    const auto packet = co_await next_packet();
    if (!packet) co_return;
    const bool go_on = co_await perform(*packet);
    if (!go_on) co_return;
  }
}

// None when the connection is over.
net::Task<std::optional<Packet>> Session::next_packet() {
  std::string buffer;
  while (true) {
    auto found = reader_.next();
    if (!found) {
      event(Level::Warning, "milter-protocol", {{"reason", found.error().public_text}});
      co_return std::nullopt;
    }
    if (*found) co_return *std::move(found);
    account();
    if (draining_ && !transaction_) co_return std::nullopt;
    if (buffer.empty()) buffer.resize(read_size);
    idle_ = !transaction_;
    // An MTA keeps a connection for as long as its client does.
    const auto received = co_await stream_.read_some(buffer, settings_->options.limits.session_timeout);
    idle_ = false;
    if (!received || *received == 0) co_return std::nullopt;
    reader_.feed(std::string_view(buffer).substr(0, *received));
  }
}

// False: the connection is over.
net::Task<bool> Session::perform(const Packet& packet) {
  auto step = protocol_.on_packet(packet);
  if (const auto* close = std::get_if<ServerSession::Close>(&step)) {
    if (!close->reason.empty()) event(Level::Warning, "milter-protocol", {{"reason", close->reason}});
    co_return false;
  }
  if (std::holds_alternative<ServerSession::Nothing>(step)) co_return true;
  std::string octets;
  if (auto* written = std::get_if<ServerSession::Send>(&step)) {
    octets = std::move(written->octets);
  } else {
    octets = co_await on(std::move(std::get<ServerSession::Happened>(step).what));
  }
  co_return co_await send(std::move(octets));
}

net::Task<bool> Session::send(std::string octets) {
  if (octets.empty()) co_return true;
  const auto sent = co_await stream_.write(octets, write_timeout);
  co_return sent.has_value();
}

net::Task<std::string> Session::on(Occurrence what) {
  if (auto* client = std::get_if<ClientConnected>(&what)) {
    client_ = {.address = std::move(client->address), .helo = {}, .local = client->local};
    co_return protocol_.answer(Verdict::Continue);
  }
  if (auto* greeted = std::get_if<ClientGreeted>(&what)) {
    client_.helo = std::move(greeted->name);
    transaction_.reset();  // RFC 5321 §4.1.4
    co_return protocol_.answer(Verdict::Continue);
  }
  if (const auto* sender = std::get_if<SenderNamed>(&what)) co_return on_sender(*sender);
  if (std::holds_alternative<TransactionOver>(what)) {
    transaction_.reset();
    co_return std::string();
  }
  if (std::holds_alternative<ClientLeft>(what)) {
    transaction_.reset();
    client_ = {};
    trace_ = draw_trace_id(services_.random);
    co_return std::string();
  }
  if (!transaction_) co_return protocol_.answer(Verdict::TempFail);  // its sender was refused
  if (auto* named = std::get_if<RecipientNamed>(&what)) {
    const auto reply = co_await transaction_->recipient(std::move(named->path));
    co_return protocol_.answer(verdict_of(reply));
  }
  if (auto* end = std::get_if<MessageEnded>(&what)) co_return co_await end_message(std::move(end->octets));
  if (const auto* field = std::get_if<FieldCame>(&what)) {
    transaction_->add_field(field->field);
  } else if (const auto* body = std::get_if<BodyCame>(&what)) {
    transaction_->add_body(body->octets);
  } else {
    transaction_->end_header();
  }
  account();
  co_return protocol_.answer(Verdict::Continue);
}

std::string Session::on_sender(const SenderNamed& sender) {
  transaction_.reset();
  if (services_.load.memory.scarce()) return protocol_.answer(verdict_of(inbound::insufficient_storage()));
  auto from = ReversePath::parse(sender.path);
  // What the MTA's own users write is its business.
  if (!from && !sender.user.empty()) from = ReversePath();
  if (!from) {
    const smtp::Reply reply(553, smtp::EnhancedCode{5, 1, 7}, "that is no address of a sender");
    return protocol_.answer(verdict_of(reply));
  }
  const auto tell = [this](Level level, std::string_view name, inbound::EventFields fields) {
    event(level, name, std::move(fields));
  };
  transaction_.emplace(*settings_, background_, underway_, client_, *std::move(from), sender.user, tell);
  return protocol_.answer(Verdict::Continue);
}

net::Task<std::string> Session::end_message(std::string octets) {
  transaction_->add_body(octets);
  const auto outcome = co_await transaction_->end();
  tell_end(outcome);
  transaction_.reset();
  account();
  if (!outcome.reply.positive()) co_return protocol_.answer(verdict_of(outcome.reply));
  co_return changes(outcome) + protocol_.answer(Verdict::Accept);
}

std::string Session::changes(const Outcome& outcome) const {
  std::string octets;
  for (const auto& [index, name] : outcome.removed) {
    octets += packet_of(ChangeHeader{.index = index, .name = name, .value = {}});
  }
  for (const auto& field : outcome.added | std::views::reverse) octets += protocol_.insert_first(field);
  const bool may_hold = (protocol_.actions() & action::quarantine) != 0;
  if (outcome.hold && may_hold) octets += packet_of(Quarantine{*outcome.hold});
  return octets;
}

// The MTA logs its own lines; `mta_id` is the name that they have in common with ours.
void Session::tell_end(const Outcome& outcome) const {
  const bool taken = outcome.reply.positive();
  event(Level::Info, "milter",
        {{"mta_id", protocol_.macro("i")},
         {"from", transaction_->from().path()},
         {"client", client_.text()},
         {"user", transaction_->user()},
         {"nrcpt", std::to_string(transaction_->recipients())},
         {"result", !taken         ? "refused"
                    : outcome.hold ? "held"
                                   : "accepted"},
         {"added", std::to_string(outcome.added.size())},
         {"removed", std::to_string(outcome.removed.size())},
         {"reply", taken ? outcome.hold.value_or("") : outcome.reply.summary()}});
}

void Session::account() {
  std::size_t held = reader_.pending();
  if (transaction_) {
    if (services_.load.memory.full()) transaction_->give_up();  // the client comes again
    held += transaction_->held();
  }
  memory_.hold(held);
}

void Session::event(Level level, std::string_view name, inbound::EventFields fields) const {
  Event what;
  what.level = level;
  what.trace = trace_;
  what.name = name;
  what.fields = std::move(fields);
  services_.events.emit(std::move(what));
}

}  // namespace cas::milter
