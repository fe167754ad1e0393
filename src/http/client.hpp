// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One question to the running server, for the command-line tools. Blocking; starts no thread.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "base/time.hpp"
#include "http/message.hpp"

namespace cas::http {

struct ClientFault {
  enum class Kind {
    NotRunning,    // nobody listens there
    NotPermitted,  // the socket's mode keeps us out
    Broken,        // it did not answer in time, or what it said is no HTTP
  };
  Kind kind = Kind::Broken;
  std::string reason;
};

/// Sends the request and reads the response, of at most 64 MiB.
[[nodiscard]] std::expected<Response, ClientFault> fetch(const std::filesystem::path& socket, Request request,
                                                         milliseconds timeout = milliseconds{30000});

}  // namespace cas::http
