// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 on a listener of net/: reads requests, has them answered, writes the answers. One executor.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/trace.hpp"
#include "http/message.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace cas::http {

struct ServerOptions {
  MessageLimits limits{};
  std::size_t max_connections = 64;     // more are told 503
  std::size_t max_requests = 1000;      // on one connection
  milliseconds idle_timeout{30000};     // between two requests
  milliseconds request_timeout{10000};  // for the octets of one
  milliseconds write_timeout{10000};
};

class Server {
 public:
  using Handler = std::function<net::Task<Response>(Request)>;

  /// The listener belongs to `executor`. A handler that throws is answered with 500 and reported.
  Server(net::Executor executor, net::Listener listener, ServerOptions options, EventSink& events, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  /// Accepts no more, cuts connections off, waits for their end. From a thread that is not the executor's.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cas::http
