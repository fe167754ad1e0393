// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One HTTPS request to a host of the web, verified by its name. Redirects are not followed (RFC 8461 §3.3).
#pragma once

#include <expected>
#include <string>

#include "http/message.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"

namespace cas::outbound {

struct WebTarget {
  std::string host;
  std::uint16_t port = 443;
  std::chrono::milliseconds timeout{60000};  // for all of it
  std::uint64_t max_body = 65536;
};

struct WebFault {
  bool certificate = false;  // the server's certificate is not what it should be
  std::string reason;
};

/// At most four addresses are tried. `resolver` outlives the task.
[[nodiscard]] net::Task<std::expected<http::Response, WebFault>> ask_web(net::Resolver& resolver, net::TlsContext tls,
                                                                         WebTarget target, http::Request request);

}  // namespace cas::outbound
