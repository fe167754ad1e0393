// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See machine.hpp.
#include "cmd/machine.hpp"

#include <dirent.h>
#include <limits.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>

#include "app/files.hpp"
#include "base/encoding.hpp"
#include "base/ip_network.hpp"
#include "net/interfaces.hpp"
#include "setup/machine.hpp"

namespace cas::cmd {

namespace {

constexpr std::size_t largest_proc = std::size_t{8} << 20;

std::string proc(const std::string& name) {
  return app::read_file("/proc/" + name, largest_proc).value_or(std::string());
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

template <class Each>
void for_each_entry(const std::string& folder, const Each& each) {
  const std::unique_ptr<DIR, CloseFolder> entries(::opendir(folder.c_str()));
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) each(std::string(entry->d_name));
}

/// Which process has which of these sockets open. Those of other users are seen by root alone.
std::map<std::uint64_t, std::int64_t> processes_of(const std::vector<setup::Listening>& sockets) {
  std::map<std::string, std::uint64_t> wanted;
  for (const auto& socket : sockets) wanted.emplace("socket:[" + std::to_string(socket.inode) + "]", socket.inode);
  std::map<std::uint64_t, std::int64_t> found;
  for_each_entry("/proc", [&](const std::string& name) {
    const auto pid = number_of(name);
    if (!pid) return;
    const std::string folder = "/proc/" + name + "/fd";
    for_each_entry(folder, [&](const std::string& fd) {
      std::array<char, 64> target{};
      const auto size = ::readlink((folder + "/" + fd).c_str(), target.data(), target.size());
      if (size <= 0) return;
      const auto at = wanted.find(std::string(target.data(), static_cast<std::size_t>(size)));
      if (at != wanted.end()) found.emplace(at->second, *pid);
    });
  });
  return found;
}

}  // namespace

std::vector<IpAddress> outer_addresses() {
  static const IpAddress link_local = *IpAddress::parse_v6("fe80::");
  auto addresses = net::interface_addresses();
  std::erase_if(addresses, [](const IpAddress& one) { return is_loopback(one) || one.is_within(link_local, 10); });
  return addresses;
}

bool has_ipv6() {
  return !proc("net/if_inet6").empty();
}

std::string own_host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* found = nullptr;
  std::string whole = name.data();
  if (!whole.contains('.') && ::getaddrinfo(name.data(), nullptr, &hints, &found) == 0) {
    if (found->ai_canonname != nullptr) whole = found->ai_canonname;
    ::freeaddrinfo(found);
  }
  return printable(whole, 255);
}

std::string program_of(std::int64_t pid) {
  auto name = proc(std::to_string(pid) + "/comm");
  if (name.ends_with('\n')) name.pop_back();
  return printable(name, 64);
}

std::vector<setup::PortFacts> holders_of(const std::vector<net::Endpoint>& places, std::int64_t own) {
  using Holder = setup::PortFacts::Holder;
  auto sockets = setup::listening_in(proc("net/tcp"));
  for (auto& socket : setup::listening_in(proc("net/tcp6"))) sockets.push_back(std::move(socket));
  std::vector<std::pair<std::size_t, setup::Listening>> held;  // by place
  std::vector<setup::Listening> interesting;
  for (std::size_t n = 0; n < places.size(); ++n) {
    const auto address = IpAddress::parse(places[n].address);
    for (const auto& socket : sockets) {
      if (!address || !setup::is_in_the_way(socket, *address, places[n].port)) continue;
      held.emplace_back(n, socket);
      interesting.push_back(socket);
    }
  }
  const auto processes = processes_of(interesting);
  std::vector<setup::PortFacts> facts(places.size());
  for (std::size_t n = 0; n < places.size(); ++n) facts[n].place = places[n].text();
  for (const auto& [n, socket] : held) {
    auto& fact = facts[n];
    const auto process = processes.find(socket.inode);
    const bool seen = process != processes.end();
    if (fact.holder == Holder::Ours) continue;
    fact.pid = seen ? process->second : 0;
    fact.program = seen ? program_of(fact.pid) : "";
    fact.holder = !seen ? Holder::Unseen : fact.pid == own ? Holder::Ours : Holder::Other;
  }
  return facts;
}

}  // namespace cas::cmd
