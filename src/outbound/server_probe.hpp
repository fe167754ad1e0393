// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a mail server says to EHLO, STARTTLS, EHLO and QUIT. Nothing else is ever sent: no MAIL, no RCPT.
#pragma once

#include <cstdint>
#include <string>

#include "net/stream.hpp"
#include "setup/facts.hpp"

namespace cas::outbound {

struct ProbeOptions {
  std::string helo;
  std::uint16_t port = 25;
  std::chrono::milliseconds timeout{20000};  // for all of it
};

/// `tls`: of net::ClientTls. What could not be found out is in the facts as a fault.
[[nodiscard]] net::Task<setup::ServerFacts> probe(setup::MailServer server, net::TlsContext tls, ProbeOptions options);

}  // namespace cas::outbound
