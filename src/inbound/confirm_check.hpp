// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Gathers what the judgement of a CONFIRM needs, cheapest first (CAS §8.1, steps 1 to 8).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "confirm/receiver.hpp"
#include "inbound/services.hpp"
#include "net/task.hpp"

namespace cas::inbound {

struct ConfirmContext {
  ReversePath mail_from;
  std::string peer_address;
};

/// What CONFIRM is answered, and what the transaction then knows.
struct ConfirmFindings {
  smtp::Reply reply;
  std::optional<confirm::Reason> refused;
  std::string_view unconfirmed;           // accepted, and the transaction goes on as without CONFIRM: why
  std::optional<confirm::Intent> intent;  // accepted; of a forwarder, for whom trusts it alone
  std::set<LocalPart> committed;          // listed recipients that were committed with this digest before
};

/// One DNS question at most, and none before steps 1 to 4 said yes; one ledger read, and none before the signature
/// verified.
[[nodiscard]] net::Task<ConfirmFindings> check_confirm(const Services& services, std::string line,
                                                       ConfirmContext context);

}  // namespace cas::inbound
