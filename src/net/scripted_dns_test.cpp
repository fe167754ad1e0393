// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The scripted DNS server of the resolver's tests. Raw sockets and octets: it shares no code with what it tests.
#include "net/scripted_dns.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace cas::net::test {

namespace {

constexpr std::size_t header_size = 12;
constexpr int poll_ms = 20;  // how soon the destructor is noticed

std::string two(std::size_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)};
}

// The question's name in text, and where the question ends.
std::string name_of(const std::string& query, std::size_t& end) {
  std::string name;
  std::size_t at = header_size;
  while (at < query.size() && query[at] != 0) {
    const auto length = static_cast<unsigned char>(query[at]);
    if (!name.empty()) name += '.';
    name += query.substr(at + 1, length);
    at += 1U + length;
  }
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  end = at + 5;
  return name;
}

std::string message(const std::string& query, std::size_t question_end, int rcode, bool truncated,
                    const Script& script) {
  const std::vector<std::string> rdata = script.alias_of.empty() ? script.rdata : std::vector{script.alias_of};
  const int flags = 0x8180 | (truncated ? 0x0200 : 0) | rcode;  // QR RD RA
  std::string out = query.substr(0, 2) + two(static_cast<std::size_t>(flags)) + two(1) + two(rdata.size()) +
                    two(script.absent_for == 0 ? 0 : 1) + two(0) +
                    query.substr(header_size, question_end - header_size);
  constexpr std::size_t cname = 5;
  const std::string type = script.alias_of.empty() ? query.substr(question_end - 4, 2) : two(cname);
  for (const auto& data : rdata) {
    out += two(0xC00C) + type + two(1) + two(0) + two(script.ttl) + two(data.size()) + data;
  }
  if (script.absent_for == 0) return out;
  const std::string soa = std::string(20, '\0') + two(script.absent_for);  // the roots, four numbers, MINIMUM
  constexpr std::size_t type_soa = 6;
  return out + std::string("\7example\0", 9) + two(type_soa) + two(1) + two(0) + two(script.ttl) + two(soa.size()) +
         soa;
}

}  // namespace

ScriptedDns::ScriptedDns(std::map<std::string, Script> script) : script_(std::move(script)) {
  // A port that is free for UDP may be taken for TCP: then another is tried.
  for (int n = 0; n < 20 && tcp_ < 0; ++n) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (::bind(udp_, generic, length) != 0 || ::getsockname(udp_, generic, &length) != 0) break;
    port_ = ntohs(address.sin_port);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(tcp_, generic, length) == 0 && ::listen(tcp_, 16) == 0) break;
    ::close(udp_);
    ::close(tcp_);
    tcp_ = -1;
  }
  if (tcp_ < 0) throw std::runtime_error("no port for the scripted DNS server");
  thread_ = std::thread([this] { serve(); });
}

ScriptedDns::~ScriptedDns() {
  stop_ = true;
  thread_.join();
  ::close(udp_);
  ::close(tcp_);
}

std::string ScriptedDns::address() const {
  return "127.0.0.1@" + std::to_string(port_);
}

int ScriptedDns::asked(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

void ScriptedDns::hold(bool on) {
  const std::scoped_lock lock(mutex_);
  hold_ = on;
}

void ScriptedDns::serve() {
  while (!stop_) {
    std::array<pollfd, 2> watched{pollfd{udp_, POLLIN, 0}, pollfd{tcp_, POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), poll_ms) <= 0) continue;
    if (watched[0].revents != 0) serve_udp();
    if (watched[1].revents != 0) serve_tcp();
  }
}

void ScriptedDns::serve_udp() {
  std::array<char, 4096> buffer{};
  sockaddr_in from{};
  socklen_t length = sizeof from;
  auto* generic = reinterpret_cast<sockaddr*>(&from);
  const ssize_t n = ::recvfrom(udp_, buffer.data(), buffer.size(), 0, generic, &length);
  if (n < static_cast<ssize_t>(header_size)) return;
  const std::string answer = reply(std::string(buffer.data(), static_cast<std::size_t>(n)), true);
  if (!answer.empty()) (void)::sendto(udp_, answer.data(), answer.size(), 0, generic, length);
}

void ScriptedDns::serve_tcp() {
  const int connection = ::accept(tcp_, nullptr, nullptr);
  std::array<unsigned char, 2> size{};
  std::array<char, 4096> buffer{};
  if (::recv(connection, size.data(), 2, MSG_WAITALL) == 2) {
    const std::size_t length = size[0] * 256U + size[1];
    if (length <= buffer.size() &&
        ::recv(connection, buffer.data(), length, MSG_WAITALL) == static_cast<ssize_t>(length)) {
      const std::string answer = reply(std::string(buffer.data(), length), false);
      const std::string framed = two(answer.size()) + answer;
      if (!answer.empty()) (void)::send(connection, framed.data(), framed.size(), MSG_NOSIGNAL);
    }
  }
  ::close(connection);
}

std::string ScriptedDns::reply(const std::string& query, bool udp) {
  std::size_t end = 0;
  const std::string name = name_of(query, end);
  {
    const std::scoped_lock lock(mutex_);
    ++asked_[name];
    if (hold_) return {};
  }
  constexpr int nxdomain = 3;
  const auto found = script_.find(name);
  if (found == script_.end()) return message(query, end, nxdomain, false, {});
  const Script& script = found->second;
  switch (script.kind) {
    case Script::Kind::Drop: return {};
    case Script::Kind::Rcode: return message(query, end, script.rcode, false, {});
    case Script::Kind::Truncate:
      if (udp) return message(query, end, 0, true, {});
      break;
    case Script::Kind::Answer: break;
  }
  return message(query, end, 0, false, script);
}

}  // namespace cas::net::test
