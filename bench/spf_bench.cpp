// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What an SPF check costs when the DNS has been asked: a record with two includes, lists of networks and -all. No I/O.
#include <benchmark/benchmark.h>

#include <string>

#include "auth/spf.hpp"
#include "auth/spf_record.hpp"

namespace {

using namespace cas;

std::string networks(int count, int third) {
  std::string out;
  for (int n = 0; n < count; ++n) {
    out += " ip4:198.51." + std::to_string(third) + '.' + std::to_string(n) + "/32";
    if (n % 4 == 3) out += " ip6:2001:db8:" + std::to_string(n) + "::/48";
  }
  return out;
}

void add(dns::Answers& answers, const std::string& name, const std::string& text) {
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{"google-site-verification=0123456789"});
  answer.records.emplace_back(dns::Txt{text});
  answers.add({.name = name, .type = dns::Type::TXT}, std::move(answer));
}

dns::Answers typical() {
  dns::Answers answers;
  add(answers, "a.example", "v=spf1" + networks(8, 1) + " include:_spf.b.example include:_spf.c.example -all");
  add(answers, "_spf.b.example", "v=spf1" + networks(20, 2) + " ~all");
  add(answers, "_spf.c.example", "v=spf1" + networks(20, 3) + " ?all");
  return answers;
}

void evaluate(benchmark::State& state, const char* ip, auth::SpfResult expected) {
  dns::Answers answers = typical();
  const auth::SpfQuery query{.ip = IpAddress::parse(ip).value(),
                             .helo = "mail.a.example",
                             .mail_from = "joe@a.example",
                             .receiver = "mx.south.example",
                             .now = {}};
  for (auto _ : state) {
    const auto outcome = auth::check_spf(query, answers);
    if (!outcome || outcome->result != expected) state.SkipWithError("not as expected");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(evaluate, first_record, "198.51.1.0", auth::SpfResult::Pass);
BENCHMARK_CAPTURE(evaluate, second_include, "198.51.3.19", auth::SpfResult::Pass);
BENCHMARK_CAPTURE(evaluate, stranger, "203.0.113.1", auth::SpfResult::Fail);

void parse(benchmark::State& state) {
  const std::string record = "v=spf1" + networks(20, 2) + " ~all";
  for (auto _ : state) benchmark::DoNotOptimize(auth::parse_spf_record(record));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(record.size()));
}
BENCHMARK(parse);

}  // namespace
