// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop of a session: lines in, steps performed, replies gathered and sent when the client waits for them.
#include "inbound/session.hpp"

#include <pwd.h>

#include "base/encoding.hpp"

namespace cas::inbound {

using smtp::Step;

namespace {

constexpr std::size_t command_read = 1024;
constexpr std::size_t most_read = 32 * 1024;
constexpr milliseconds write_timeout{60000};
constexpr std::string_view superuser = "root";

// What is offered now; the accounts change while the server runs.
smtp::ServerOptions offers(smtp::ServerOptions options, const Services& services) {
  options.offer_scram = options.submission && services.accounts.offers_scram();
  return options;
}

TraceId draw_trace_id(Random& random) {
  std::array<std::uint8_t, 8> octets{};
  random.fill(octets);
  return hex(octets);
}

}  // namespace

Session::Session(net::Stream stream, std::shared_ptr<const SessionSettings> settings, net::TaskGroup& background)
    : stream_(std::move(stream)),
      settings_(std::move(settings)),
      options_(settings_->options),
      services_(settings_->services),
      background_(background),
      protocol_(offers(options_.smtp, services_)),
      memory_(services_.load.memory),
      trace_(draw_trace_id(services_.random)),
      deadline_(std::chrono::steady_clock::now() + options_.smtp.limits.session_timeout) {}

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

bool Session::comes_from(const std::vector<IpNetwork>& networks) const {
  const auto client = IpAddress::parse(stream_.peer().address);
  return client && is_within_any(*client, networks);
}

// The first step; none, and 421 is said, when nobody knows who it is.
net::Task<std::optional<Step>> Session::greet() {
  if (comes_from(options_.xclient_from)) protocol_.trust_front();
  if (!options_.local_users) {
    co_return protocol_.on_connect(options_.implicit_tls, comes_from(options_.trusted_networks));
  }
  const auto user = co_await local_user();
  if (!user) {
    event("auth", {{"client", "unix"}, {"result", "unknown"}, {"reason", user.error().private_reason}}, Level::Warning);
    say(smtp::Reply(421, smtp::EnhancedCode{4, 7, 0}, "you are no user of this system"));
    co_return std::nullopt;
  }
  std::optional<std::string> name;
  if (*user != superuser) name = *user;
  co_return protocol_.on_connect(false, true, std::move(name));
}

// The name of who connected. User databases may be slow: on a worker.
net::Task<Result<std::string>> Session::local_user() {
  const auto uid = stream_.peer_uid();
  if (!uid) co_return transient("no credentials");
  auto look = [uid]() -> Result<std::string> {
    if (*uid == 0) return std::string(superuser);
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    const int fault = ::getpwuid_r(*uid, &entry, buffer.data(), buffer.size(), &found);
    if (fault != 0 || found == nullptr) return transient("no user has the number " + std::to_string(*uid));
    return std::string(found->pw_name);
  };
  auto name = co_await services_.workers.run<std::string>(std::move(look));
  co_return name;
}

net::Task<void> Session::converse() {
  if (options_.implicit_tls) {
    const auto handshake = services_.load.connections.begin_handshake(stream_.peer().address);
    if (!handshake) co_return;
    const auto up = co_await shake_hands();
    if (!up) co_return;
  }
  std::optional<Step> step = co_await greet();
  if (options_.implicit_tls) bind_tls();
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
    waiting_since_ = std::chrono::steady_clock::now();
    const bool received = co_await receive();
    idle_ = false;
    waiting_since_.reset();
    if (leaving_) gone_ = true;  // farewell() has the last word
    if (!received || leaving_) co_return std::nullopt;
  }
}

net::Task<bool> Session::receive() {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - std::chrono::steady_clock::now());
  const auto timeout = std::min(command_time(), left);
  if (timeout <= milliseconds{0}) {
    say(smtp::Reply(421, smtp::EnhancedCode{4, 4, 2}, "session lasts too long"));
    co_await flush();
    co_return false;
  }
  const auto received = co_await read(much_follows_ ? most_read : command_read, timeout);
  gone_ = !received || *received == 0;
  co_return !gone_;
}

