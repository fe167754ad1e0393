// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: the SSL_CTX behind a TlsContext.
#pragma once

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <optional>
#include <span>

#include "base/guarded.hpp"

namespace cas::net {

/// Erased when it goes.
struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> mac{};
  std::array<unsigned char, 32> cipher{};
  TicketKey() = default;
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
  ~TicketKey();
};

/// The keys of a server's session tickets: drawn anew every hour, known for two. Thread-safe.
class TicketKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Found {
    TicketKey key;
    bool old = false;  // give the client a new ticket
  };
  /// None when no randomness can be had.
  [[nodiscard]] std::optional<TicketKey> current(Time now);
  [[nodiscard]] std::optional<Found> find(std::span<const unsigned char> name, Time now);
  /// To be asked by `context`, which it outlives.
  void serve(SSL_CTX* context);

 private:
  struct State {
    std::optional<TicketKey> current, former;
    Time since;
  };
  static void rotate(State& state, Time now);
  Guarded<State> state_;
};

struct TlsState {
  explicit TlsState(boost::asio::ssl::context::method method) : context(method) {}

  TicketKeys tickets;  // of a server; outlives `context`
  boost::asio::ssl::context context;
  bool verify = false;  // clients: chain and name are checked
};

/// What OpenSSL has to say about its last failure on this thread; empties its queue.
[[nodiscard]] std::string last_openssl_error();

}  // namespace cas::net
