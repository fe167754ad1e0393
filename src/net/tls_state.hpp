// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: the SSL_CTX behind a TlsContext.
#pragma once

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/generations.hpp"
#include "base/guarded.hpp"
#include "net/tls.hpp"

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

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPointer = std::unique_ptr<SSL_SESSION, FreeSession>;

/// Sessions of a client, one a key. Thread-safe.
class TlsSessions {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::hours longest{1};  // a certificate that ran out must not live on in tickets

  explicit TlsSessions(std::size_t capacity) : kept_(Generations<Table>(capacity)) {}

  void keep(const std::string& key, SessionPointer session, Time now);
  /// A ticket is shown once (RFC 8446 §C.4). None: there is none, or it is too old.
  [[nodiscard]] SessionPointer take(const std::string& key, Time now);

 private:
  struct Entry {
    std::shared_ptr<SSL_SESSION> session;
    Time since;
  };
  using Table = std::map<std::string, Entry>;
  Guarded<Generations<Table>> kept_;
};

struct TlsState {
  explicit TlsState(boost::asio::ssl::context::method method) : context(method) {}

  TicketKeys tickets;  // of a server; outlives `context`
  boost::asio::ssl::context context;
  bool verify = false;        // clients: chain and name are checked
  bool asks_clients = false;  // servers: they can verify certificates of clients
  std::optional<TlsSessions> sessions;
};

/// Where an SSL finds the key that its new sessions are kept under: a std::string.
[[nodiscard]] int session_key_index();

/// What OpenSSL has to say about its last failure on this thread; empties its queue.
[[nodiscard]] std::string last_openssl_error();

}  // namespace cas::net
