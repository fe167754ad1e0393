// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading, writing, closing; and connecting.
#include "net/stream.hpp"

#include <netinet/in.h>
#include <openssl/bio.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include "net/stream_state.hpp"

namespace cas::net {

namespace asio = boost::asio;

namespace {

constexpr milliseconds close_timeout{1000};

std::unexpected<Error> stopped(std::string_view what) {
  return transient("connection closed", std::string(what) + ": cancelled");
}

std::unexpected<Error> not_connected() {
  return transient("connection closed", "the stream is not connected");
}

// Octets that wait unread when a socket is closed make the kernel send RST, which can destroy our last reply on its
// way. What is there already is thrown away, a bounded amount, without waiting for more.
void drain(int descriptor) {
  std::array<char, 4096> waste{};
  for (int n = 0; n < 16; ++n) {
    if (::recv(descriptor, waste.data(), waste.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace

Stream::Stream() = default;
Stream::Stream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
Stream::Stream(Stream&&) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    abort();
    state_ = std::move(other.state_);
  }
  return *this;
}

Stream::~Stream() {
  abort();
}

Task<Result<std::size_t>> Stream::read_some(std::span<char> buffer, milliseconds timeout) {
  const auto state = state_;
  if (!state) co_return not_connected();
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return stopped("read");
  if (buffer.empty()) co_return transient("internal error", "read into an empty buffer");
  const Timed timed(*state, state->reading, timeout);
  const auto room = asio::buffer(buffer.data(), buffer.size());
  error_code ec;
  std::size_t n = 0;
  if (state->tls) {
    std::tie(ec, n) = co_await state->tls->async_read_some(room, as_values);
  } else {
    std::tie(ec, n) = co_await state->socket.async_read_some(room, as_values);
  }
  if (n > 0) co_return n;
  if (ec == asio::error::eof) co_return std::size_t{0};
  co_return failure(state->reading, "read", ec);
}

Task<Result<void>> Stream::write(std::string_view octets, milliseconds timeout) {
  const auto state = state_;
  if (!state) co_return not_connected();
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return stopped("write");
  const Timed timed(*state, state->writing, timeout);
  const auto all = asio::buffer(octets.data(), octets.size());
  error_code ec;
  std::size_t n = 0;
  if (state->tls) {
    std::tie(ec, n) = co_await asio::async_write(*state->tls, all, as_values);
    if (ec) state->tls_broken = true;
  } else {
    std::tie(ec, n) = co_await asio::async_write(state->socket, all, as_values);
  }
  if (ec) co_return failure(state->writing, "write", ec);
  co_return Result<void>();
}

bool Stream::has_buffered() const {
  if (!state_ || !state_->socket.is_open()) return false;
  if (state_->tls) {
    SSL* ssl = state_->tls->native_handle();
    if (SSL_has_pending(ssl) == 1 || BIO_ctrl_pending(SSL_get_rbio(ssl)) > 0) return true;
  }
  error_code ec;
  const std::size_t waiting = state_->socket.available(ec);
  return !ec && waiting > 0;
}

bool Stream::is_quiet() const {
  if (!state_ || !state_->socket.is_open() || has_buffered()) return false;
  char octet = 0;
  const auto n = ::recv(state_->socket.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

Task<void> Stream::close() {
  const auto state = state_;
  if (!state || !state->socket.is_open()) co_return;
  error_code ignored;
  if (state->tls_ready && !state->tls_broken) {
    const Timed timed(*state, state->writing, close_timeout);
    // With the peer's close_notify taken as seen, SSL_shutdown sends ours and is done (RFC 8446 §6.1 lets each side
    // close its own direction).
    SSL_set_shutdown(state->tls->native_handle(), SSL_RECEIVED_SHUTDOWN);
    [[maybe_unused]] auto [ec] = co_await state->tls->async_shutdown(as_values);
  }
  state->socket.shutdown(asio::socket_base::shutdown_send, ignored);
  if (state->socket.is_open()) drain(state->socket.native_handle());
  state->abort();
}

void Stream::abort() {
  if (state_) state_->abort();
}

const Endpoint& Stream::peer() const {
  static const Endpoint none;
  return state_ ? state_->peer : none;
}

void Stream::act_for(Endpoint client) {
  state_->peer = std::move(client);
}

std::optional<std::uint32_t> Stream::peer_uid() const {
  if (!state_ || state_->peer.address != "unix") return std::nullopt;
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(state_->socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
  return peer.uid;
}

const Endpoint& Stream::local() const {
  static const Endpoint none;
  return state_ ? state_->local : none;
}

namespace {

Result<void> bind_source(StreamState& state, const std::string& source) {
  const Endpoint wanted{.address = source, .port = 0};
  CAS_TRY(const auto endpoint, to_asio(wanted));
  error_code ec;
#ifdef IP_BIND_ADDRESS_NO_PORT
  // The port is chosen at connect, where one port can serve many peers.
  using NoPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
  state.socket.set_option(NoPort(true), ec);
#endif
  state.socket.bind(endpoint, ec);
  if (ec) return transient("cannot connect", "cannot send from " + source + ": " + ec.message());
  return {};
}

Task<Result<Stream>> finish_connect(std::shared_ptr<StreamState> state, StreamState::Socket::endpoint_type endpoint,
                                    std::string name, milliseconds timeout) {
  const std::string what = "connect to " + name;
  const Timed timed(*state, state->reading, timeout);
  auto [ec] = co_await state->socket.async_connect(endpoint, as_values);
  if (ec) co_return failure(state->reading, what, ec);
  if (!state->connected()) co_return transient("connection lost", what + ": the peer closed at once");
  co_return Stream(std::move(state));
}

}  // namespace

Task<Result<Stream>> connect(Endpoint endpoint, milliseconds timeout, std::optional<std::string> source) {
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return stopped("connect");
  CAS_CO_TRY(const auto target, to_asio(endpoint));
  auto state = std::make_shared<StreamState>(co_await asio::this_coro::executor);
  error_code ec;
  state->socket.open(target.protocol(), ec);
  if (ec) co_return transient("cannot connect", "cannot open a socket: " + ec.message());
  if (source) CAS_CO_CHECK(bind_source(*state, *source));
  const std::string name = endpoint.text();
  co_return co_await finish_connect(std::move(state), target, name, timeout);
}

Task<Result<Stream>> connect_unix(std::string path, milliseconds timeout) {
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return stopped("connect");
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return permanent("cannot connect", "not a path for a Unix socket: " + path);
  }
  const asio::local::stream_protocol::endpoint target(path);
  auto state = std::make_shared<StreamState>(co_await asio::this_coro::executor);
  error_code ec;
  state->socket.open(target.protocol(), ec);
  if (ec) co_return transient("cannot connect", "cannot open a socket: " + ec.message());
  co_return co_await finish_connect(std::move(state), target, path, timeout);
}

}  // namespace cas::net
