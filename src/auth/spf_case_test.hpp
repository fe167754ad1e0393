// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For the tests of SPF: a record for a.example, a client, and a zone for all else.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "auth/spf.hpp"
#include "testing/replay.hpp"

namespace cas::auth::test {

/// Who asks, unless a test says otherwise: 192.0.2.1 is mail.a.example and writes as joe@a.example.
struct Client {
  std::string ip = "192.0.2.1";
  std::string mail_from = "joe@a.example";
  std::string helo = "mail.a.example";
  std::string receiver = "mx.south.example";
};

inline SpfQuery query_of(const Client& client) {
  return {.ip = IpAddress::parse(client.ip).value(),
          .helo = client.helo,
          .mail_from = client.mail_from,
          .receiver = client.receiver,
          .now = UnixTime(seconds(1795460400))};
}

/// All records from the zone. What the zone does not name must not be asked.
inline SpfOutcome check(testing::Zone& zone, const Client& client = {}) {
  const SpfQuery query = query_of(client);
  return testing::replay(zone, [&](dns::Answers& answers) { return check_spf(query, answers); });
}

inline SpfOutcome check(std::string_view zone_text, const Client& client = {}) {
  testing::Zone zone(zone_text);
  return check(zone, client);
}

/// `record` is the one TXT record of a.example, octet by octet.
inline SpfOutcome check_record(const std::string& record, const Client& client = {}, std::string_view zone_text = {}) {
  testing::Zone zone(zone_text);
  const SpfQuery query = query_of(client);
  bool told = false;
  return testing::replay(zone, [&](dns::Answers& answers) {
    if (!told) {
      dns::Answer answer;
      answer.status = dns::Status::Ok;
      answer.records.emplace_back(dns::Txt{record});
      answers.add({.name = "a.example", .type = dns::Type::TXT}, std::move(answer));
      told = true;
    }
    return check_spf(query, answers);
  });
}

inline std::string result_of(const SpfOutcome& outcome) {
  return std::string(to_string(outcome.result));
}

}  // namespace cas::auth::test
