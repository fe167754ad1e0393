// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How many messages of 4 KB a second the SQLite store commits, in groups of 1, 16, 64 and 256: body, chunk, entry and
// one recipient each, acknowledged after the sync. The file lies in CAS_BENCH_DIR, else in the working directory: name
// a real disk, not a tmpfs.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <stdexcept>

#include "store/sqlite.hpp"

namespace {

using cas::Result;
namespace store = cas::store;

/// The store's file, gone afterwards.
class BenchFile {
 public:
  BenchFile() {
    const char* named = std::getenv("CAS_BENCH_DIR");
    directory_ = std::filesystem::path(named != nullptr ? named : ".") / ("cas-bench-" + std::to_string(::getpid()));
    std::filesystem::create_directory(directory_);
  }
  ~BenchFile() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  BenchFile(const BenchFile&) = delete;
  BenchFile& operator=(const BenchFile&) = delete;
  [[nodiscard]] std::filesystem::path file() const { return directory_ / "cas.db"; }

 private:
  std::filesystem::path directory_;
};

store::Store::WriteWork enqueue(std::uint64_t n, const std::string& octets) {
  return [n, &octets](store::Tx& tx) -> Result<void> {
    store::Message message;
    std::string number = std::to_string(n);
    message.id = "01KAS0" + std::string(20 - number.size(), '0') + number;
    message.trace = "0123456789abcdef";
    message.sender = cas::ReversePath::parse("<joe@football.example.com>").value();
    message.prefix =
        "Received: from a.example (a.example [192.0.2.1]) by mx.b.example with ESMTPS id 1;\r\n"
        "\tMon, 23 Nov 2026 19:00:00 +0000\r\n";
    CAS_TRY(message.body, tx.create_body());
    CAS_CHECK(tx.append_body(message.body, octets));
    store::Recipient recipient{
        .address = cas::Mailbox::parse("suzie@shopping.example.net").value(), .next_attempt = {}, .last_reply = {}};
    return tx.add_message(message, {recipient});
  };
}

/// Gives a group, waits until the last of it is acknowledged, gives the next.
void commit_messages(benchmark::State& state) {
  const auto group = static_cast<std::size_t>(state.range(0));
  const BenchFile bench;
  auto store = store::open_sqlite({.file = bench.file(), .max_group = group});
  if (!store) throw std::runtime_error(store.error().private_reason);
  const std::string octets(4096, 'x');
  std::uint64_t n = 0;
  for (auto _ : state) {
    std::promise<void> acknowledged;
    for (std::size_t of_group = 1; of_group <= group; ++of_group) {
      (*store)->write(enqueue(n++, octets), [&acknowledged, last = of_group == group](const Result<void>& result) {
        if (!result) throw std::runtime_error(result.error().private_reason);
        if (last) acknowledged.set_value();
      });
    }
    acknowledged.get_future().wait();
  }
  state.counters["messages/s"] = benchmark::Counter(static_cast<double>(n), benchmark::Counter::kIsRate);
  state.SetLabel("4 KB each, WAL, synchronous=FULL");
}

BENCHMARK(commit_messages)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->UseRealTime()->MinTime(2);

}  // namespace
