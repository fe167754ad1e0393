// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is remembered for 7 days about the domains that mail goes to (CAS §7.3): in the store, with the part that is
// asked for kept in memory, so that a delivery seldom reads and a domain is written down once a day at most.
// confirm/support.hpp judges.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/generations.hpp"
#include "base/guarded.hpp"
#include "confirm/support.hpp"
#include "net/resolver.hpp"
#include "store/store.hpp"

namespace cas::outbound {

/// Thread-safe.
class PeerMemory {
 public:
  struct Limits {
    std::size_t domains = 10'000;  // known in memory, twice at most
    std::size_t alerts = 1'000;
  };
  /// Both outlive it. Answers that come afterwards are let go.
  PeerMemory(store::Store& store, const Clock& clock) : PeerMemory(store, clock, Limits{}) {}
  PeerMemory(store::Store& store, const Clock& clock, Limits limits);
  ~PeerMemory();
  PeerMemory(const PeerMemory&) = delete;
  PeerMemory& operator=(const PeerMemory&) = delete;

  /// Asks for _cas of the domain. Nobody waits; what the answer teaches is kept.
  void look(net::Resolver& resolver, const Domain& domain);
  void saw(const Domain& domain, const dns::Answer& discovery);
  /// A server of the domain offered CAS.
  void spoke(const Domain& domain, bool authenticated);
  /// A transient error when the store does not answer.
  [[nodiscard]] net::Task<Result<confirm::Support>> recall(Domain domain);

  /// Whether the administrator has not been told of this for a day (CAS §9.3).
  [[nodiscard]] bool is_news(std::string what);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace cas::outbound
