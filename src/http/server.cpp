// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Connections, one coroutine each.
#include "http/server.hpp"

#include <array>
#include <boost/asio/post.hpp>

#include "http/json.hpp"
#include "net/runtime.hpp"

namespace cas::http {

struct Server::State {
  State(net::Executor server_executor, net::Listener server_listener, ServerOptions server_options,
        EventSink& server_events, Handler server_handler)
      : executor(server_executor),
        listener(std::move(server_listener)),
        options(server_options),
        events(server_events),
        handler(std::move(server_handler)),
        connections(server_executor, [this](std::string what) { report(std::move(what)); }),
        accepting(server_executor, [this](std::string what) { report(std::move(what)); }) {}

  void report(std::string what);
  net::Task<void> accept_loop();
  net::Task<void> serve(net::Stream stream);
  net::Task<bool> exchange(net::Stream& stream, RequestReader& reader);
  net::Task<std::expected<Request, MessageFault>> next_request(net::Stream& stream, RequestReader& reader);
  net::Task<Response> respond(Request request);
  net::Task<void> finish_up();

  net::Executor executor;
  net::Listener listener;
  ServerOptions options;
  EventSink& events;
  Handler handler;
  net::TaskGroup connections;
  net::TaskGroup accepting;
  bool stopping = false;
};

void Server::State::report(std::string what) {
  Event event{.level = Level::Error, .trace = {}, .queue_id = {}, .name = "http-fault", .fields = {}};
  event.fields.emplace_back("reason", std::move(what));
  events.emit(std::move(event));
}

net::Task<void> Server::State::accept_loop() {
  while (!stopping) {
    auto stream = co_await listener.accept();
    if (stopping) co_return;
    if (!stream) {
      report(stream.error().private_reason);
      continue;
    }
    connections.spawn(serve(*std::move(stream)));
  }
}

net::Task<void> Server::State::serve(net::Stream stream) {
  if (connections.size() > options.max_connections) {
    const Response busy{.status = 503, .body = error_json("busy", "too many connections"), .keep_alive = false};
    const std::string octets = write_response(busy);
    (void)co_await stream.write(octets, options.write_timeout);
    co_await stream.close();
    co_return;
  }
  RequestReader reader(options.limits);
  for (std::size_t n = 0; n < options.max_requests; ++n) {
    const bool more = co_await exchange(stream, reader);
    if (!more) break;
  }
  co_await stream.close();
}

// One request and its response; whether another may follow.
net::Task<bool> Server::State::exchange(net::Stream& stream, RequestReader& reader) {
  auto request = co_await next_request(stream, reader);
  Response response;
  if (request) {
    const bool keep_alive = request->keep_alive;
    response = co_await respond(*std::move(request));
    response.keep_alive = keep_alive;
  } else {
    if (request.error().status == 0) co_return false;
    response.status = request.error().status;
    response.body = error_json("request", request.error().reason);
    response.keep_alive = false;
  }
  const std::string octets = write_response(response);
  const auto written = co_await stream.write(octets, options.write_timeout);
  co_return written.has_value() && response.keep_alive;
}

// A fault with status 0: the peer has gone, or has nothing to ask.
net::Task<std::expected<Request, MessageFault>> Server::State::next_request(net::Stream& stream,
                                                                            RequestReader& reader) {
  const auto begin = std::chrono::steady_clock::now();
  std::array<char, 4096> buffer;
  std::size_t got = 0;
  while (true) {
    auto request = reader.feed(std::string_view(buffer.data(), got));
    if (!request) co_return std::unexpected(std::move(request).error());
    if (*request) co_return std::move(**request);
    const auto spent = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    const auto allowed = reader.in_progress() ? options.request_timeout : options.idle_timeout;
    if (spent >= allowed) break;
    const auto read = co_await stream.read_some(buffer, allowed - spent);
    if (!read || *read == 0) break;
    got = *read;
  }
  co_return std::unexpected(MessageFault{.status = 0, .reason = {}});
}

net::Task<Response> Server::State::respond(Request request) {
  try {
    co_return co_await handler(std::move(request));
  } catch (const std::exception& e) {
    report(e.what());
  }
  co_return Response{.status = 500, .body = error_json("internal", "internal error; see the log")};
}

net::Task<void> Server::State::finish_up() {
  stopping = true;
  listener.close();
  accepting.cancel();
  connections.cancel();
  co_await accepting.join();
  co_await connections.join();
}

Server::Server(net::Executor executor, net::Listener listener, ServerOptions options, EventSink& events,
               Handler handler)
    : state_(std::make_shared<State>(executor, std::move(listener), options, events, std::move(handler))) {}

Server::~Server() = default;

void Server::start() {
  State* state = state_.get();
  boost::asio::post(state->executor, [state] { state->accepting.spawn(state->accept_loop()); });
}

void Server::stop() {
  State* state = state_.get();
  net::run_and_wait(state->executor, [state] { return state->finish_up(); });
}

}  // namespace cas::http
