// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What nobody can pass: octets through a loopback connection, a hash over them, octets made durable. Signatures stand
// in auth_bench and intent_bench. `appended` writes into CAS_BENCH_DIR, else the working directory: name a real disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "crypto/hash.hpp"

namespace {

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

/// Two ends of one loopback connection, as servers have them: non-blocking, no delay.
struct Connection {
  Connection() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    check(::bind(listener, any, length) == 0 && ::listen(listener, 1) == 0, "listen");
    check(::getsockname(listener, any, &length) == 0, "getsockname");
    client = ::socket(AF_INET, SOCK_STREAM, 0);
    check(::connect(client, any, length) == 0, "connect");
    server = ::accept(listener, nullptr, nullptr);
    check(server >= 0, "accept");
    ::close(listener);
    const int on = 1;
    for (const int end : {client, server}) {
      check(::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
      check(::fcntl(end, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
    }
  }
  ~Connection() {
    ::close(client);
    ::close(server);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int client = -1;
  int server = -1;
};

/// One send, one epoll_wait, and the recv calls that it takes: both ends, on one core.
void socket_octets(benchmark::State& state) {
  const Connection connection;
  const int epoll = ::epoll_create1(0);
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLET;
  check(::epoll_ctl(epoll, EPOLL_CTL_ADD, connection.server, &wanted) == 0, "epoll_ctl");
  const std::string octets(static_cast<std::size_t>(state.range(0)), 'x');
  std::string buffer(32UL * 1024, '\0');
  for (auto _ : state) {
    std::size_t sent = 0;
    std::size_t received = 0;
    while (received < octets.size()) {
      if (sent < octets.size()) {
        const auto n = ::send(connection.client, octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
        if (n > 0) sent += static_cast<std::size_t>(n);
      }
      epoll_event event{};
      ::epoll_wait(epoll, &event, 1, 1000);
      for (ssize_t n = 1; n > 0 && received < sent; received += static_cast<std::size_t>(std::max<ssize_t>(n, 0))) {
        n = ::recv(connection.server, buffer.data(), buffer.size(), 0);
      }
    }
  }
  ::close(epoll);
}
BENCHMARK(socket_octets)->Arg(32)->Arg(4096)->Arg(65536);

void socket_connection(benchmark::State& state) {
  for (auto _ : state) {
    const Connection connection;
    benchmark::DoNotOptimize(connection.server);
  }
  state.SetLabel("with a listener of its own each");
}
BENCHMARK(socket_connection);

void sha256(benchmark::State& state) {
  const std::string octets(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(cas::crypto::sha256(octets));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sha256)->Arg(4096)->Arg(65536);

/// `group` messages of `octets` at the end of a file, then one fdatasync.
void appended(benchmark::State& state) {
  const char* named = std::getenv("CAS_BENCH_DIR");
  const auto file = std::filesystem::path(named != nullptr ? named : ".") / ("cas-floor-" + std::to_string(::getpid()));
  const int fd = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
  check(fd >= 0, file.c_str());
  ::unlink(file.c_str());
  const std::string octets(static_cast<std::size_t>(state.range(0) * state.range(1)), 'x');
  constexpr off_t turns_at = 64 << 20;  // as a log that is used again: blocks that are there already
  off_t place = 0;
  for (auto _ : state) {
    check(::pwrite(fd, octets.data(), octets.size(), place) == static_cast<ssize_t>(octets.size()), "pwrite");
    check(::fdatasync(fd) == 0, "fdatasync");
    place = (place + static_cast<off_t>(octets.size())) % turns_at;
  }
  ::close(fd);
  state.counters["messages/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(1)), benchmark::Counter::kIsRate);
  state.SetLabel("octets of a message, messages for one fdatasync");
}
BENCHMARK(appended)->Args({4096, 1})->Args({4096, 16})->Args({65536, 1})->Args({65536, 16})->UseRealTime();

}  // namespace
