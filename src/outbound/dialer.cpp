// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A task for each address that is being connected to, and one that waits for them.
#include "outbound/dialer.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

namespace cas::outbound {

using std::chrono::steady_clock;

namespace {

constexpr milliseconds grace{1000};  // a connection that times out says so itself

Dialer::Connect connect_within(milliseconds timeout) {
  return [timeout](net::Endpoint endpoint) { return net::connect(std::move(endpoint), timeout); };
}

}  // namespace

// All of it on one thread.
struct Dialer::Contest {
  Contest(std::vector<net::Endpoint> places, const DialOptions& dial_options, Connect how, net::Executor executor)
      : endpoints(std::move(places)),
        options(dial_options),
        connect(std::move(how)),
        race(endpoints.size(), options.delay),
        bell(executor),
        tasks(std::move(executor)) {}

  std::vector<net::Endpoint> endpoints;
  DialOptions options;
  Connect connect;
  AddressRace race;
  net::Bell bell;
  net::TaskGroup tasks;
  Dialed result;
  bool ended = false;  // nobody waits for the result any more
};

Dialer::Dialer(std::vector<net::Endpoint> endpoints, DialOptions options)
    : Dialer(std::move(endpoints), options, connect_within(options.timeout)) {}

Dialer::Dialer(std::vector<net::Endpoint> endpoints, DialOptions options, Connect connect)
    : endpoints_(std::move(endpoints)), options_(options), connect_(std::move(connect)) {}

net::Task<Dialed> Dialer::next() {
  if (endpoints_.size() <= 1) co_return co_await next_alone();
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto contest = std::make_shared<Contest>(endpoints_, options_, connect_, executor);
  co_await watch(contest);
  contest->ended = true;
  co_await contest->tasks.finish();
  const auto& result = contest->result;
  std::erase_if(endpoints_, [&](const net::Endpoint& endpoint) {
    return (result.line && result.line->endpoint == endpoint) ||
           std::ranges::find(result.failures, endpoint, &Dialed::Failure::endpoint) != result.failures.end();
  });
  co_return std::move(contest->result);
}

// The usual case: nobody to race against.
net::Task<Dialed> Dialer::next_alone() {
  Dialed dialed;
  if (endpoints_.empty()) co_return dialed;
  const net::Endpoint endpoint = std::move(endpoints_.front());
  endpoints_.clear();
  auto stream = co_await connect_(endpoint);
  if (stream) {
    dialed.line.emplace(endpoint, *std::move(stream));
  } else {
    dialed.failures.emplace_back(endpoint, std::move(stream).error());
  }
  co_return dialed;
}

net::Task<void> Dialer::watch(std::shared_ptr<Contest> contest) {
  AddressRace& race = contest->race;
  while (!race.over()) {
    if (co_await net::is_cancelled()) co_return;
    const auto now = steady_clock::now();
    if (const auto address = race.start(now)) {
      contest->tasks.spawn(contend(contest, *address));
      continue;
    }
    auto patience = contest->options.timeout + grace;
    const auto next = race.next_start();
    if (next) patience = std::chrono::ceil<milliseconds>(*next - now);
    const bool rung = co_await contest->bell.wait(patience);
    if (!rung && !next) co_return;
  }
}

net::Task<void> Dialer::contend(std::shared_ptr<Contest> contest, std::size_t address) {
  const net::Endpoint endpoint = contest->endpoints[address];
  auto stream = co_await contest->connect(endpoint);
  if (contest->ended) co_return;
  if (stream && contest->race.connected(address)) contest->result.line.emplace(endpoint, *std::move(stream));
  if (!stream && contest->race.failed(address)) {
    contest->result.failures.emplace_back(endpoint, std::move(stream).error());
  }
  contest->bell.ring();
}

}  // namespace cas::outbound
