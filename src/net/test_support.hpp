// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For the tests of net/ alone: a running Runtime, connected pairs, certificates in a directory of their own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "net/runtime.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"

namespace cas::net::test {

/// Far more than anything on a loopback needs: an operation that runs into it has failed.
inline constexpr milliseconds ample{20000};

/// Soon over: for an operation that is to run out of time.
inline constexpr milliseconds brief{1};
/// For an operation that only cancellation can end.
inline constexpr milliseconds forever{std::chrono::hours{1}};
/// `co_await sleep_for(a_turn)` lets the other tasks of the thread go on.
inline constexpr milliseconds a_turn{0};

inline const Endpoint loopback{.address = "127.0.0.1", .port = 0};

class NetTest : public testing::Test {
 protected:
  NetTest() { runtime.start(); }

  /// Runs a coroutine on the first executor and waits for it.
  void run(std::function<Task<void>()> task) { run_and_wait(runtime.executor(0), std::move(task)); }
  [[nodiscard]] Listener listen() { return Listener::tcp(runtime.executor(0), loopback).value(); }

  Runtime runtime{2};
};

struct Pair {
  Stream client;
  Stream server;
};

/// The kernel accepts before we do, so both ends can be made one after the other.
inline Task<Pair> connected(Listener& listener) {
  auto client = co_await connect(listener.endpoint(), ample);
  auto server = co_await listener.accept();
  co_return Pair{.client = std::move(client).value(), .server = std::move(server).value()};
}

/// Everything until the peer closes; nothing when the stream broke.
inline Task<Result<std::string>> read_all(Stream& stream) {
  std::string all;
  std::array<char, 512> buffer{};
  while (true) {
    const auto n = co_await stream.read_some(buffer, ample);
    if (!n) co_return std::unexpected(n.error());
    if (*n == 0) co_return all;
    all.append(buffer.data(), *n);
  }
}

/// At least `size` octets.
inline Task<Result<std::string>> read_exactly(Stream& stream, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    std::string buffer(size - all.size(), '\0');
    const auto n = co_await stream.read_some(buffer, ample);
    if (!n) co_return std::unexpected(n.error());
    if (*n == 0) co_return transient("the peer closed");
    all.append(buffer.data(), *n);
  }
  co_return all;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cas-net-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name) << content;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace cas::net::test
