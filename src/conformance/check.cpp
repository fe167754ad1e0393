// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The list of checks, and what they share.
#include "conformance/check.hpp"

#include <map>
#include <utility>

#include "confirm/reason.hpp"

namespace cas::conformance {

using smtp::Reply;

namespace {

// "10.1" as {10, 1}.
std::pair<int, int> numbers(std::string_view section) {
  std::pair<int, int> out{0, 0};
  int* number = &out.first;
  for (const char c : section) {
    if (c == '.') {
      number = &out.second;
    } else {
      *number = *number * 10 + (c - '0');
    }
  }
  return out;
}

}  // namespace

std::vector<Check> all_checks() {
  std::multimap<std::pair<int, int>, Check> by_section;  // within a section in the order of the tables
  for (const auto part : {grammar_checks(), digest_checks(), signature_checks(), extension_checks(), sequence_checks(),
                          recipient_checks(), state_checks(), key_checks(), receiver_checks(), message_checks(),
                          secrecy_checks(), ledger_checks()}) {
    for (const Check& check : part) by_section.emplace(numbers(check.section), check);
  }
  std::vector<Check> all;
  for (const auto& [section, check] : by_section) all.push_back(check);
  return all;
}

bool selects(std::string_view word, const Check& check) {
  constexpr std::string_view sign = "§";
  if (word == check.id) return true;
  if (word.starts_with(sign)) word.remove_prefix(sign.size());
  if (word.empty() || !check.section.starts_with(word)) return false;
  return check.section.size() == word.size() || check.section[word.size()] == '.';
}

net::Task<Outcome> refuse_variants(Bench& bench, std::span<const Variant> variants) {
  for (const Variant& variant : variants) {
    CAS_CO_TRY(Client* const client, co_await bench.session(1));
    Draft draft = bench.draft();
    variant.change(draft.statement);
    CAS_CO_CHECK(co_await bench.confirm_only(*client, draft, std::string(variant.what), std::string(variant.wanted)));
  }
  co_return Outcome();
}

Draft forged(Bench& bench) {
  static const crypto::PrivateKey stranger = crypto::generate_key(bench.target().key.type()).value();
  Draft draft = bench.draft();
  draft.key = &stranger;
  return draft;
}

net::Task<Outcome> ordinary(Bench& bench, Client& client, const Draft& draft, std::string confirm, std::string wanted,
                            std::string what) {
  CAS_CO_TRY(const Answers answers, co_await bench.offer(client, draft, std::move(confirm)));
  CAS_CO_CHECK(expect(answers.confirm, what, wanted));
  for (const Reply& reply : answers.rcpt) {
    CAS_CO_CHECK(expect(reply, "RCPT, " + what, "250"));
    if (confirm::word_in(reply) == "confirmed")
      co_return fails("RCPT, " + what + ": it says confirmed: " + shown(reply));
  }
  CAS_CO_TRY(const Reply end, co_await bench.send(client, draft.letter.text()));
  CAS_CO_CHECK(expect(end, "the end of data, " + what, "250"));
  for (const auto& mailbox : draft.to) bench.promise(draft, mailbox);
  co_return Outcome();
}

}  // namespace cas::conformance
