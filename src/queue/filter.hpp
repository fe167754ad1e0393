// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which entries of the queue are meant. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "base/result.hpp"
#include "store/rows.hpp"

namespace cas::queue {

/// What a recipient of the queue is to those who look at it. Waiting ones may be in flight: being tried right now.
enum class Standing : std::uint8_t { Waiting, InFlight, Held, Failed, Delivered, Removed };
[[nodiscard]] Standing standing_of(const store::Recipient& recipient, bool leased);
/// "waiting", "in-flight", "held", "failed", "delivered", "removed".
[[nodiscard]] std::string_view to_string(Standing standing);

/// All that is given must hold. Nothing given: everything.
struct Filter {
  std::set<store::QueueId> ids;
  std::string domain;                 // the recipient's; ".b.example": whatever is below it
  std::optional<std::string> sender;  // lower-case: an address, a domain, or "<>" for the null path
  std::optional<std::chrono::seconds> older_than, younger_than;
  std::string reason;  // within the last reply or the note; case makes no difference
  std::optional<Standing> standing;
  std::optional<std::uint32_t> index;  // of the recipient within its message

  [[nodiscard]] bool empty() const;
};

/// What comes from people: bounded, and named where it is wrong (a permanent error whose public text says so).
struct FilterWords {
  std::string ids = {};  // separated by commas, at most 1000
  std::string domain = {}, sender = {}, older_than = {}, younger_than = {}, reason = {}, state = {};
};
/// Ages are seconds.
[[nodiscard]] Result<Filter> parse_filter(const FilterWords& words);

/// What the message alone says; recipients are asked with the other one.
[[nodiscard]] bool fits(const Filter& filter, const store::Message& message, TimePoint now);
[[nodiscard]] bool fits(const Filter& filter, const store::Recipient& recipient, bool leased);

}  // namespace cas::queue
