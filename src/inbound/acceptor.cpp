// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Accepting, and the sessions that came of it.
#include "inbound/acceptor.hpp"

#include <list>

#include "inbound/session.hpp"
#include "net/runtime.hpp"

namespace cas::inbound {

namespace {

constexpr milliseconds refusal_time{1000};
constexpr std::size_t most_refusals = 64;  // that are being said on a thread; who comes then is not told

}  // namespace

struct Acceptor::State {
  using Settings = std::shared_ptr<const SessionSettings>;

  State(net::Executor acceptor_executor, net::Listener acceptor_listener, Settings acceptor_settings)
      : executor(acceptor_executor),
        listener(std::move(acceptor_listener)),
        settings(std::move(acceptor_settings)),
        bell(acceptor_executor),
        running(acceptor_executor, [this](std::string what) { report(std::move(what)); }),
        accepting(acceptor_executor, [this](std::string what) { report(std::move(what)); }) {}

  [[nodiscard]] Settings current() const {
    return settings.with([](const Settings& now) { return now; });
  }
  void report(std::string what) const;
  void tell_refused(const SessionSettings& now, const net::Stream& stream,
                    const policy::Connections::Refused& refused) const;
  void admit(net::Stream stream);
  void decline(net::Stream stream, policy::Crowd crowd);
  void shed(const SessionSettings& now);

  net::Task<void> accept_loop();
  net::Task<void> serve(net::Stream stream, policy::Connections::Place place, Settings now);
  net::Task<void> see_off(std::shared_ptr<Session> session, bool busy);
  net::Task<void> turn_away(net::Stream stream, policy::Crowd crowd);
  net::Task<void> finish_up(std::chrono::milliseconds grace);

  net::Executor executor;
  net::Listener listener;
  Guarded<Settings> settings;
  net::Bell bell;
  std::list<std::shared_ptr<Session>> sessions;
  net::TaskGroup running;
  net::TaskGroup accepting;
  TimePoint shed_at;
  std::size_t refusals = 0;
  bool stopping = false;
};

void Acceptor::State::report(std::string what) const {
  Event event{.level = Level::Error, .trace = {}, .queue_id = {}, .name = "acceptor-fault", .fields = {}};
  event.fields.emplace_back("reason", std::move(what));
  current()->services.events.emit(std::move(event));
}

void Acceptor::State::tell_refused(const SessionSettings& now, const net::Stream& stream,
                                   const policy::Connections::Refused& refused) const {
  if (refused.tell == 0) return;
  Event event{.level = Level::Warning, .trace = {}, .queue_id = {}, .name = "too-many-connections", .fields = {}};
  event.fields.emplace_back("client", stream.peer().address);
  event.fields.emplace_back("limit", word(refused.crowd));
  event.fields.emplace_back("refused", std::to_string(refused.tell));
  now.services.events.emit(std::move(event));
}

net::Task<void> Acceptor::State::accept_loop() {
  while (!stopping) {
    auto stream = co_await listener.accept();
    if (stopping) {
      if (stream) decline(std::move(*stream), policy::Crowd::Server);
      co_return;
    }
    if (!stream) {
      report(stream.error().private_reason);
      if (stream.error().lasting == Lasting::Permanent) co_return;  // the socket is gone
      continue;
    }
    admit(std::move(*stream));
  }
}

void Acceptor::State::admit(net::Stream stream) {
  auto now = current();
  if (now->services.load.connections.busy()) shed(*now);
  auto entered = now->services.load.connections.enter(stream.peer().address, now->services.clock.now());
  if (entered.place) {
    running.spawn(serve(std::move(stream), *std::move(entered.place), std::move(now)));
    return;
  }
  tell_refused(*now, stream, entered.refused);
  decline(std::move(stream), entered.refused.crowd);
}

void Acceptor::State::decline(net::Stream stream, policy::Crowd crowd) {
  if (refusals >= most_refusals || current()->options.implicit_tls) return stream.abort();
  ++refusals;
  running.spawn(turn_away(std::move(stream), crowd));
}

// Makes room: who has kept us waiting for longer than one may while connections are scarce. Once a second at most.
void Acceptor::State::shed(const SessionSettings& now) {
  const auto time = now.services.clock.now();
  if (time - shed_at < std::chrono::seconds(1) && time >= shed_at) return;
  shed_at = time;
  for (const auto& session : sessions) {
    if (session->has_waited(now.options.smtp.limits.busy_timeout)) running.spawn(see_off(session, true));
  }
}

net::Task<void> Acceptor::State::serve(net::Stream stream, policy::Connections::Place place, Settings now) {
  const auto held = std::move(place);
  const auto session = std::make_shared<Session>(std::move(stream), std::move(now), running);
  const auto entry = sessions.insert(sessions.end(), session);
  co_await session->run();
  sessions.erase(entry);
  if (stopping) bell.ring();
}

// The session may end while it is told goodbye: the client hung up. It stays until both are done.
net::Task<void> Acceptor::State::see_off(std::shared_ptr<Session> session, bool busy) {
  co_await session->farewell(busy);
}

// RFC 5321 §4.2.2 and §3.8: 421, and the connection is closed; the client comes again.
net::Task<void> Acceptor::State::turn_away(net::Stream stream, policy::Crowd crowd) {
  const bool ours = crowd == policy::Crowd::Server;
  const smtp::Reply reply = ours ? smtp::Reply(421, smtp::EnhancedCode{4, 3, 2}, "too busy, try again later")
                                 : smtp::Reply(421, smtp::EnhancedCode{4, 7, 0},
                                               "too many connections from your "
                                               "address, try again later");
  const std::string octets = reply.wire();
  co_await stream.write(octets, refusal_time);
  co_await stream.close();
  --refusals;
  if (stopping) bell.ring();
}

net::Task<void> Acceptor::State::finish_up(std::chrono::milliseconds grace) {
  stopping = true;
  listener.close();
  accepting.cancel();
  co_await accepting.join();
  for (const auto& session : sessions) {
    session->drain();
    if (session->idle()) running.spawn(see_off(session, false));
  }
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while ((!sessions.empty() || refusals > 0) && std::chrono::steady_clock::now() < deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    co_await bell.wait(left);
  }
  running.cancel();
  co_await running.join();
}

Acceptor::Acceptor(net::Executor executor, net::Listener listener, std::shared_ptr<const SessionSettings> settings)
    : state_(std::make_shared<State>(executor, std::move(listener), std::move(settings))) {}

void Acceptor::renew(std::shared_ptr<const SessionSettings> settings) {
  state_->settings.with([&](auto& now) { now = std::move(settings); });
}

Acceptor::~Acceptor() = default;

void Acceptor::start() {
  State* state = state_.get();
  boost::asio::post(state->executor, [state] { state->accepting.spawn(state->accept_loop()); });
}

void Acceptor::stop(std::chrono::milliseconds grace) {
  State* state = state_.get();
  net::run_and_wait(state->executor, [state, grace] { return state->finish_up(grace); });
}

}  // namespace cas::inbound
