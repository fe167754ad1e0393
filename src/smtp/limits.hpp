// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Bounds of an SMTP session. Everything a peer can make grow has one.
#pragma once

#include <chrono>
#include <cstddef>

namespace cas::smtp {

struct Limits {
  std::size_t command_line = 2048;  // octets with CRLF; RFC 5321 §4.5.3.1.4 asks for 512 plus what extensions add
  std::size_t confirm_line = 8192;  // CAS §5.1
  std::size_t auth_line = 12288;    // RFC 4954 §4
  std::size_t text_line = 0;        // of a message; 0: no bound but the message's. RFC 5321 §4.5.3.1.6 says 1000
  std::size_t message = 52428800;   // octets; announced by SIZE (RFC 1870)
  std::size_t header = 262144;      // octets of the header section
  std::size_t recipients = 1000;    // a transaction (RFC 5321 §4.5.3.1.8 asks for at least 100)
  std::size_t bad_commands = 20;    // then 421
  std::size_t failed_confirms = 3;  // then 421 (CAS §5.4)
  std::size_t failed_auths = 3;     // then 421
  std::size_t transactions = 1000;  // a session; then 421
  std::size_t idle_commands = 100;  // NOOP, RSET, EHLO and the like since the last message; then 421
  std::chrono::seconds command_timeout{300};  // RFC 5321 §4.5.3.2.7
  std::chrono::seconds data_timeout{180};     // between two chunks of data
  std::chrono::seconds busy_timeout{10};      // in place of command_timeout while connections are scarce
  std::chrono::seconds tls_timeout{30};       // for a handshake
  std::size_t data_rate = 500;  // octets a second; slower, after data_timeout of waiting in all: 421. 0: any
  std::chrono::seconds session_timeout{3600};  // the whole of it
};

}  // namespace cas::smtp
