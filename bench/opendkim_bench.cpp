// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The same messages verified by libopendkim and by us, one after the other on one core. Its DNS is a callback that
// copies the record; its fields are handed to it already split, as a milter has them, while ours are parsed each time.
#include <benchmark/benchmark.h>
#define _Bool bool  // its header is C
#include <opendkim/dkim.h>
#undef _Bool

#include <cstring>

#include "bench/auth_messages.hpp"

namespace {

using namespace cas;

std::string record;  // what stands at the only key's name

DKIM_CBSTAT look_up(DKIM*, DKIM_SIGINFO*, u_char* buffer, size_t size) {
  if (record.size() + 1 > size) return DKIM_CBSTAT_ERROR;
  std::memcpy(buffer, record.c_str(), record.size() + 1);
  return DKIM_CBSTAT_CONTINUE;
}

u_char* octets(std::string_view text) {
  return reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
}

DKIM_STAT verify_once(DKIM_LIB* library, const std::vector<std::string_view>& fields, std::string_view body) {
  DKIM_STAT status = DKIM_STAT_OK;
  DKIM* dkim = dkim_verify(library, octets("bench"), nullptr, &status);
  for (const auto field : fields) {
    if (status == DKIM_STAT_OK) status = dkim_header(dkim, octets(field), field.size());
  }
  if (status == DKIM_STAT_OK) status = dkim_eoh(dkim);
  if (status == DKIM_STAT_OK) status = dkim_body(dkim, octets(body), body.size());
  if (status == DKIM_STAT_OK) status = dkim_eom(dkim, nullptr);
  dkim_free(dkim);
  return status;
}

void opendkim(benchmark::State& state, crypto::KeyType type) {
  DKIM_LIB* library = dkim_init(nullptr, nullptr);
  if (type == crypto::KeyType::Ed25519 && !dkim_libfeature(library, DKIM_FEATURE_ED25519)) {
    dkim_close(library);
    state.SkipWithError("this libopendkim knows no Ed25519");
    return;
  }
  dkim_set_key_lookup(library, look_up);
  const auto message = bench::signed_message(static_cast<std::size_t>(state.range(0)), type);
  record = std::get<dns::Txt>(message.answer.records.front()).text;
  const auto parsed = parse_header(message.header).value();
  std::vector<std::string_view> fields;
  for (const auto& field : parsed) fields.push_back(field.raw.substr(0, field.raw.size() - 2));
  for (auto _ : state) {
    if (verify_once(library, fields, message.body) != DKIM_STAT_OK) state.SkipWithError("does not verify");
  }
  state.SetItemsProcessed(state.iterations());
  dkim_close(library);
}

void ours(benchmark::State& state, crypto::KeyType type) {
  const auto message = bench::signed_message(static_cast<std::size_t>(state.range(0)), type);
  auth::DkimKeyCache keys;
  for (auto _ : state) {
    if (bench::check(message, keys).dkim.front().result != auth::DkimResult::Pass) state.SkipWithError("no");
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(ours, rsa2048, crypto::KeyType::Rsa)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(opendkim, rsa2048, crypto::KeyType::Rsa)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(ours, ed25519, crypto::KeyType::Ed25519)->Arg(4096)->Arg(65536);
BENCHMARK_CAPTURE(opendkim, ed25519, crypto::KeyType::Ed25519)->Arg(4096)->Arg(65536);

}  // namespace
