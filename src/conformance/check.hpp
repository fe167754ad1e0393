// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A check: one sentence of the specification, played against the target. The tables of all checks stand in the
// checks_*.cpp files, in the order of the sections.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "conformance/bench.hpp"

namespace cas::conformance {

struct Check {
  std::string_view id;       // "poison-pipelined"
  std::string_view section;  // "5.4"
  std::string_view title;    // what holds when it holds
  Need needs = Need::nothing;
  net::Task<Outcome> (*play)(Bench& bench) = nullptr;
};

[[nodiscard]] std::span<const Check> grammar_checks();    // §4.2, §4.3
[[nodiscard]] std::span<const Check> digest_checks();     // §4.4
[[nodiscard]] std::span<const Check> signature_checks();  // §4.5, §4.6, §4.7
[[nodiscard]] std::span<const Check> extension_checks();  // §5.1, §5.2
[[nodiscard]] std::span<const Check> sequence_checks();   // §5.3, §5.4
[[nodiscard]] std::span<const Check> recipient_checks();  // §5.5, §5.6
[[nodiscard]] std::span<const Check> state_checks();      // §5.7, §5.8
[[nodiscard]] std::span<const Check> key_checks();        // §6.1
[[nodiscard]] std::span<const Check> receiver_checks();   // §8.1, §8.2
[[nodiscard]] std::span<const Check> message_checks();    // §8.3
[[nodiscard]] std::span<const Check> secrecy_checks();    // §8.5
[[nodiscard]] std::span<const Check> ledger_checks();     // §10.1
[[nodiscard]] std::vector<Check> all_checks();

/// Whether a word of --only means the check: its id, its section, or a section above it; "§5.4", "5.4", "5".
[[nodiscard]] bool selects(std::string_view word, const Check& check);

// ---- What several files of checks share ----

/// One thing done wrong to a right statement.
struct Variant {
  std::string_view what;
  void (*change)(Statement& statement);
  std::string_view wanted = "501 5.5.4";  // CAS §15.2: syntax
};
/// Each variant is refused as it says; as many to a session as may fail there.
[[nodiscard]] net::Task<Outcome> refuse_variants(Bench& bench, std::span<const Variant> variants);

/// Signed by a key of the same type that is published nowhere.
[[nodiscard]] Draft forged(Bench& bench);

/// A message without CONFIRM, or whose CONFIRM did not count, is ordinary mail: RCPT is accepted and says nothing of
/// "confirmed", and the end of data is accepted. `confirm` may be empty; what it is answered is `wanted`.
[[nodiscard]] net::Task<Outcome> ordinary(Bench& bench, Client& client, const Draft& draft, std::string confirm,
                                          std::string wanted, std::string what);

}  // namespace cas::conformance
