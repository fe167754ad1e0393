// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DNS from text, hermetic: what the text does not answer fails the test that asked.
//
//   a.example            TXT   v=spf1 -all        (the rest of the line is the text)
//   a.example            MX    10 mx.a.example    (exchange "." is the null MX)
//   mx.a.example         A     192.0.2.1
//   mx.a.example         AAAA  2001:db8::1
//   1.2.0.192.in-addr.arpa PTR mx.a.example
//   www.a.example        CNAME a.example
//   _25._tcp.mx.a.example TLSA 3 1 1 00ff...
//   slow.example         TEMPFAIL
//   forged.example       BOGUS                    (DNSSEC does not hold)
//   none.example         NXDOMAIN
//   = secure                                      (what follows was validated by DNSSEC; "= insecure" ends it)
//   = complete                                    (what is not in the text does not exist, and fails no test)
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dns/record.hpp"

namespace cas::testing {

/// Not thread-safe.
class Zone {
 public:
  /// Throws std::invalid_argument naming the line that is not understood.
  explicit Zone(std::string_view text);

  /// Ok, NoData (the name is in the text, the type is not), NxDomain or Failed as the text says. A name that is not in
  /// the text is a test failure, and Failed. Names in any case, with or without a final dot.
  [[nodiscard]] dns::Answer answer(const dns::Question& question);
  /// What was asked so far, in order.
  [[nodiscard]] const std::vector<dns::Question>& asked() const { return asked_; }

 private:
  struct Node {
    bool secure = false;
    bool temp_fail = false;
    bool bogus = false;
    bool nx_domain = false;
    std::multimap<dns::Type, dns::Record> records;
  };
  void add_line(std::string_view line, bool secure);

  bool complete_ = false;
  std::map<std::string, Node> nodes_;
  std::vector<dns::Question> asked_;
};

}  // namespace cas::testing
