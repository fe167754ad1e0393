// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the service manager is told, and the sockets it hands over. The protocol is a datagram and three variables; no
// library is needed for that.
#include "net/service_manager.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/encoding.hpp"
#include "net/listener_state.hpp"

namespace cas::net {

namespace {

constexpr int first_handed = 3;  // SD_LISTEN_FDS_START
constexpr std::size_t most_handed = 1000;
constexpr timeval tell_time{.tv_sec = 1, .tv_usec = 0};

// The variable, and it is gone: no program that this one might start takes it for its own.
std::string taken(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_ours(const std::string& pid) {
  return number(pid) == static_cast<std::uint64_t>(::getpid());
}

int option(int descriptor, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, level, name, &value, &size) == 0 ? value : -1;
}

// Where it is bound; why it cannot be used otherwise.
Result<std::string> place_of(int descriptor) {
  const auto refuse = [&](const std::string& why) {
    return permanent("bad socket", "descriptor " + std::to_string(descriptor) + " was handed over and " + why);
  };
  if (option(descriptor, SOL_SOCKET, SO_TYPE) != SOCK_STREAM || option(descriptor, SOL_SOCKET, SO_ACCEPTCONN) != 1) {
    return refuse("is no listening stream socket (ListenStream=, and Accept=no)");
  }
  boost::asio::ip::tcp::endpoint tcp;
  sockaddr_un local{};
  const int family = option(descriptor, SOL_SOCKET, SO_DOMAIN);
  if (family == AF_UNIX) {
    socklen_t size = sizeof local;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) != 0) return refuse("has no name");
    return std::string(local.sun_path, ::strnlen(local.sun_path, sizeof local.sun_path));
  }
  auto size = static_cast<socklen_t>(tcp.capacity());
  const bool internet = family == AF_INET || family == AF_INET6;
  if (!internet || ::getsockname(descriptor, tcp.data(), &size) != 0) return refuse("is of no kind that we know");
  tcp.resize(size);
  if (family == AF_INET6 && option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY) != 1) {
    return refuse("takes IPv4 too (write BindIPv6Only=ipv6-only, and a ListenStream= for 0.0.0.0)");
  }
  return endpoint_of(tcp).text();
}

}  // namespace

// ---- ServiceManager ----

ServiceManager ServiceManager::of_this_process() {
  const std::string pid = taken("WATCHDOG_PID");
  const auto time = number(taken("WATCHDOG_USEC"));
  const bool counted = time && (pid.empty() || is_ours(pid)) && *time <= 1'000'000'000'000'000;
  return {taken("NOTIFY_SOCKET"), milliseconds(counted ? static_cast<std::int64_t>(*time / 1000) : 0)};
}

void ServiceManager::tell(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() < 2 || socket_.size() >= sizeof address.sun_path) return;
  if (socket_.front() != '/' && socket_.front() != '@') return;
  std::ranges::copy(socket_, address.sun_path);
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &tell_time, sizeof tell_time);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  ::close(descriptor);
}

std::optional<milliseconds> ServiceManager::watchdog() const {
  return watchdog_.count() > 0 ? std::optional(watchdog_) : std::nullopt;
}

// ---- HandedSockets ----

HandedSockets::~HandedSockets() {
  for (const auto& one : sockets_) ::close(one.descriptor);
}
HandedSockets::HandedSockets(HandedSockets&& other) noexcept : sockets_(std::exchange(other.sockets_, {})) {}
HandedSockets& HandedSockets::operator=(HandedSockets&& other) noexcept {
  std::swap(sockets_, other.sockets_);
  return *this;
}

Result<HandedSockets> HandedSockets::of_this_process() {
  const std::string pid = taken("LISTEN_PID");
  const auto count = number(taken("LISTEN_FDS"));
  const std::string names = taken("LISTEN_FDNAMES");
  if (!count || !is_ours(pid)) return HandedSockets();
  if (*count > most_handed) return permanent("bad sockets", "LISTEN_FDS is " + std::to_string(*count));
  return adopt(first_handed, static_cast<std::size_t>(*count), names);
}

Result<HandedSockets> HandedSockets::adopt(int first, std::size_t count, std::string_view names) {
  HandedSockets handed;
  for (std::size_t n = 0; n < count; ++n) {
    const int descriptor = first + static_cast<int>(n);
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    CAS_TRY(auto place, place_of(descriptor));
    const auto end = std::min(names.find(':'), names.size());
    handed.sockets_.push_back(
        {.descriptor = descriptor, .place = std::move(place), .name = printable(names.substr(0, end), 64)});
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return handed;
}

std::optional<Listener> HandedSockets::take(const Executor& executor, const Endpoint& endpoint) {
  return take_place(executor, endpoint.text());
}

std::optional<Listener> HandedSockets::take_unix(const Executor& executor, const std::string& path) {
  return take_place(executor, path);
}

std::optional<Listener> HandedSockets::take_place(const Executor& executor, const std::string& place) {
  const auto found = std::ranges::find(sockets_, place, &Handed::place);
  if (found == sockets_.end()) return std::nullopt;
  auto state = std::make_unique<ListenerState>(executor);
  const int descriptor = found->descriptor;
  sockets_.erase(found);
  if (!state->adopt(descriptor)) {
    ::close(descriptor);
    return std::nullopt;
  }
  return Listener(std::move(state));
}

std::vector<std::string> HandedSockets::left() const {
  std::vector<std::string> texts;
  for (const auto& one : sockets_) texts.push_back(printable(one.place, 200) + " (" + one.name + ")");
  return texts;
}

}  // namespace cas::net
