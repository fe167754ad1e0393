// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "net/listener_state.hpp"

namespace cas::net {

namespace asio = boost::asio;
using Protocol = ListenerState::Protocol;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

void ListenerState::close() {
  error_code ignored;
  acceptor.close(ignored);
  if (path.empty()) return;
  // Only the file that we made: another process may have replaced it meanwhile.
  struct stat now{};
  if (::lstat(path.c_str(), &now) == 0 && now.st_ino == file.st_ino && now.st_dev == file.st_dev) {
    ::unlink(path.c_str());
  }
  path.clear();
}

Result<void> ListenerState::adopt(int descriptor) {
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  error_code ec;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return permanent("cannot listen", std::string("getsockname: ") + std::strerror(errno));
  }
  const bool internet = local.ss_family != AF_UNIX;
  acceptor.assign(Protocol(local.ss_family, internet ? IPPROTO_TCP : 0), descriptor, ec);
  if (ec) return permanent("cannot listen", "the socket cannot be used: " + ec.message());
  one_queue = true;
  endpoint = Endpoint{.address = "unix", .port = 0};
  if (internet) {
    asio::ip::tcp::endpoint own;
    own.resize(size);
    std::memcpy(own.data(), &local, size);
    endpoint = endpoint_of(own);
  }
  return {};
}

namespace {

constexpr milliseconds exhausted_pause{100};

std::unexpected<Error> cannot_listen(const std::string& where, const std::string& why) {
  return permanent("cannot listen", "cannot listen on " + where + ": " + why);
}

std::string explain(const error_code& ec) {
  if (ec == asio::error::address_in_use) return "the port is in use (is another server running?)";
  if (ec == asio::error::access_denied) return "no permission (ports below 1024 need CAP_NET_BIND_SERVICE)";
  return ec.message();
}

bool exhausted(const error_code& ec) {
  return ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system ||
         ec == asio::error::no_buffer_space || ec == asio::error::no_memory;
}

enum class First { Yes, No };

// The first socket of a port is bound without SO_REUSEPORT, so that a port which any other socket holds, of this
// process or another, is an error; it gets the option before it listens, which lets those that come later join it.
Result<void> open_tcp(ListenerState& state, const asio::ip::tcp::endpoint& endpoint, First first) {
  const std::string where = endpoint_of(endpoint).text();
  error_code ec;
  auto& acceptor = state.acceptor;
  acceptor.open(endpoint.protocol(), ec);
  if (ec) return cannot_listen(where, ec.message());
  acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), ec);
  if (!ec && first == First::No) acceptor.set_option(ReusePort(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec && first == First::Yes) acceptor.set_option(ReusePort(true), ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return cannot_listen(where, explain(ec));

  const auto bound = acceptor.local_endpoint(ec);
  if (ec) return cannot_listen(where, ec.message());
  asio::ip::tcp::endpoint own;
  own.resize(bound.size());
  std::memcpy(own.data(), bound.data(), bound.size());
  state.endpoint = endpoint_of(own);
  return {};
}

// Makes room for a Unix socket: what is dead goes, what lives (or is no socket) is an error.
Result<void> clear_path(const std::string& path) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0) {
    if (errno == ENOENT) return {};
    return cannot_listen(path, std::strerror(errno));
  }
  if (!S_ISSOCK(there.st_mode)) return cannot_listen(path, "a file that is no socket is in the way");
  asio::io_context io;
  asio::local::stream_protocol::socket probe(io);
  error_code ec;
  probe.connect(asio::local::stream_protocol::endpoint(path), ec);
  if (ec != asio::error::connection_refused) {
    return cannot_listen(path, ec ? "cannot tell whether its owner lives: " + ec.message()
                                  : std::string("another server is listening there"));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return cannot_listen(path, std::strerror(errno));
  return {};
}

}  // namespace

Listener::Listener(std::unique_ptr<ListenerState> state) : state_(std::move(state)) {}
Listener::~Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;

Result<Listener> Listener::tcp(Executor executor, const Endpoint& endpoint) {
  CAS_TRY(const auto address, to_asio(endpoint));
  auto state = std::make_unique<ListenerState>(executor);
  CAS_CHECK(open_tcp(*state, address, First::Yes));
  return Listener(std::move(state));
}

Result<Listener> Listener::share(Executor executor) const {
  auto state = std::make_unique<ListenerState>(executor);
  if (!state_->one_queue) {
    CAS_TRY(const auto address, to_asio(state_->endpoint));
    CAS_CHECK(open_tcp(*state, address, First::No));
    return Listener(std::move(state));
  }
  // A path has one socket, and so has an address that was opened for us: its descriptor is shared. The file stays the
  // first listener's to remove.
  const int copy = ::fcntl(state_->acceptor.native_handle(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return cannot_listen("unix", std::strerror(errno));
  if (auto adopted = state->adopt(copy); !adopted) {
    ::close(copy);
    return std::unexpected(std::move(adopted).error());
  }
  return Listener(std::move(state));
}

Result<Listener> Listener::unix_socket(Executor executor, const std::string& path) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return cannot_listen(path, "a path of 1 to 107 octets is needed");
  }
  CAS_CHECK(clear_path(path));
  auto state = std::make_unique<ListenerState>(executor);
  const asio::local::stream_protocol::endpoint endpoint(path);
  error_code ec;
  state->acceptor.open(endpoint.protocol(), ec);
  if (!ec) state->acceptor.bind(endpoint, ec);
  if (ec) return cannot_listen(path, ec.message());
  state->path = path;
  // Nobody can connect before listen(), so there is no moment with a wider mode.
  if (::lstat(path.c_str(), &state->file) != 0 || ::chmod(path.c_str(), 0660) != 0) {
    return cannot_listen(path, std::strerror(errno));
  }
  state->acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return cannot_listen(path, ec.message());
  state->endpoint = Endpoint{.address = "unix", .port = 0};
  state->one_queue = true;
  return Listener(std::move(state));
}

Task<Result<Stream>> Listener::accept() {
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    if (cancelled(co_await asio::this_coro::cancellation_state) || !state_->acceptor.is_open()) {
      // Gives way once, so that a loop which ignores this answer cannot starve its thread.
      co_await asio::post(executor, asio::use_awaitable);
      co_return permanent("not listening", "the listener was closed");
    }
    StreamState::Socket socket(executor);
    auto [ec] = co_await state_->acceptor.async_accept(socket, as_values);
    if (exhausted(ec)) {
      co_await sleep_for(exhausted_pause);
      co_return transient("out of resources", "cannot accept: " + ec.message());
    }
    if (ec) continue;  // closed or cancelled, see above; or the new connection has gone again, see accept(2)
    auto state = std::make_shared<StreamState>(std::move(socket));
    if (state->connected()) co_return Stream(std::move(state));
  }
}

void Listener::close() {
  if (state_) state_->close();
}

Endpoint Listener::endpoint() const {
  return state_ ? state_->endpoint : Endpoint();
}

}  // namespace cas::net
