// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The readers and writers, on Beast's parser and serializer. The only place that includes Beast, and its library is
// compiled here: nothing of it touches a socket.
#include "http/message.hpp"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

namespace cas::http {

namespace beast = boost::beast;
namespace wire = boost::beast::http;

namespace {

template <bool isRequest>
using Parser = wire::parser<isRequest, wire::string_body>;

MessageFault fault_of(const beast::error_code& error) {
  if (error == wire::error::body_limit) return {.status = 413, .reason = "the body is too large"};
  if (error == wire::error::header_limit) return {.status = 431, .reason = "the header is too large"};
  return {.status = 400, .reason = error.message()};
}

// Gives a parser what it can use of `buffer`, and takes that away from it.
template <bool isRequest>
beast::error_code advance(Parser<isRequest>& parser, std::string& buffer) {
  beast::error_code error;
  while (!buffer.empty() && !parser.is_done()) {
    const auto used = parser.put(boost::asio::buffer(buffer), error);
    buffer.erase(0, used);
    if (error == wire::error::need_more) return {};
    if (error) return error;
    if (used == 0) break;
  }
  return {};
}

template <bool isRequest>
void prepare(Parser<isRequest>& parser, const MessageLimits& limits) {
  parser.eager(true);
  parser.header_limit(limits.header);
  parser.body_limit(limits.body);
}

template <bool isRequest>
std::string serialize(wire::message<isRequest, wire::string_body>& message) {
  wire::serializer<isRequest, wire::string_body> serializer(message);
  std::string out;
  beast::error_code error;
  while (!serializer.is_done()) {
    serializer.next(error, [&](beast::error_code&, const auto& buffers) {
      out += beast::buffers_to_string(buffers);
      serializer.consume(beast::buffer_bytes(buffers));
    });
    if (error) break;
  }
  return out;
}

std::expected<Request, MessageFault> to_request(wire::request<wire::string_body> message) {
  Request request;
  request.method = std::string(message.method_string());
  request.keep_alive = message.keep_alive();
  // RFC 9112 §3.2: HTTP/1.1 without exactly one Host is answered with 400.
  if (message.version() == 11 && message.count(wire::field::host) != 1) {
    return std::unexpected(MessageFault{.status = 400, .reason = "exactly one Host field is needed"});
  }
  if (!read_target(message.target(), request)) {
    return std::unexpected(MessageFault{.status = 400, .reason = "the request target is malformed"});
  }
  request.body = std::move(message.body());
  return request;
}

}  // namespace

// ---- Requests ----

struct RequestReader::State {
  explicit State(MessageLimits message_limits) : limits(message_limits) { renew(); }
  void renew() {
    parser.emplace();
    prepare(*parser, limits);
  }
  MessageLimits limits;
  std::string buffer;
  std::optional<Parser<true>> parser;
};

RequestReader::RequestReader(MessageLimits limits) : state_(std::make_unique<State>(limits)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

std::expected<std::optional<Request>, MessageFault> RequestReader::feed(std::string_view octets) {
  state_->buffer += octets;
  if (const auto error = advance(*state_->parser, state_->buffer)) return std::unexpected(fault_of(error));
  if (!state_->parser->is_done()) {
    // Beast counts a header only when it has seen the end of a line.
    const std::size_t most = state_->limits.header + state_->limits.body;
    if (state_->buffer.size() <= most) return std::nullopt;
    return std::unexpected(MessageFault{.status = 431, .reason = "the header is too large"});
  }
  auto request = to_request(state_->parser->release());
  state_->renew();
  if (!request) return std::unexpected(std::move(request).error());
  return *std::move(request);
}

bool RequestReader::in_progress() const {
  return !state_->buffer.empty() || state_->parser->got_some();
}

// ---- Responses ----

struct ResponseReader::State {
  explicit State(const MessageLimits& limits) { prepare(parser, limits); }
  std::string buffer;
  Parser<false> parser;
};

ResponseReader::ResponseReader(MessageLimits limits) : state_(std::make_unique<State>(limits)) {}
ResponseReader::~ResponseReader() = default;

namespace {

Response to_response(wire::response<wire::string_body> message) {
  return Response{.status = static_cast<int>(message.result_int()),
                  .content_type = std::string(message[wire::field::content_type]),
                  .body = std::move(message.body()),
                  .keep_alive = message.keep_alive()};
}

}  // namespace

Result<std::optional<Response>> ResponseReader::feed(std::string_view octets) {
  state_->buffer += octets;
  if (const auto error = advance(state_->parser, state_->buffer)) return transient(fault_of(error).reason);
  if (!state_->parser.is_done()) return std::nullopt;
  return to_response(state_->parser.release());
}

Result<Response> ResponseReader::end() {
  beast::error_code error;
  state_->parser.put_eof(error);
  if (error) return transient("the response is incomplete");
  return to_response(state_->parser.release());
}

// ---- Writing ----

std::string write_request(const Request& request, std::string_view host) {
  wire::request<wire::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(write_target(request));
  message.set(wire::field::host, host);
  if (!request.content_type.empty()) message.set(wire::field::content_type, request.content_type);
  message.keep_alive(request.keep_alive);
  message.body() = request.body;
  message.prepare_payload();
  return serialize(message);
}

std::string write_response(const Response& response) {
  wire::response<wire::string_body> message;
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.set(wire::field::content_type, response.content_type);
  message.set(wire::field::cache_control, "no-store");
  message.keep_alive(response.keep_alive);
  message.body() = response.body;
  message.prepare_payload();
  return serialize(message);
}

}  // namespace cas::http
