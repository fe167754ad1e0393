// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What all sessions of the server use up together: connections, memory, the disk.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <vector>

#include "base/guarded.hpp"
#include "message/address.hpp"
#include "policy/connections.hpp"
#include "policy/pace.hpp"
#include "policy/quotas.hpp"
#include "smtp/reply.hpp"

namespace cas::inbound {

/// Octets that sessions hold for messages and lines. Thread-safe.
class MemoryAccount {
 public:
  explicit MemoryAccount(std::size_t most) : most_(most) {}

  /// What one session holds; gives it back when it goes. For one thread. The account outlives it.
  class Share {
   public:
    explicit Share(MemoryAccount& account) : account_(account) {}
    ~Share() { hold(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    void hold(std::size_t octets) {
      account_.used_ += octets - held_;  // of unsigned numbers: also when it gets less
      held_ = octets;
    }

   private:
    MemoryAccount& account_;
    std::size_t held_ = 0;
  };

  [[nodiscard]] bool full() const { return used_ > most_; }
  /// No new messages: what has begun may need the last quarter.
  [[nodiscard]] bool scarce() const { return used_ > most_ - most_ / 4; }
  [[nodiscard]] std::size_t used() const { return used_; }
  void set_most(std::size_t octets) { most_ = octets; }

 private:
  std::atomic<std::size_t> used_ = 0;
  std::atomic<std::size_t> most_;
};

/// What was last seen of the file systems; somebody else looks. Thread-safe.
class Room {
 public:
  struct Seen {
    policy::Space state{.octets = UINT64_MAX, .inodes = UINT64_MAX};
    std::map<Domain, policy::Space> mail;  // where a domain's Maildirs are; not known: room enough
  };
  void see(Seen seen) {
    seen_.with([&](Seen& known) { known = std::move(seen); });
  }
  [[nodiscard]] policy::Space state() const {
    return seen_.with([](const Seen& known) { return known.state; });
  }
  [[nodiscard]] policy::Space mail(const Domain& domain) const {
    return seen_.with([&](const Seen& known) {
      const auto found = known.mail.find(domain);
      return found == known.mail.end() ? Seen{}.state : found->second;
    });
  }

 private:
  Guarded<Seen> seen_;
};

/// RFC 5321 §4.2.2: 452, later it may be different.
[[nodiscard]] inline smtp::Reply insufficient_storage() {
  return {452, smtp::EnhancedCode{4, 3, 1}, "insufficient system storage, try again later"};
}

struct Load {
  policy::Connections connections;
  MemoryAccount memory;
  Room room;
  policy::UserQuotas users{};
};

}  // namespace cas::inbound
