// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See dnsbl.hpp.
#include "policy/dnsbl.hpp"

#include <algorithm>

#include "auth/spf_macro.hpp"
#include "base/encoding.hpp"

namespace cas::policy {
namespace {

bool means_listed(const DnsList& list, const IpAddress& answer) {
  static const IpNetwork codes = IpNetwork::parse("127.0.0.0/8").value(),
                         nobody = IpNetwork::parse("127.0.0.1").value(),
                         not_served = IpNetwork::parse("127.255.255.0/24").value();
  if (!list.answers.empty()) return is_within_any(answer, list.answers);
  return codes.contains(answer) && !nobody.contains(answer) && !not_served.contains(answer);
}

bool names(const DnsList& list, const dns::Answer& answer) {
  return std::ranges::any_of(answer.records, [&](const dns::Record& record) {
    const auto* address = std::get_if<dns::A>(&record);
    return address != nullptr && means_listed(list, IpAddress(address->octets));
  });
}

}  // namespace

std::string dnsbl_name(const IpAddress& client, const Domain& zone) {
  return to_lower(auth::spf_reverse_name(client.unmapped()) + "." + zone.text());
}

std::optional<Listing> check_lists(const IpAddress& client, const std::vector<DnsList>& lists, dns::Answers& answers) {
  Listing listing;
  bool complete = true;
  for (const auto& list : lists) {
    const auto* answer = answers.find({.name = dnsbl_name(client, list.zone), .type = dns::Type::A});
    if (answer == nullptr) {
      complete = false;
    } else if (answer->status == dns::Status::Failed) {
      listing.failed.push_back(list.name);
    } else if (names(list, *answer)) {
      listing.score += list.weight;
      if (list.weight > 0) listing.by += (listing.by.empty() ? "" : ", ") + list.name;
    }
  }
  return complete ? std::optional(std::move(listing)) : std::nullopt;
}

}  // namespace cas::policy
