// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Accepts the connections of MTAs on one listening socket and runs a session for each, on one thread.
#pragma once

#include <chrono>
#include <memory>

#include "milter/transaction.hpp"
#include "net/stream.hpp"

namespace cas::milter {

class Server {
 public:
  /// The listener belongs to `executor`.
  Server(net::Executor executor, net::Listener listener, std::shared_ptr<const ServerSettings> settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  /// For the connections to come. Thread-safe.
  void renew(std::shared_ptr<const ServerSettings> settings);
  /// Accepts no more; connections without a message under way end at once, those still there after `grace` are cut off:
  /// their MTA tells the client to come again. Waits for the end. From a thread that is none of the executors'.
  void stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cas::milter
