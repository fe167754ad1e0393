// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A tap on the wire: accepts SMTP connections, connects on to the real server, and writes down both directions.
// STARTTLS is ended here and begun again on the other side, which opportunistic TLS cannot notice (RFC 7435): that is
// why the tap can read the dialog, and why CAS signs instead of trusting the channel.
#pragma once

#include <memory>
#include <vector>

#include "cmd/demo_transcript.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace cas::cmd {

struct TapSession {
  Transcript lines;
  bool finished = false;  // both connections are closed
};

class Tap {
 public:
  /// Listens at `listen`, connects on to `target`. `server` and `client` are the TLS contexts of its two sides.
  [[nodiscard]] static Result<std::unique_ptr<Tap>> create(net::Executor executor, const net::Endpoint& listen,
                                                           net::Endpoint target, net::TlsContext server,
                                                           net::TlsContext client);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  /// Accepts from now on. On the executor, or before it runs.
  void start();
  /// Cuts what runs and waits for its end. On the executor.
  [[nodiscard]] net::Task<void> stop();

  /// What was heard since clear(), sessions in the order they came. From any thread.
  [[nodiscard]] std::vector<TapSession> sessions() const;
  /// Forgets finished sessions. From any thread.
  void clear();

 private:
  struct State;
  explicit Tap(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cas::cmd
