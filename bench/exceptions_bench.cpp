// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a decision costs among a million exceptions, 1,000 of them regular expressions; the median is what counts
// (--benchmark_repetitions, or the counters of each run).
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <random>

#include "policy/exception_book.hpp"

namespace {

using namespace cas;
using namespace cas::policy;

constexpr std::size_t entries = 1'000'000;

std::string domain_name(std::size_t n) {
  return "partner-" + std::to_string(n) + ".example";
}

Exception make(std::size_t n) {
  std::string pattern = domain_name(n);
  auto action = ExceptionAction::Exempt;
  auto proof = Proof::Dkim;
  const std::string v4 =
      std::to_string(11 + n / 65536 % 80) + "." + std::to_string(n / 256 % 256) + "." + std::to_string(n % 256);
  switch (n % 1000 == 0 ? 6 : n % 6) {
    case 0: pattern = "joe." + std::to_string(n) + "@" + pattern; break;
    case 1: break;
    case 2: pattern = "." + pattern; break;
    case 3: pattern = "list:news." + pattern; break;
    case 4: pattern = v4 + ".0/24", proof = Proof::Client; break;
    case 5: pattern = v4 + "." + std::to_string(n % 251), action = ExceptionAction::Block, proof = Proof::None; break;
    default: pattern = "/^bounce[-+].*@mx[0-9]+\\.partner-" + std::to_string(n) + "\\.example$/"; break;
  }
  constexpr std::array scopes{"", "south.example"};
  const std::size_t whose = n / 7 % 3;
  const std::string scope = whose < 2 ? scopes.at(whose) : "user" + std::to_string(n % 1000) + "@south.example";
  return {.id = static_cast<std::int64_t>(n) + 1,
          .action = action,
          .pattern = Pattern::parse(pattern).value(),
          .scope = Scope::parse(scope).value(),
          .proof = proof,
          .reason = {},
          .owner = {},
          .created = {},
          .expires = {}};
}

const ExceptionBook& book() {
  static const ExceptionBook made = [] {
    ExceptionBook fresh(42);
    fresh.reserve(entries);
    for (std::size_t n = 0; n < entries; ++n) {
      if (!fresh.add(make(n))) std::abort();
    }
    fresh.adopt(RegexBook::compile(fresh.regexes().snapshot()));
    return fresh;
  }();
  return made;
}

struct Asked {
  SenderIdentity sender;
  Mailbox recipient;
};

/// Senders as they come: each another one; `known`: those that entries are about.
std::vector<Asked> questions(bool known) {
  std::mt19937_64 random(known ? 1 : 2);
  std::vector<Asked> all;
  for (int n = 0; n < 20'000; ++n) {
    const std::string domain = known ? domain_name(random() % entries)
                                     : "d" + std::to_string(random() % 1'000'000) + ".mail.elsewhere.example";
    const auto author = Mailbox::parse("person." + std::to_string(random() % 10'000) + "@" + domain).value();
    const auto bounce =
        Mailbox::parse("bounce+" + std::to_string(random()) + "@mx" + std::to_string(random() % 9) + "." + domain)
            .value();
    const IpAddress::V4Octets client{static_cast<std::uint8_t>(random() % 200), static_cast<std::uint8_t>(random()),
                                     static_cast<std::uint8_t>(random()), 7};
    all.push_back({.sender = {.client = IpAddress(client),
                              .envelope = ReversePath(bounce),
                              .spf_pass = true,
                              .author = author,
                              .author_proven = true},
                   .recipient = Mailbox::parse("user" + std::to_string(random() % 1000) + "@south.example").value()});
  }
  return all;
}

void decide(benchmark::State& state) {
  const auto all = questions(state.range(0) != 0);
  const auto& entered = book();
  std::vector<double> took;
  std::size_t n = 0, decided = 0;
  for (auto _ : state) {
    const auto& one = all[n++ % all.size()];
    const auto begun = std::chrono::steady_clock::now();
    const auto findings = entered.find(one.sender, one.recipient, UnixTime(std::chrono::seconds(1'800'000'000)));
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begun;
    decided += findings.decided ? 1 : 0;
    took.push_back(spent.count());
  }
  std::ranges::sort(took);
  state.counters["median_us"] = took[took.size() / 2];
  state.counters["p99_us"] = took[took.size() * 99 / 100];
  state.counters["decided"] = static_cast<double>(decided) / static_cast<double>(n);
}
BENCHMARK(decide)->ArgName("known")->Arg(0)->Arg(1);

}  // namespace
