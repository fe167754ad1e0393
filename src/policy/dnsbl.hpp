// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists of clients that others keep in the DNS (RFC 5782): what each says of one, and what they say together. Pure: the
// answers are handed in (dns/answers.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/ip_network.hpp"
#include "dns/answers.hpp"
#include "message/address.hpp"

namespace cas::policy {

struct DnsList {
  Domain zone;
  /// What replies and logs call it: a zone may hold the key of who pays for it.
  std::string name;
  /// Answers that mean "listed"; none: every one in 127.0.0.0/8 but 127.0.0.1, which no list may say (RFC 5782 §5), and
  /// 127.255.255.0/24, by which lists say that they do not serve whoever asks.
  std::vector<IpNetwork> answers{};
  int weight = 1;  // below 0: a list of welcome clients
  bool operator==(const DnsList&) const = default;
};

/// What the lists say of one client.
struct Listing {
  int score = 0;                      // the weights of those that name it
  std::string by;                     // the names of the lists that weigh against it, "a.example, b.example"
  std::vector<std::string> failed{};  // lists that gave no answer: they say nothing
};

/// None: not known yet, `answers` has noted what to ask. An answer that failed counts for nothing: a list that is down
/// must not stop mail.
[[nodiscard]] std::optional<Listing> check_lists(const IpAddress& client, const std::vector<DnsList>& lists,
                                                 dns::Answers& answers);

/// "1.2.0.192.bl.example" (RFC 5782 §2.1), and nibbles for IPv6 (§2.4).
[[nodiscard]] std::string dnsbl_name(const IpAddress& client, const Domain& zone);

}  // namespace cas::policy
