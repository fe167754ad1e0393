// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What DKIM and ARC cost: verifying and signing whole messages whose keys are known, beside what remains of that when
// everything but SHA-256 and the signature itself costs nothing ("bare"); header and canonical forms alone. No I/O.
#include <benchmark/benchmark.h>

#include "bench/auth_messages.hpp"

namespace {

using namespace cas;

constexpr auto rsa = crypto::KeyType::Rsa;
constexpr auto ed25519 = crypto::KeyType::Ed25519;

std::size_t size_of(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void verify(benchmark::State& state, crypto::KeyType type, Canonicalization form = Canonicalization::Relaxed) {
  const auto message = bench::signed_message(size_of(state), type, form);
  auth::DkimKeyCache keys;
  for (auto _ : state) {
    const auto findings = bench::check(message, keys);
    if (findings.dkim.front().result != auth::DkimResult::Pass) state.SkipWithError("does not verify");
  }
  state.SetItemsProcessed(state.iterations());
}

void verify_bare(benchmark::State& state, crypto::KeyType type, int signatures = 1) {
  const bench::Bare bare(type);
  const std::string octets(size_of(state), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(crypto::sha256(octets));
    for (int n = 0; n < signatures; ++n) {
      if (!bare.key.verify(bare.hash, bare.signature)) state.SkipWithError("does not verify");
    }
  }
  state.SetItemsProcessed(state.iterations());
}

void sign(benchmark::State& state, crypto::KeyType type) {
  const auto message = bench::unsigned_message(size_of(state));
  for (auto _ : state) benchmark::DoNotOptimize(bench::sign(message, type));
  state.SetItemsProcessed(state.iterations());
}

void sign_bare(benchmark::State& state, crypto::KeyType type) {
  const std::string octets(size_of(state), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(bench::key_of(type).sign(crypto::sha256(octets)));
  state.SetItemsProcessed(state.iterations());
}

void arc(benchmark::State& state, crypto::KeyType type) {
  const auto message = bench::sealed_message(size_of(state), type, 3);
  auth::DkimKeyCache keys;
  for (auto _ : state) {
    if (bench::check(message, keys).arc.result != auth::ArcResult::Pass) state.SkipWithError("does not verify");
  }
  state.SetItemsProcessed(state.iterations());
}

void header_and_body(benchmark::State& state, Canonicalization form) {
  const auto message = bench::unsigned_message(size_of(state));
  for (auto _ : state) {
    const auto fields = parse_header(message.header);
    std::size_t octets = 0;
    for (const auto& field : *fields) {
      octets += form == Canonicalization::Relaxed ? relaxed_header(field).size() : field.raw.size();
    }
    BodyCanonicalizer body(form, [&](std::string_view piece) { octets += piece.size(); });
    body.update(message.body);
    body.finish();
    benchmark::DoNotOptimize(octets);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(verify, rsa2048, rsa)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(verify_bare, rsa2048, rsa)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(verify, ed25519, ed25519)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(verify_bare, ed25519, ed25519)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(verify, rsa2048_simple, rsa, Canonicalization::Simple)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(sign, rsa2048, rsa)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(sign_bare, rsa2048, rsa)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(sign, ed25519, ed25519)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(sign_bare, ed25519, ed25519)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(arc, rsa2048, rsa)->Arg(4096);
BENCHMARK_CAPTURE(verify_bare, arc_rsa2048, rsa, 4)->Arg(4096);
BENCHMARK_CAPTURE(arc, ed25519, ed25519)->Arg(4096);
BENCHMARK_CAPTURE(verify_bare, arc_ed25519, ed25519, 4)->Arg(4096);
BENCHMARK_CAPTURE(header_and_body, relaxed, Canonicalization::Relaxed)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(header_and_body, simple, Canonicalization::Simple)->Arg(4096)->Arg(65536);

}  // namespace
