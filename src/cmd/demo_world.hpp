// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The world of the demo: a private directory with keys, certificates and two configurations, and two `cas serve`
// processes that run on them. Everything is on loopback; the DNS is in the configurations.
//
//   north.example         sends, signs            127.0.0.21
//   quiet.example         sends, does not sign    the same server
//   south.example         receives, optional      127.0.0.22, reached through a tap at 127.0.0.12
//   strict.south.example  receives, required      the same server and tap
//   west.example          receives without CAS    127.0.0.23, reached through a tap at 127.0.0.13
//   evil.example          a forger with a DNS key of its own; no server
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cmd/demo_client.hpp"
#include "crypto/keys.hpp"
#include "net/stream.hpp"

namespace cas::cmd {

/// A mailbox of the demo and, on the sending side, who may log in for it. All passwords are the same.
inline constexpr std::string_view joe = "joe@north.example";
inline constexpr std::string_view ann = "ann@quiet.example";
inline constexpr std::string_view suzie = "suzie@south.example";
inline constexpr std::string_view kim = "kim@south.example";
inline constexpr std::string_view pat = "pat@south.example";
inline constexpr std::string_view olga = "olga@strict.south.example";
inline constexpr std::string_view otto = "otto@strict.south.example";
inline constexpr std::string_view walter = "walter@west.example";
inline constexpr std::string_view mallory = "mallory@evil.example";
inline constexpr std::string_view demo_password = "confirm-and-send";

/// Where everything listens. One port serves all hosts: they differ by loopback address.
struct Addresses {
  net::Endpoint submission;  // north: mail programs
  net::Endpoint submission_tap;
  net::Endpoint north_mx, south_mx, west_mx;  // the servers
  net::Endpoint south_tap, west_tap;          // what the MX records name
};

class World {
 public:
  /// Makes the directory, keys and configurations and starts the servers. Forks: call it before any thread exists.
  [[nodiscard]] static Result<std::unique_ptr<World>> create(const std::string& directory, bool keep);
  /// Stops its servers and, unless told to keep it, removes the directory.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Until every listener greets; an error, with what the server said last, when one ends or 30 seconds are over.
  [[nodiscard]] Result<void> wait_until_ready(const net::Executor& executor);
  /// Asks the servers to end, waits; the exit status of each in words, empty where it was 0.
  [[nodiscard]] std::vector<std::string> stop();

  /// The messages in a mailbox, or in a folder of it, oldest first.
  [[nodiscard]] std::vector<std::string> mail(std::string_view mailbox, std::string_view folder = {}) const;

  [[nodiscard]] const Addresses& addresses() const { return addresses_; }
  [[nodiscard]] const crypto::PrivateKey& north_key() const { return *north_key_; }
  [[nodiscard]] const crypto::PrivateKey& evil_key() const { return *evil_key_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] Result<net::TlsContext> tap_tls() const;

 private:
  struct Server {
    std::string name;
    int pid = -1;
  };
  World() = default;
  [[nodiscard]] Result<void> make_directory(const std::string& wanted);
  [[nodiscard]] Result<void> choose_addresses();
  [[nodiscard]] Result<void> make_keys();
  [[nodiscard]] Result<void> write_configs();
  [[nodiscard]] Result<void> start(const std::string& name);
  [[nodiscard]] std::string last_words(const Server& server) const;
  [[nodiscard]] Result<void> still_running();

  std::filesystem::path directory_;
  bool keep_ = false;
  Addresses addresses_;
  std::optional<crypto::PrivateKey> north_key_, evil_key_;
  std::string password_hash_;
  std::vector<Server> servers_;
};

}  // namespace cas::cmd
