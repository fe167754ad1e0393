// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Accepting, and the sessions that came of it.
#include "milter/server.hpp"

#include <boost/asio/post.hpp>
#include <list>

#include "base/guarded.hpp"
#include "milter/session.hpp"
#include "net/runtime.hpp"

namespace cas::milter {

namespace {

// On a thread. An MTA has one for each of its clients; who finds no place is told to come later by the MTA.
constexpr std::size_t most_connections = 2000;

}  // namespace

struct Server::State {
  using Settings = std::shared_ptr<const ServerSettings>;

  State(net::Executor server_executor, net::Listener server_listener, Settings server_settings)
      : executor(server_executor),
        listener(std::move(server_listener)),
        settings(std::move(server_settings)),
        bell(server_executor),
        running(server_executor, [this](std::string what) { report(std::move(what)); }),
        accepting(server_executor, [this](std::string what) { report(std::move(what)); }) {}

  [[nodiscard]] Settings current() const {
    return settings.with([](const Settings& now) { return now; });
  }
  void report(std::string what) const;
  net::Task<void> accept_loop();
  net::Task<void> serve(net::Stream stream, Settings now);
  net::Task<void> finish_up(std::chrono::milliseconds grace);

  net::Executor executor;
  net::Listener listener;
  Guarded<Settings> settings;
  net::Bell bell;
  std::list<std::shared_ptr<Session>> sessions;
  net::TaskGroup running;
  net::TaskGroup accepting;
  bool stopping = false;
};

void Server::State::report(std::string what) const {
  Event event{.level = Level::Error, .trace = {}, .queue_id = {}, .name = "milter-fault", .fields = {}};
  event.fields.emplace_back("reason", std::move(what));
  current()->services.events.emit(std::move(event));
}

net::Task<void> Server::State::accept_loop() {
  while (!stopping) {
    auto stream = co_await listener.accept();
    if (stopping) co_return;
    if (!stream) {
      report(stream.error().private_reason);
      if (stream.error().lasting == Lasting::Permanent) co_return;  // the socket is gone
      continue;
    }
    if (sessions.size() >= most_connections) {
      report("too many connections of MTAs");
      stream->abort();
      continue;
    }
    running.spawn(serve(std::move(*stream), current()));
  }
}

net::Task<void> Server::State::serve(net::Stream stream, Settings now) {
  const auto session = std::make_shared<Session>(std::move(stream), std::move(now), running);
  const auto entry = sessions.insert(sessions.end(), session);
  if (stopping) session->drain();
  co_await session->run();
  sessions.erase(entry);
  if (stopping) bell.ring();
}

net::Task<void> Server::State::finish_up(std::chrono::milliseconds grace) {
  stopping = true;
  listener.close();
  accepting.cancel();
  co_await accepting.join();
  for (const auto& session : sessions) session->drain();
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (!sessions.empty() && std::chrono::steady_clock::now() < deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    co_await bell.wait(left);
  }
  running.cancel();
  co_await running.join();
}

Server::Server(net::Executor executor, net::Listener listener, std::shared_ptr<const ServerSettings> settings)
    : state_(std::make_shared<State>(executor, std::move(listener), std::move(settings))) {}

Server::~Server() = default;

void Server::renew(std::shared_ptr<const ServerSettings> settings) {
  state_->settings.with([&](auto& now) { now = std::move(settings); });
}

void Server::start() {
  State* state = state_.get();
  boost::asio::post(state->executor, [state] { state->accepting.spawn(state->accept_loop()); });
}

void Server::stop(std::chrono::milliseconds grace) {
  State* state = state_.get();
  net::run_and_wait(state->executor, [state, grace] { return state->finish_up(grace); });
}

}  // namespace cas::milter
