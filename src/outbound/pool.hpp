// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Connections that outlive their job: kept open for a short time, found again by what was demanded of them, ended with
// QUIT. One pool for each thread, so that a connection never changes its thread.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "outbound/connection.hpp"
#include "outbound/next_hop.hpp"

namespace cas::outbound {

struct PoolOptions {
  std::chrono::milliseconds idle_timeout{5000};  // 0: none is kept
  std::size_t messages = 100;                    // a connection that carried so many is not kept
  std::size_t idle = 100;                        // of one thread; the oldest goes
  std::size_t idle_per_hop = 20;
};

/// Lives on one thread.
class ConnectionPool {
 public:
  ConnectionPool(net::Executor executor, PoolOptions options);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// A kept connection on which the server has said nothing and hung up nowhere since; null when there is none. The hop
  /// is the whole key: host, port, demands and credentials.
  [[nodiscard]] std::unique_ptr<Connection> take(const NextHop& hop);
  /// Keeps the connection, or ends it with QUIT. Nobody waits for that.
  void give(const NextHop& hop, std::unique_ptr<Connection> connection);
  /// Ends what is kept, and what is given from now on; until all are closed.
  [[nodiscard]] net::Task<void> finish();
  [[nodiscard]] std::size_t idle() const { return idle_.size(); }

 private:
  struct Idle {
    NextHop hop;
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point until;
  };
  [[nodiscard]] bool is_worth_keeping(const Connection& connection) const;
  void make_room(const NextHop& hop);
  void end(std::list<Idle>::iterator place);
  net::Task<void> expire();
  static net::Task<void> say_goodbye(std::unique_ptr<Connection> connection);

  PoolOptions options_;
  std::list<Idle> idle_;  // the oldest first
  net::Bell bell_;
  bool expiring_ = false;
  bool finished_ = false;
  net::TaskGroup endings_;
};

/// The pools of all threads that deliver.
class ConnectionPools {
 public:
  ConnectionPools(const std::vector<net::Executor>& executors, const PoolOptions& options);
  /// That of the thread; std::logic_error for an executor that was not named.
  [[nodiscard]] ConnectionPool& of(const net::Executor& executor);
  /// Ends all; from a thread that is none of the executors', while they run.
  void finish();

 private:
  struct Place {
    net::Executor executor;
    std::unique_ptr<ConnectionPool> pool;
  };
  std::map<const void*, Place> places_;  // by the executor's context
};

}  // namespace cas::outbound
