// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop of a session: lines in, steps performed, replies gathered and sent when the client waits for them.
#include "inbound/session.hpp"

#include "base/encoding.hpp"

namespace cas::inbound {

using smtp::Step;

namespace {

constexpr std::size_t read_size = 32 * 1024;
constexpr milliseconds write_timeout{60000};
constexpr milliseconds tls_timeout{60000};

TraceId draw_trace_id(Random& random) {
  std::array<std::uint8_t, 8> octets{};
  random.fill(octets);
  return hex(octets);
}

}  // namespace

Session::Session(net::Stream stream, const AcceptorOptions& options, const Services& services,
                 net::TaskGroup& background)
    : stream_(std::move(stream)),
      options_(options),
      services_(services),
      background_(background),
      protocol_(options.smtp),
      trace_(draw_trace_id(services.random)),
      deadline_(services.clock.now() + options.smtp.limits.session_timeout) {
  buffer_.resize(read_size);
}

net::Task<void> Session::run() {
  event("connect", {{"client", stream_.peer().text()}, {"listener", stream_.local().text()}}, Level::Debug);
  std::string fault;
  try {
    co_await converse();
  } catch (const std::exception& e) {
    fault = e.what();
  }
  if (!fault.empty()) {
    // A bug of ours, caught once a session: the client may try again.
    event("session-fault", {{"reason", fault}}, Level::Error);
    out_.clear();
    say(smtp::Reply(421, smtp::EnhancedCode{4, 3, 0}, "internal error, try again later"));
    co_await flush();
  }
  idle_ = false;
  work_ = Work{};
  if (!leaving_) co_await stream_.close();
  event("disconnect", {{"client", stream_.peer().text()}}, Level::Debug);
}

bool Session::is_own_network() const {
  const auto client = IpAddress::parse(stream_.peer().address);
  return client && is_within_any(*client, options_.trusted_networks);
}

net::Task<void> Session::converse() {
  if (options_.implicit_tls) {
    net::TlsContext context = *options_.tls;
    auto up = co_await stream_.start_tls_server(std::move(context), tls_timeout);
    if (!up) {
      event("tls-failed", {{"client", stream_.peer().text()}, {"reason", up.error().private_reason}});
      co_return;
    }
  }
  std::optional<Step> step = protocol_.on_connect(options_.implicit_tls, is_own_network());
  while (step && !gone_) {
    const bool go_on = co_await perform(*step);
    forget_finished_transaction();
    if (!go_on) break;
    step = co_await next_line();
  }
  if (!gone_) co_await flush();
}

// Performs a step and those that follow from it, until the next line is needed. False: the session is over.
net::Task<bool> Session::perform(Step& step) {
  while (true) {
    if (const auto* respond = std::get_if<smtp::Respond>(&step)) {
      say(respond->reply);
      co_return !respond->close;
    }
    if (const auto* challenge = std::get_if<smtp::ReadAuth>(&step)) {
      say(challenge->reply);
      co_return true;
    }
    if (const auto* tls = std::get_if<smtp::UpgradeTls>(&step)) {
      co_return co_await upgrade(*tls);
    }
    std::optional<Step> next;
    if (const auto* body = std::get_if<smtp::ReadBody>(&step)) {
      say(body->reply);
      next = co_await read_body();
    } else if (const auto* chunk = std::get_if<smtp::ReadChunk>(&step)) {
      next = co_await read_chunk(*chunk);
    } else if (const auto* unwanted = std::get_if<smtp::SkipChunk>(&step)) {
      next = co_await skip_chunk(*unwanted);
    } else {
      next = co_await answer(std::move(step));
    }
    if (!next) co_return false;
    step = *std::move(next);
  }
}

// The next command, or none when the connection is over. Replies are sent before waiting (RFC 2920 §3.2).
net::Task<std::optional<Step>> Session::next_line() {
  while (true) {
    const auto found = reader_.next(protocol_.line_limit());
    if (const auto* line = std::get_if<smtp::Line>(&found)) {
      if (draining_ && !protocol_.mail()) co_return protocol_.on_shutdown();
      co_return protocol_.on_line(line->text);
    }
    if (const auto* line = std::get_if<smtp::TooLong>(&found)) co_return protocol_.on_too_long_line(line->beginning);
    if (std::holds_alternative<smtp::Malformed>(found)) co_return protocol_.on_malformed_line();
    const bool sent = co_await flush();
    if (!sent) co_return std::nullopt;
    if (draining_ && !protocol_.mail()) co_return protocol_.on_shutdown();
    idle_ = !protocol_.mail();
    const bool received = co_await receive();
    idle_ = false;
    if (leaving_) gone_ = true;  // farewell() has the last word
    if (!received || leaving_) co_return std::nullopt;
  }
}

net::Task<bool> Session::receive() {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - services_.clock.now());
  const auto timeout = std::min<milliseconds>(options_.smtp.limits.command_timeout, left);
  if (timeout <= milliseconds{0}) {
    say(smtp::Reply(421, smtp::EnhancedCode{4, 4, 2}, "session lasts too long"));
    co_await flush();
    co_return false;
  }
  auto received = co_await stream_.read_some(buffer_, timeout);
  if (!received || *received == 0) {
    gone_ = true;
    co_return false;
  }
  reader_.feed(std::string_view(buffer_).substr(0, *received));
  co_return true;
}

void Session::say(const smtp::Reply& reply) {
  out_ += reply.wire();
}

net::Task<bool> Session::flush() {
  if (out_.empty()) co_return true;
  std::string octets;
  octets.swap(out_);
  auto sent = co_await stream_.write(octets, write_timeout);
  if (!sent) gone_ = true;
  co_return sent.has_value();
}

net::Task<bool> Session::upgrade(const smtp::UpgradeTls& step) {
  say(step.reply);
  const bool sent = co_await flush();
  if (!sent) co_return false;
  // RFC 3207 §4.2: nothing that came before the handshake survives it.
  reader_.clear();
  net::TlsContext context = *options_.tls;
  auto up = co_await stream_.start_tls_server(std::move(context), tls_timeout);
  if (!up) {
    event("tls-failed", {{"client", stream_.peer().text()}, {"reason", up.error().private_reason}});
    gone_ = true;
    co_return false;
  }
  protocol_.on_tls();
  co_return true;
}

// Reservations end with their transaction, at once (CAS §5.7: no CAS state outlives it).
void Session::forget_finished_transaction() {
  if (work_.serial == protocol_.transaction_serial()) return;
  work_ = Work{};
  work_.serial = protocol_.transaction_serial();
}

net::Task<void> Session::farewell() {
  if (!idle_) co_return;  // it woke up, and says so itself: it is draining
  leaving_ = true;
  const smtp::Reply reply(421, smtp::EnhancedCode{4, 3, 2}, options_.smtp.host.text() + " is going down");
  const std::string octets = reply.wire();
  co_await stream_.write(octets, milliseconds(1000));
  stream_.abort();
}

void Session::event(std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields, Level level,
                    const store::QueueId& id) const {
  Event what;
  what.level = level;
  what.trace = trace_;
  what.queue_id = id;
  what.name = name;
  what.fields = std::move(fields);
  services_.events.emit(std::move(what));
}

}  // namespace cas::inbound
