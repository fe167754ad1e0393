// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For the tests of net/ alone: a DNS server on a loopback port, over UDP and TCP, whose answers are a script.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cas::net::test {

/// What a question gets, chosen by its name (in lower case, without the final dot).
struct Script {
  enum class Kind { Answer, Drop, Rcode, Truncate } kind = Kind::Answer;
  int rcode = 0;                   // for Rcode
  std::vector<std::string> rdata;  // for Answer and, over TCP, Truncate: RDATA of the type asked for
  std::string alias_of{};          // for Answer, on the wire: a CNAME, and no `rdata`
  std::size_t ttl = 300;
  std::size_t absent_for = 0;  // with no `rdata`: MINIMUM of an SOA record of "example", where it is not 0
};

class ScriptedDns {
 public:
  explicit ScriptedDns(std::map<std::string, Script> script);
  ~ScriptedDns();
  ScriptedDns(const ScriptedDns&) = delete;
  ScriptedDns& operator=(const ScriptedDns&) = delete;

  /// "127.0.0.1@PORT", as ResolverOptions::forwarders takes it.
  [[nodiscard]] std::string address() const;
  /// How often this name was asked for, over either transport.
  [[nodiscard]] int asked(const std::string& name) const;
  /// Questions are left unanswered until the next call with false.
  void hold(bool on);

 private:
  void serve();
  void serve_udp();
  void serve_tcp();
  [[nodiscard]] std::string reply(const std::string& query, bool udp);

  const std::map<std::string, Script> script_;
  int udp_ = -1;
  int tcp_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;
  bool hold_ = false;
  std::thread thread_;
};

}  // namespace cas::net::test
