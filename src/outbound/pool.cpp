// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Keeping, finding and ending connections.
#include "outbound/pool.hpp"

#include <algorithm>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>
#include <stdexcept>

#include "net/runtime.hpp"

namespace cas::outbound {

namespace {

const void* context_of(const net::Executor& executor) {
  return &boost::asio::query(executor, boost::asio::execution::context);
}

}  // namespace

ConnectionPool::ConnectionPool(net::Executor executor, PoolOptions options)
    : options_(options), bell_(executor), endings_(executor) {}

std::unique_ptr<Connection> ConnectionPool::take(const NextHop& hop) {
  // The youngest first: what is not needed any more grows old and goes.
  for (auto place = idle_.end(); place != idle_.begin();) {
    --place;
    if (place->hop != hop) continue;
    auto connection = std::move(place->connection);
    place = idle_.erase(place);
    if (connection->is_quiet()) return connection;
    endings_.spawn(say_goodbye(std::move(connection)));
  }
  return nullptr;
}

void ConnectionPool::give(const NextHop& hop, std::unique_ptr<Connection> connection) {
  if (!is_worth_keeping(*connection)) {
    endings_.spawn(say_goodbye(std::move(connection)));
    return;
  }
  make_room(hop);
  const auto until = std::chrono::steady_clock::now() + options_.idle_timeout;
  idle_.push_back(Idle{.hop = hop, .connection = std::move(connection), .until = until});
  if (!expiring_) {
    expiring_ = true;
    endings_.spawn(expire());
  }
}

bool ConnectionPool::is_worth_keeping(const Connection& connection) const {
  return !finished_ && options_.idle_timeout.count() > 0 && connection.usable() && !connection.speaks_for_client() &&
         connection.transactions() < options_.messages;
}

void ConnectionPool::make_room(const NextHop& hop) {
  const auto same = [&](const Idle& idle) { return idle.hop == hop; };
  if (static_cast<std::size_t>(std::ranges::count_if(idle_, same)) >= options_.idle_per_hop) {
    end(std::ranges::find_if(idle_, same));
  }
  if (idle_.size() >= options_.idle) end(idle_.begin());
}

void ConnectionPool::end(std::list<Idle>::iterator place) {
  auto connection = std::move(place->connection);
  idle_.erase(place);
  endings_.spawn(say_goodbye(std::move(connection)));
}

// Runs while something is kept.
net::Task<void> ConnectionPool::expire() {
  while (!idle_.empty()) {
    const auto now = std::chrono::steady_clock::now();
    if (idle_.front().until <= now || finished_) {
      end(idle_.begin());
      continue;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(idle_.front().until - now) + milliseconds{1};
    co_await bell_.wait(left);
  }
  expiring_ = false;
}

net::Task<void> ConnectionPool::say_goodbye(std::unique_ptr<Connection> connection) {
  co_await connection->quit();
}

net::Task<void> ConnectionPool::finish() {
  finished_ = true;
  bell_.ring();
  co_await endings_.join();
}

ConnectionPools::ConnectionPools(const std::vector<net::Executor>& executors, const PoolOptions& options) {
  for (const auto& executor : executors) {
    places_.emplace(context_of(executor),
                    Place{.executor = executor, .pool = std::make_unique<ConnectionPool>(executor, options)});
  }
}

ConnectionPool& ConnectionPools::of(const net::Executor& executor) {
  const auto found = places_.find(context_of(executor));
  if (found == places_.end()) throw std::logic_error("a delivery on a thread that has no connections");
  return *found->second.pool;
}

void ConnectionPools::finish() {
  for (auto& [context, place] : places_) {
    ConnectionPool* pool = place.pool.get();
    net::run_and_wait(place.executor, [pool] { return pool->finish(); });
  }
}

}  // namespace cas::outbound
