// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Two pumps for each connection, which meet at STARTTLS. Every octet is written down before it is passed on, so the
// order on the tape is an order that the peers could see.
#include "cmd/demo_tap.hpp"

#include <algorithm>
#include <array>
#include <list>

#include "base/guarded.hpp"

namespace cas::cmd {
namespace {

constexpr milliseconds connect_timeout{10000};
constexpr milliseconds handshake_timeout{10000};
constexpr milliseconds silence{120000};
constexpr std::size_t max_sessions = 200;

struct Tape {
  Recorder recorder;
  bool finished = false;
};
using Tapes = Guarded<std::list<std::shared_ptr<Guarded<Tape>>>>;

struct Connection {
  explicit Connection(const net::Executor& executor) : tls_done(executor) {}
  net::Stream client, server;
  net::Bell tls_done;
  std::shared_ptr<Guarded<Tape>> tape = std::make_shared<Guarded<Tape>>();

  void cut() {
    client.abort();
    server.abort();
  }
};

void write_down(Guarded<Tape>& tape, Speaker who, std::string_view octets) {
  const auto now = std::chrono::steady_clock::now();
  tape.with([&](Tape& t) { t.recorder.on_octets(who, octets, now); });
}

}  // namespace

struct Tap::State {
  State(const net::Executor& on, net::Listener listening, net::Endpoint to, net::TlsContext server_side,
        net::TlsContext client_side)
      : executor(on),
        listener(std::move(listening)),
        target(std::move(to)),
        server(std::move(server_side)),
        client(std::move(client_side)),
        tasks(on) {}

  net::Task<void> accept_all();
  net::Task<void> serve(std::shared_ptr<Connection> connection);
  net::Task<void> pump_client(std::shared_ptr<Connection> connection);
  net::Task<void> pump_server(std::shared_ptr<Connection> connection);
  net::Task<Result<void>> switch_to_tls(Connection& connection);
  void remember(const std::shared_ptr<Connection>& connection);

  net::Executor executor;
  net::Listener listener;
  net::Endpoint target;
  net::TlsContext server, client;
  net::TaskGroup tasks;
  bool stopping = false;
  std::list<std::weak_ptr<Connection>> open;
  Tapes tapes;
};

void Tap::State::remember(const std::shared_ptr<Connection>& connection) {
  std::erase_if(open, [](const auto& old) { return old.expired(); });
  open.push_back(connection);
  tapes.with([&](auto& list) {
    list.push_back(connection->tape);
    if (list.size() > max_sessions) list.pop_front();
  });
}

net::Task<void> Tap::State::accept_all() {
  while (!stopping) {
    auto accepted = co_await listener.accept();
    if (!accepted) continue;
    auto connection = std::make_shared<Connection>(executor);
    connection->client = *std::move(accepted);
    remember(connection);
    tasks.spawn(serve(connection));
  }
}

net::Task<void> Tap::State::serve(std::shared_ptr<Connection> connection) {
  auto onward = co_await net::connect(target, connect_timeout);
  if (onward && !stopping) {
    connection->server = *std::move(onward);
    net::TaskGroup pump(executor);
    pump.spawn(pump_client(connection));
    co_await pump_server(connection);
    connection->tls_done.ring();
    connection->client.abort();
    co_await pump.join();
  }
  connection->cut();
  connection->tape->with([](Tape& tape) { tape.finished = true; });
}

net::Task<void> Tap::State::pump_client(std::shared_ptr<Connection> connection) {
  std::array<char, 32768> buffer;
  for (;;) {
    const auto size = co_await connection->client.read_some(buffer, silence);
    if (!size || *size == 0) break;
    const std::string_view octets(buffer.data(), *size);
    write_down(*connection->tape, Speaker::Client, octets);
    const bool asked = connection->tape->with([](const Tape& tape) { return tape.recorder.starttls_asked(); });
    if (!co_await connection->server.write(octets, silence)) break;
    // Nothing may be read here until the handshake has had its turn (RFC 3207 §4: the client waits, too).
    if (asked && !co_await connection->tls_done.wait(silence)) break;
  }
  connection->server.abort();
}

net::Task<void> Tap::State::pump_server(std::shared_ptr<Connection> connection) {
  std::array<char, 32768> buffer;
  for (;;) {
    const auto size = co_await connection->server.read_some(buffer, silence);
    if (!size || *size == 0) break;
    const std::string_view octets(buffer.data(), *size);
    const bool waiting = connection->tape->with([](const Tape& tape) { return tape.recorder.starttls_asked(); });
    write_down(*connection->tape, Speaker::Server, octets);
    if (!co_await connection->client.write(octets, silence)) break;
    if (!waiting) continue;
    const bool agreed = connection->tape->with([](Tape& tape) { return tape.recorder.take_starttls_agreed(); });
    if (agreed) {
      const auto switched = co_await switch_to_tls(*connection);
      if (!switched) break;
    }
    const bool answered = connection->tape->with([](const Tape& tape) { return !tape.recorder.starttls_asked(); });
    if (answered) connection->tls_done.ring();
  }
}

net::Task<Result<void>> Tap::State::switch_to_tls(Connection& connection) {
  CAS_CO_CHECK(co_await connection.client.start_tls_server(server, handshake_timeout));
  CAS_CO_CHECK(co_await connection.server.start_tls_client(client, "", handshake_timeout));
  std::string remark = "TLS on both sides of the tap: " + connection.client.tls_description();
  const auto now = std::chrono::steady_clock::now();
  connection.tape->with([&](Tape& tape) { tape.recorder.remark(std::move(remark), now); });
  co_return Result<void>();
}

Result<std::unique_ptr<Tap>> Tap::create(net::Executor executor, const net::Endpoint& listen, net::Endpoint target,
                                         net::TlsContext server, net::TlsContext client) {
  CAS_TRY(auto listener, net::Listener::tcp(executor, listen));
  auto state =
      std::make_unique<State>(executor, std::move(listener), std::move(target), std::move(server), std::move(client));
  return std::unique_ptr<Tap>(new Tap(std::move(state)));
}

Tap::Tap(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tap::~Tap() = default;

void Tap::start() {
  state_->tasks.spawn(state_->accept_all());
}

net::Task<void> Tap::stop() {
  state_->stopping = true;
  state_->listener.close();
  for (const auto& open : state_->open) {
    if (const auto connection = open.lock()) connection->cut();
  }
  co_await state_->tasks.join();
}

std::vector<TapSession> Tap::sessions() const {
  std::vector<TapSession> out;
  state_->tapes.with([&](const auto& tapes) {
    for (const auto& tape : tapes) {
      tape->with([&](const Tape& t) { out.push_back(TapSession{t.recorder.lines(), t.finished}); });
    }
  });
  return out;
}

void Tap::clear() {
  state_->tapes.with([](auto& tapes) {
    std::erase_if(tapes, [](const auto& tape) { return tape->with([](const Tape& t) { return t.finished; }); });
  });
}

}  // namespace cas::cmd
