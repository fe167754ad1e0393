// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Greylisting (RFC 6647): a sender for whom nobody speaks is told to come again, which mail servers do and most who
// send junk do not. By the client's network and the envelope sender, not by the recipient: the end of data has one
// reply for all of them. Bounded; in memory: a restart forgets who waits, and they wait anew. Handed the time.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/guarded.hpp"
#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "message/address.hpp"

namespace cas::policy {

struct GreylistOptions {
  std::chrono::hours remembered{48};  // within which it has to come again
  std::size_t most = 100000;          // who waits; about 150 octets each
};

/// Thread-safe.
class Greylist {
 public:
  explicit Greylist(GreylistOptions options = {}) : options_(options) {}

  /// How much longer it has to wait; none: not at all, it came again. Where so many wait that no more are remembered,
  /// nobody new waits.
  [[nodiscard]] std::optional<std::chrono::seconds> ask(const IpAddress& client, const ReversePath& sender,
                                                        std::chrono::seconds delay, TimePoint now);
  /// What ask() would say; remembers nothing.
  [[nodiscard]] std::optional<std::chrono::seconds> peek(const IpAddress& client, const ReversePath& sender,
                                                         std::chrono::seconds delay, TimePoint now) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct State {
    std::unordered_map<std::string, TimePoint> first;
    std::deque<std::string> order;  // as they came
  };
  [[nodiscard]] bool is_remembered(TimePoint first, TimePoint now) const;
  void forget_old(State& state, TimePoint now) const;

  GreylistOptions options_;
  Guarded<State> state_;
};

}  // namespace cas::policy
