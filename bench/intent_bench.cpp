// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What an intent costs: reading, writing, signing and verifying it, reading its key from a TXT record, and the digest
// of a small and a large message. No I/O: nothing here touches a disk.
#include <benchmark/benchmark.h>

#include "auth/dkim_key.hpp"
#include "confirm/receiver.hpp"
#include "confirm/sender.hpp"

namespace {

using namespace cas;

crypto::PrivateKey make_key(crypto::KeyType type) {
  return crypto::generate_key(type, 2048).value();
}

const crypto::PrivateKey& key_of(crypto::KeyType type) {
  static const crypto::PrivateKey rsa = make_key(crypto::KeyType::Rsa);
  static const crypto::PrivateKey ed25519 = make_key(crypto::KeyType::Ed25519);
  return type == crypto::KeyType::Rsa ? rsa : ed25519;
}

confirm::IntentRequest request_to(int recipients) {
  const Domain shop = Domain::parse("shopping.example.net").value();
  const Mailbox joe = Mailbox::parse("joe@football.example.com").value();
  std::vector<Mailbox> list;
  for (int i = 0; i < recipients; ++i) {
    list.emplace_back(LocalPart::from_value("recipient-" + std::to_string(1000000000 + i)).value(), shop);
  }
  return {.id = {},
          .signing_domain = *joe.domain(),
          .selector = "brisbane",
          .envelope_from = ReversePath(joe),
          .recipient_domain = shop,
          .recipients = std::move(list),
          .author = joe,
          .klass = confirm::Class::Personal,
          .list_id = {},
          .hashes = {},
          .now = UnixTime(seconds(1795460400)),
          .lifetime = std::chrono::hours(4)};
}

std::string line_for(int recipients, crypto::KeyType type) {
  return confirm::make_intents(request_to(recipients), key_of(type)).value().front().line;
}

void parse(benchmark::State& state) {
  const std::string line = line_for(static_cast<int>(state.range(0)), crypto::KeyType::Ed25519);
  for (auto _ : state) benchmark::DoNotOptimize(confirm::parse_intent(line));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(line.size()));
}
BENCHMARK(parse)->Arg(1)->Arg(100);

void print(benchmark::State& state) {
  const auto intent =
      confirm::parse_intent(line_for(static_cast<int>(state.range(0)), crypto::KeyType::Ed25519)).value();
  for (auto _ : state) benchmark::DoNotOptimize(confirm::print_intent(intent));
}
BENCHMARK(print)->Arg(1)->Arg(100);

void sign(benchmark::State& state, crypto::KeyType type) {
  auto intent = confirm::parse_intent(line_for(1, type)).value();
  for (auto _ : state) benchmark::DoNotOptimize(confirm::sign_intent(intent, key_of(type)));
}
BENCHMARK_CAPTURE(sign, ed25519, crypto::KeyType::Ed25519);
BENCHMARK_CAPTURE(sign, rsa_2048, crypto::KeyType::Rsa);

void verify(benchmark::State& state, crypto::KeyType type) {
  const std::string line = line_for(1, type);
  const auto intent = confirm::parse_intent(line).value();
  const auto record = auth::parse_dkim_key(auth::format_dkim_key(key_of(type))).value();
  for (auto _ : state) {
    if (!confirm::verify_intent(intent, line, *record.key)) state.SkipWithError("does not verify");
  }
}
BENCHMARK_CAPTURE(verify, ed25519, crypto::KeyType::Ed25519);
BENCHMARK_CAPTURE(verify, rsa_2048, crypto::KeyType::Rsa);

/// Steps 1, 2, 3, 6 and 7 of CAS §8.1: all that CONFIRM costs but DNS and the ledger.
void receive(benchmark::State& state, crypto::KeyType type) {
  const std::string line = line_for(1, type);
  const auto request = request_to(1);
  const confirm::StatementFacts facts{.now = request.now,
                                      .mail_from = request.envelope_from,
                                      .recipient_domain_is_local = true,
                                      .signing_domain_is_public_suffix = false};
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{auth::format_dkim_key(key_of(type))});
  for (auto _ : state) {
    const auto intent = confirm::read_intent(line);
    const bool ok = intent && confirm::check_statement(*intent, facts) && confirm::check_key(*intent, line, answer);
    if (!ok) state.SkipWithError("refused");
  }
}
BENCHMARK_CAPTURE(receive, ed25519, crypto::KeyType::Ed25519);
BENCHMARK_CAPTURE(receive, rsa_2048, crypto::KeyType::Rsa);

void read_key(benchmark::State& state, crypto::KeyType type) {
  const std::string record = auth::format_dkim_key(key_of(type));
  for (auto _ : state) benchmark::DoNotOptimize(auth::parse_dkim_key(record));
}
BENCHMARK_CAPTURE(read_key, ed25519, crypto::KeyType::Ed25519);
BENCHMARK_CAPTURE(read_key, rsa_2048, crypto::KeyType::Rsa);

constexpr std::string_view message_header =
    "Received: from x by y; Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner\r\n ready?\r\n"
    "Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "Message-ID: <20261123190000.1@football.example.com>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n";

/// The whole digest: header parsed and hashed, body canonicalised and hashed, both combined.
void digest(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::string body;
  while (body.size() < size)
    body += "We lost the game.  Are you hungry yet? Dinner could be ready at eight or nine.\r\n";
  body.resize(size);
  for (auto _ : state) {
    confirm::BodyHasher hasher;
    hasher.update(body);
    const auto fields = parse_header(message_header).value();
    const confirm::MessageHashes hashes{.header = confirm::header_hash(fields), .body = hasher.finish()};
    benchmark::DoNotOptimize(confirm::digest_c1({}, hashes));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message_header.size() + size));
}
BENCHMARK(digest)->Arg(4096)->Arg(65536);

}  // namespace
