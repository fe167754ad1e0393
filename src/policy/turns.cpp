// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See turns.hpp.
#include "policy/turns.hpp"

#include "base/encoding.hpp"
#include "policy/buckets.hpp"

namespace cas::policy {

Turns::Key Turns::key_of(const Attempt& attempt) {
  return {to_lower(attempt.recipient.wire()), network_of(attempt.client), to_lower(attempt.sender)};
}

void Turns::stood_in_the_way(const Attempt& attempt, const Verdict& deferred, TimePoint now) {
  entries_.with([&](auto& entries) {
    if (entries.size() >= most) std::erase_if(entries, [&](const auto& each) { return each.second.until <= now; });
    if (entries.size() >= most) entries.erase(entries.begin());
    entries.insert_or_assign(key_of(attempt), Entry{.verdict = deferred, .until = now + remembered});
  });
}

std::optional<Verdict> Turns::passed_over(const Attempt& attempt, TimePoint now) const {
  return entries_.with([&](const auto& entries) -> std::optional<Verdict> {
    const auto found = entries.find(key_of(attempt));
    if (found == entries.end() || found->second.until <= now) return std::nullopt;
    return found->second.verdict;
  });
}

void Turns::forget() {
  entries_.with([](auto& entries) { entries.clear(); });
}

}  // namespace cas::policy
