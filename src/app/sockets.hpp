// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What has to be done before privileges are dropped: folders made, ports bound.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "app/config.hpp"
#include "app/privileges.hpp"
#include "net/runtime.hpp"
#include "net/service_manager.hpp"
#include "net/stream.hpp"

namespace cas::app {

/// One [[listen]]: a socket for each thread, in their order.
struct BoundListener {
  ListenConfig config;  // its address has the real port
  std::vector<net::Listener> sockets;
};

struct Sockets {
  std::vector<BoundListener> listeners;
  std::optional<net::Listener> admin;
  std::optional<net::Listener> submission;  // Unix; everybody may connect
  std::optional<net::Listener> metrics;
};

/// Makes state_dir and the folders of the sockets where they do not exist, owned by `owner`: mode 0750, and 0755 for
/// the submission socket's.
[[nodiscard]] std::expected<void, ConfigError> make_folders(const Config& config, const Identity& owner);

/// Binds everything, or says which port is in the way. The admin socket belongs to `owner`. What was handed over is
/// used where it is bound to the address or path that the configuration names; a socket that no listener wants is an
/// error: who connects there would never be answered.
[[nodiscard]] std::expected<Sockets, ConfigError> bind_sockets(const Config& config, const net::Runtime& runtime,
                                                               const Identity& owner, net::HandedSockets handed);

/// Where a listener can be reached: itself, or with the address of every interface where it listens on all.
[[nodiscard]] std::vector<net::Endpoint> places_of(const net::Endpoint& listener);

/// As the user we became: whether state and mail can be written.
[[nodiscard]] std::vector<ConfigError> check_writable(const Config& config);

}  // namespace cas::app
