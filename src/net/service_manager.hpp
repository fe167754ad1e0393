// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The protocol between a service and what starts it: systemd, or whoever plays its part (sd_notify(3),
// sd_listen_fds(3)). Without such a one in the environment all of this does nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "net/stream.hpp"

namespace cas::net {

/// Who waits to hear how we are.
class ServiceManager {
 public:
  ServiceManager() = default;
  /// `socket`: a path, or a name after "@"; anything else is nobody. `watchdog` 0: nobody counts the time.
  ServiceManager(std::string socket, milliseconds watchdog) : socket_(std::move(socket)), watchdog_(watchdog) {}
  /// Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. Before there are threads.
  [[nodiscard]] static ServiceManager of_this_process();

  /// "READY=1\nSTATUS=...": one datagram. What cannot be told within a second is dropped.
  void tell(std::string_view state) const;
  /// How long we may be silent ("WATCHDOG=1") before we are taken for dead; none: as long as we like.
  [[nodiscard]] std::optional<milliseconds> watchdog() const;

 private:
  std::string socket_;
  milliseconds watchdog_{0};
};

/// Listening sockets that were opened for us. They outlive this process, and so does who waits in their queues: nobody
/// is refused while it is replaced. Whoever is not taken is closed with this object.
class HandedSockets {
 public:
  HandedSockets() = default;
  ~HandedSockets();
  HandedSockets(HandedSockets&&) noexcept;
  HandedSockets& operator=(HandedSockets&&) noexcept;

  /// Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment. Permanent error for what is no listening
  /// stream socket, and for an IPv6 socket that takes IPv4 too: its clients would have other addresses.
  [[nodiscard]] static Result<HandedSockets> of_this_process();
  /// `count` descriptors from `first` on, named by `names` with colons between.
  [[nodiscard]] static Result<HandedSockets> adopt(int first, std::size_t count, std::string_view names);

  /// The one that is bound there. Its threads share one queue, and the file of a Unix socket is not ours to remove.
  [[nodiscard]] std::optional<Listener> take(const Executor& executor, const Endpoint& endpoint);
  [[nodiscard]] std::optional<Listener> take_unix(const Executor& executor, const std::string& path);
  /// Those that nobody took, for people: "0.0.0.0:25 (cas.socket)".
  [[nodiscard]] std::vector<std::string> left() const;

 private:
  struct Handed {
    int descriptor = -1;
    std::string place;  // "0.0.0.0:25", "/run/cas/admin.sock"
    std::string name;
  };
  std::optional<Listener> take_place(const Executor& executor, const std::string& place);

  std::vector<Handed> sockets_;
};

}  // namespace cas::net
