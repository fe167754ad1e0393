// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How much others may send, and what is remembered of how they behaved. It finds what is more than a limit allows;
// what follows from that is the judge's. Counted is what was committed, and what was told of mailboxes that do not
// exist. Handed the time; bounded whatever comes (tests: bounded_test.cpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "message/address.hpp"
#include "policy/buckets.hpp"
#include "policy/exceptions.hpp"
#include "policy/excess.hpp"
#include "policy/network.hpp"
#include "policy/reputation.hpp"

namespace cas::policy {

/// A number of 0: any.
struct ConductLimits {
  std::size_t network_messages_per_hour = 20000;   // of an IPv4 /24, an IPv6 /48
  std::size_t network_unknown_per_hour = 100;      // recipients that do not exist
  std::size_t mailbox_messages_per_hour = 2000;    // from outside, to one mailbox
  std::size_t signer_unknown_per_day = 10;         // beside 5 % of what it gets to mailboxes in a day
  std::chrono::seconds new_domain{7 * 24 * 3600};  // a domain that was first seen later is new; 0: none is
  std::size_t new_domain_messages_per_day = 1000;
  std::size_t new_domain_recipients_per_day = 5000;
  std::vector<Network> exempt{};  // nothing is counted, and nothing is too much
  bool operator==(const ConductLimits&) const = default;
};

/// Domains are counted by what is registered: a name below it costs nothing, so it is no new beginning. Only what is
/// proven is counted: anybody could spoil a name that is not his. Thread-safe.
class Conduct {
 public:
  explicit Conduct(std::uint64_t seed = 0);

  /// Rates begin anew where they change; what is remembered of behaviour stays.
  void set_limits(ConductLimits limits);
  /// Before one message more for that recipient. Says the same of a mailbox that does not exist as of one to which
  /// nobody writes.
  [[nodiscard]] Excess excess(const SenderIdentity& sender, const Mailbox& recipient, TimePoint now) const;

  /// Its network sent mail that was taken not long ago, and more of it than of what was bad; or nothing is counted.
  [[nodiscard]] bool has_sent_well(const SenderIdentity& sender, TimePoint now) const;

  /// A message was committed for these.
  void accepted(const SenderIdentity& sender, std::span<const Mailbox> recipients, TimePoint now);
  /// The sender was told that a mailbox does not exist.
  void told_unknown(const SenderIdentity& sender, TimePoint now);
  /// It was blocked, its message was not what the intent says, or nobody's whom it names.
  void misbehaved(const SenderIdentity& sender, TimePoint now);

  /// How many names are remembered, in all.
  [[nodiscard]] std::size_t size() const;
  /// Everything that is remembered of behaviour: "o:" and a domain, "n:" and a network.
  struct Remembered {
    std::string name;
    History history;
  };
  [[nodiscard]] std::vector<Remembered> remembered() const;
  /// Since when anything is remembered: before that nothing is new.
  [[nodiscard]] TimePoint began() const;
  void restore(const std::vector<Remembered>& all, TimePoint began, TimePoint now);

 private:
  struct State {
    ConductLimits limits;
    // Two tables: who has many networks pushes no domain out.
    Reputation domains, networks;
    Buckets network_messages, mailbox_messages, new_messages, new_recipients;
    TimePoint began = TimePoint::max();  // nobody is new
  };
  static void renew_rates(State& state);
  static bool is_new(const State& state, const Domain& organization, TimePoint now);
  Guarded<State> state_;
};

}  // namespace cas::policy
