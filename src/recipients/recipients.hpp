// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Where mail for an address goes in the end: subaddresses, aliases and catch-alls of all domains of this server, over
// the source that each of them has.
#pragma once

#include <map>
#include <memory>

#include "recipients/source.hpp"

namespace cas::recipients {

struct DomainRules {
  std::shared_ptr<Source> source;
  std::string delimiter{};              // "+": joe+x is joe, unless it is a name itself; empty: none (RFC 5233)
  std::optional<Mailbox> postmaster{};  // where postmaster leads, unless the source has it
  std::optional<Mailbox> catch_all{};   // where all names lead that the source does not have
  bool keeps_subaddress = false;        // whoever has the mailboxes wants to see joe+x
};

/// What an address comes to.
struct Resolution {
  std::vector<Mailbox> targets{};  // mailboxes of ours and addresses elsewhere, each once; none: no such mailbox
  std::string rule{};              // what found it: "list", "file:12", "catch-all file:3", "sql subaddress"
  [[nodiscard]] bool known() const { return !targets.empty(); }
};

/// Immutable, thread-safe as its sources are; a reload builds a new one. A name of a domain is looked up as it is, then
/// without its subaddress; then postmaster is there anyway (RFC 5321 §4.5.1); then the catch-all takes it.
class Recipients {
 public:
  explicit Recipients(std::map<Domain, DomainRules> domains) : domains_(std::move(domains)) {}

  /// Follows aliases through all domains of ours, over at most max_depth steps and to at most max_targets addresses.
  /// A target here that does not exist stays among the others, so that its failure is told; alone it is unknown. An
  /// address of no domain of ours is its own target. Transient error: a source gives no answer, aliases go in a circle
  /// or lead too far. Nobody is told "no such user" for that.
  [[nodiscard]] net::Task<Result<Resolution>> resolve(Mailbox address) const;
  /// Whether mail that was taken for this mailbox still has it to go to.
  [[nodiscard]] net::Task<Result<bool>> has_mailbox(Mailbox address) const;

 private:
  struct Step;
  [[nodiscard]] net::Task<Result<Step>> look_up(Mailbox address, bool with_catch_all) const;
  std::map<Domain, DomainRules> domains_;
};

}  // namespace cas::recipients
