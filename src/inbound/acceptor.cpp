// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Accepting, and the sessions that came of it.
#include "inbound/acceptor.hpp"

#include <list>

#include "inbound/session.hpp"
#include "net/runtime.hpp"

namespace cas::inbound {

struct Acceptor::State {
  State(net::Executor acceptor_executor, net::Listener acceptor_listener, AcceptorOptions acceptor_options,
        const Services& acceptor_services)
      : executor(acceptor_executor),
        listener(std::move(acceptor_listener)),
        options(std::move(acceptor_options)),
        services(acceptor_services),
        bell(acceptor_executor),
        running(acceptor_executor, [this](std::string what) { report(std::move(what)); }),
        accepting(acceptor_executor, [this](std::string what) { report(std::move(what)); }) {}

  void report(std::string what) {
    Event event{.level = Level::Error, .trace = {}, .queue_id = {}, .name = "acceptor-fault", .fields = {}};
    event.fields.emplace_back("reason", std::move(what));
    services.events.emit(std::move(event));
  }

  net::Task<void> accept_loop();
  net::Task<void> serve(net::Stream stream);
  net::Task<void> see_off(std::shared_ptr<Session> session);
  net::Task<void> turn_away(net::Stream stream);
  net::Task<void> finish_up(std::chrono::milliseconds grace);

  net::Executor executor;
  net::Listener listener;
  AcceptorOptions options;
  const Services& services;
  net::Bell bell;
  std::list<std::shared_ptr<Session>> sessions;
  net::TaskGroup running;
  net::TaskGroup accepting;
  bool stopping = false;
};

net::Task<void> Acceptor::State::accept_loop() {
  while (!stopping) {
    auto stream = co_await listener.accept();
    if (stopping) co_return;
    if (!stream) {
      report(stream.error().private_reason);
      if (stream.error().lasting == Lasting::Permanent) co_return;  // the socket is gone
      continue;
    }
    if (sessions.size() >= options.max_sessions) {
      running.spawn(turn_away(std::move(*stream)));
    } else {
      running.spawn(serve(std::move(*stream)));
    }
  }
}

net::Task<void> Acceptor::State::serve(net::Stream stream) {
  const auto session = std::make_shared<Session>(std::move(stream), options, services, running);
  const auto place = sessions.insert(sessions.end(), session);
  co_await session->run();
  sessions.erase(place);
  if (stopping) bell.ring();
}

// The session may end while it is told goodbye: the client hung up. It stays until both are done.
net::Task<void> Acceptor::State::see_off(std::shared_ptr<Session> session) {
  co_await session->farewell();
}

net::Task<void> Acceptor::State::turn_away(net::Stream stream) {
  const smtp::Reply reply(421, smtp::EnhancedCode{4, 3, 2}, "too many connections, try again later");
  const std::string octets = reply.wire();
  co_await stream.write(octets, milliseconds(1000));
  co_await stream.close();
}

net::Task<void> Acceptor::State::finish_up(std::chrono::milliseconds grace) {
  stopping = true;
  listener.close();
  accepting.cancel();
  co_await accepting.join();
  for (const auto& session : sessions) {
    session->drain();
    if (session->idle()) running.spawn(see_off(session));
  }
  const auto deadline = services.clock.now() + grace;
  while (!sessions.empty() && services.clock.now() < deadline) {
    const auto left =
        std::max(std::chrono::duration_cast<milliseconds>(deadline - services.clock.now()), milliseconds{1});
    co_await bell.wait(left);
  }
  running.cancel();
  co_await running.join();
}

Acceptor::Acceptor(net::Executor executor, net::Listener listener, AcceptorOptions options, const Services& services)
    : state_(std::make_shared<State>(executor, std::move(listener), std::move(options), services)) {}

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
