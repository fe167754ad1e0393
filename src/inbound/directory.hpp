// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which domains live here, and what each of them wants. Which mailboxes they have, recipients/ knows. Immutable once
// built; a reload builds a new one.
#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "confirm/discovery.hpp"
#include "message/address.hpp"
#include "policy/authentication.hpp"
#include "policy/relationship.hpp"

namespace cas::inbound {

struct DomainSettings {
  Domain name;
  confirm::Mode mode = confirm::Mode::Optional;
  policy::Enforcement authentication = policy::Enforcement::Observe;
  policy::Screening screener = policy::Screening::Off;  // of mailboxes that say nothing else
  bool observe = false;                                 // rules are asked and told, and nothing is done because of them
  bool elsewhere = false;         // an MTA that asks by milter has the mailboxes, and knows which there are
  std::filesystem::path maildir;  // one Maildir for each mailbox below it
};

/// Local parts are compared without regard to ASCII case here, as nearly every site does (RFC 5321 §2.4 leaves it to
/// the receiving host).
class Directory {
 public:
  explicit Directory(std::vector<DomainSettings> domains);

  /// The mailbox that is meant: postmaster at our own host name, which is what "RCPT TO:<Postmaster>" gives (RFC 5321
  /// §4.5.1), is that of the first domain, unless mail for the host name itself is received.
  [[nodiscard]] Mailbox meant_by(const Mailbox& mailbox, const Domain& host) const;
  /// None when the domain is not served here.
  [[nodiscard]] const DomainSettings* find(const Domain& domain) const;
  [[nodiscard]] bool is_local(const Mailbox& mailbox) const;
  /// What its Screener keeps is in a folder; otherwise in the queue.
  [[nodiscard]] bool has_screener_folder(const Mailbox& mailbox) const;
  /// Some domain has one for all its mailboxes.
  [[nodiscard]] bool has_screener() const;
  /// The Maildir of a mailbox in a domain that is_local(): recipients::folder_name() names it.
  [[nodiscard]] std::filesystem::path maildir(const Mailbox& mailbox) const;

 private:
  std::map<Domain, DomainSettings> domains_;
  std::optional<Domain> first_;
};

}  // namespace cas::inbound
