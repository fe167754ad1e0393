// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 requests and responses as values, and their readers: octets in, messages out, no sockets. The grammar is
// Boost.Beast's (RFC 9112); everything is bounded.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cas::http {

struct MessageLimits {
  std::uint32_t header = 8192;  // octets of the header section
  std::uint64_t body = 65536;   // octets
};

/// What was asked. `path` is decoded and begins with "/"; a repeated parameter keeps its first value.
struct Request {
  std::string method = "GET";
  std::string path = "/";
  std::map<std::string, std::string> query{};
  std::string body{};
  bool keep_alive = true;
  std::string content_type{};  // of what is sent; empty: none
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  bool keep_alive = true;
};

/// Why a message cannot be understood: the status a server answers it with (RFC 9110 §15.5).
struct MessageFault {
  int status = 400;  // 400, 413 (body), 431 (header)
  std::string reason;
};

/// Splits "/v1/queue?after=X&limit=10" and undoes percent-encoding (RFC 3986 §2.1). None for a malformed escape, a
/// control character, a target that does not begin with "/", more than 32 parameters.
[[nodiscard]] bool read_target(std::string_view target, Request& request);
/// The opposite, with everything encoded that is not unreserved; "/" stays in the path.
[[nodiscard]] std::string write_target(const Request& request);

/// Reads one request after the other from a connection's octets.
class RequestReader {
 public:
  explicit RequestReader(MessageLimits limits = {});
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  /// The next request once it is complete; none while more octets are needed. What follows it is kept for the next
  /// call (with empty octets, or more). After a fault the reader is of no more use.
  [[nodiscard]] std::expected<std::optional<Request>, MessageFault> feed(std::string_view octets);
  /// Whether a request has begun and is not complete.
  [[nodiscard]] bool in_progress() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads the one response of a connection.
class ResponseReader {
 public:
  explicit ResponseReader(MessageLimits limits = {});
  ~ResponseReader();

  [[nodiscard]] Result<std::optional<Response>> feed(std::string_view octets);
  /// The connection has ended: a body without a length is complete (RFC 9112 §6.3). An error when something is missing.
  [[nodiscard]] Result<Response> end();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// As sent. `host` is the Host field.
[[nodiscard]] std::string write_request(const Request& request, std::string_view host);
[[nodiscard]] std::string write_response(const Response& response);

}  // namespace cas::http