// RFC 5321 §4.5.3.2.7 wants five minutes; where connections are scarce, who says nothing has to make room.
milliseconds Session::command_time() const {
  const auto& limits = options_.smtp.limits;
  const bool busy = services_.load.connections.busy();
  return busy ? std::min(limits.busy_timeout, limits.command_timeout) : limits.command_timeout;
}

// Some octets for the line reader. The buffer lives while we wait, so it is small where waits are long.
net::Task<Result<std::size_t>> Session::read(std::size_t at_most, milliseconds timeout) {
  if (buffer_.size() != at_most) std::string(at_most, '\0').swap(buffer_);
  auto received = co_await stream_.read_some(buffer_, timeout);
  much_follows_ = received && *received == at_most;
  if (received) reader_.feed(std::string_view(buffer_).substr(0, *received));
  co_return received;
}

// What this session holds now.
void Session::account() {
  std::size_t held = reader_.pending().size() + out_.size();
  if (work_.arrival) held += work_.arrival->message().held();
  memory_.hold(held);
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
  const auto handshake = services_.load.connections.begin_handshake(stream_.peer().address);
  if (!handshake) {
    const auto refused = protocol_.on_no_tls(smtp::Reply(454, smtp::EnhancedCode{4, 7, 0}, "too busy for TLS now"));
    say(std::get<smtp::Respond>(refused).reply);
    co_return true;
  }
  say(step.reply);
  const bool sent = co_await flush();
  if (!sent) co_return false;
  // RFC 3207 §4.2: nothing that came before the handshake survives it.
  reader_.clear();
  const auto up = co_await shake_hands();
  gone_ = !up;
  if (gone_) co_return false;
  protocol_.on_tls();
  bind_tls();
  co_return true;
}

void Session::bind_tls() {
  tls_exporter_ = stream_.tls_exporter();
  if (!tls_exporter_.empty()) protocol_.bind_tls();
}

void Session::tell_certificate() const {
  constexpr std::size_t most = 5;
  std::string names;
  for (const auto& name : std::span(client_names_).first(std::min(most, client_names_.size()))) {
    names += (names.empty() ? "" : " ") + name;
  }
  event("client-certificate", {{"client", stream_.peer().text()},
                               {"names", names},
                               {"count", std::to_string(client_names_.size())},
                               {"resumed", stream_.tls_resumed() ? "yes" : "no"}});
}

net::Task<Result<void>> Session::shake_hands() {
  const auto timeout = std::min<milliseconds>(options_.smtp.limits.tls_timeout, command_time());
  net::TlsContext context = *options_.tls;
  const bool ask_client = !options_.smtp.submission;
  auto up = co_await stream_.start_tls_server(std::move(context), timeout, ask_client);
  if (!up) {
    services_.load.connections.count_failed_handshake(stream_.peer().address, services_.clock.now());
    event("tls-failed", {{"client", stream_.peer().text()}, {"reason", up.error().private_reason}});
    co_return up;
  }
  client_names_ = stream_.client_names();
  if (!client_names_.empty()) tell_certificate();
  co_return up;
}

// Reservations end with their transaction, at once (CAS §5.7: no CAS state outlives it).
void Session::forget_finished_transaction() {
  if (work_.serial == protocol_.transaction_serial()) return;
  work_ = Work{};
  work_.serial = protocol_.transaction_serial();
  account();
}

bool Session::has_waited(milliseconds time) const {
  return waiting_since_ && !leaving_ && std::chrono::steady_clock::now() - *waiting_since_ >= time;
}

net::Task<void> Session::farewell(bool busy) {
  if (leaving_ || !(busy ? waiting_since_.has_value() : idle_)) co_return;  // it woke up
  leaving_ = true;
  // RFC 5321 §3.8
  const smtp::Reply reply(421, busy ? smtp::EnhancedCode{4, 4, 2} : smtp::EnhancedCode{4, 3, 2},
                          options_.smtp.host.text() + (busy ? " is too busy to wait" : " is going down"));
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
