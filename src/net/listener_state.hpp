// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: the socket behind a Listener.
#pragma once

#include <sys/stat.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <string>

#include "net/stream_state.hpp"

namespace cas::net {

struct ListenerState {
  using Protocol = boost::asio::generic::stream_protocol;

  explicit ListenerState(const Executor& executor) : acceptor(executor) {}
  ~ListenerState() { close(); }
  ListenerState(const ListenerState&) = delete;
  ListenerState& operator=(const ListenerState&) = delete;

  /// Takes a descriptor that listens already; on error it stays the caller's.
  [[nodiscard]] Result<void> adopt(int descriptor);
  void close();

  boost::asio::basic_socket_acceptor<Protocol> acceptor;
  Endpoint endpoint;
  bool one_queue = false;  // of all threads: the descriptor is shared, not the port
  std::string path;        // of a Unix socket that is ours to remove
  struct stat file{};
};

}  // namespace cas::net
