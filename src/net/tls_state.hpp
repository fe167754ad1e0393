// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: the SSL_CTX behind a TlsContext.
#pragma once

#include <boost/asio/ssl/context.hpp>

namespace cas::net {

struct TlsState {
  explicit TlsState(boost::asio::ssl::context::method method) : context(method) {}

  boost::asio::ssl::context context;
  bool verify = false;  // clients: chain and name are checked
};

/// What OpenSSL has to say about its last failure on this thread; empties its queue.
[[nodiscard]] std::string last_openssl_error();

}  // namespace cas::net
