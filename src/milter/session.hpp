// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One connection of an MTA: does what milter::ServerSession says. The MTA is trusted to say who its client is and who
// logged in; what it passes on is not.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "milter/packet.hpp"
#include "milter/server_session.hpp"
#include "milter/transaction.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace cas::milter {

/// Lives on its stream's thread. `background`, a group of that thread, outlives it.
class Session {
 public:
  Session(net::Stream stream, std::shared_ptr<const ServerSettings> settings, net::TaskGroup& background);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Until the connection is over. Nothing the MTA does makes it throw.
  [[nodiscard]] net::Task<void> run();
  /// The server is going away: hangs up at once, or after the message under way.
  void drain();

 private:
  net::Task<void> converse();
  net::Task<std::optional<Packet>> next_packet();
  net::Task<bool> perform(const Packet& packet);
  net::Task<bool> send(std::string octets);
  net::Task<std::string> on(Occurrence what);
  [[nodiscard]] std::string on_sender(const SenderNamed& sender);
  net::Task<std::string> end_message(std::string octets);
  [[nodiscard]] std::string changes(const Outcome& outcome) const;
  void tell_end(const Outcome& outcome) const;
  void account();
  void event(Level level, std::string_view name, inbound::EventFields fields) const;

  net::Stream stream_;
  std::shared_ptr<const ServerSettings> settings_;
  const inbound::Services& services_;
  net::TaskGroup& background_;
  inbound::Underway underway_ = std::make_shared<int>(0);
  ServerSession protocol_;
  PacketReader reader_;
  inbound::MemoryAccount::Share memory_;
  TraceId trace_;
  Client client_;
  std::optional<Transaction> transaction_;
  bool idle_ = false;
  bool draining_ = false;
};

}  // namespace cas::milter
