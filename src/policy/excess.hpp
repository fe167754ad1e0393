// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What of a recipient, its sender and the sender's network is more than a limit allows: facts for the judge.
#pragma once

namespace cas::policy {

struct Excess {
  bool network_messages = false;  // the client's network sent as much in the last hour as it may
  bool network_unknown = false;   // it was told of too many mailboxes that do not exist
  bool signer_unknown = false;    // the signing domain was (CAS §8.5)
  bool new_domain = false;        // the proven domain is new here, and sent as much today as such a one may
  bool mailbox = false;           // the mailbox was sent as much in the last hour as it may be
  bool operator==(const Excess&) const = default;
};

}  // namespace cas::policy
