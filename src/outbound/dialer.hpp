// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Connections to the addresses of one host: does what AddressRace says.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "net/stream.hpp"
#include "outbound/address_race.hpp"

namespace cas::outbound {

struct DialOptions {
  std::chrono::milliseconds timeout{30000};  // for each address
  std::chrono::milliseconds delay = connection_attempt_delay;
};

/// How a race ended.
struct Dialed {
  struct Line {
    net::Endpoint endpoint;
    net::Stream stream;
  };
  struct Failure {
    net::Endpoint endpoint;
    Error error;
  };
  std::optional<Line> line;       // none: nobody is left
  std::vector<Failure> failures;  // in the order in which they failed, before the winner connected
};

/// Used by one task.
class Dialer {
 public:
  using Connect = std::function<net::Task<Result<net::Stream>>(net::Endpoint)>;

  /// `endpoints`: the best first.
  Dialer(std::vector<net::Endpoint> endpoints, DialOptions options);
  /// `connect` in place of net::connect(); what it awaits ends soon once it is cancelled.
  Dialer(std::vector<net::Endpoint> endpoints, DialOptions options, Connect connect);

  /// The first to connect of those that have neither failed nor connected before. The others are given up, closed
  /// without a word, and in the race again next time.
  [[nodiscard]] net::Task<Dialed> next();

 private:
  struct Contest;
  [[nodiscard]] net::Task<Dialed> next_alone();
  static net::Task<void> contend(std::shared_ptr<Contest> contest, std::size_t address);
  static net::Task<void> watch(std::shared_ptr<Contest> contest);

  std::vector<net::Endpoint> endpoints_;
  DialOptions options_;
  Connect connect_;
};

}  // namespace cas::outbound
