// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See recipient_facts.hpp.
#include "inbound/recipient_facts.hpp"

#include "base/encoding.hpp"

namespace cas::inbound {

bool is_same(const Mailbox& a, const Mailbox& b) {
  return a.domain() == b.domain() && a.literal() == b.literal() && iequals(a.local().value(), b.local().value());
}

std::optional<Mailbox> owner_of(const Directory& directory, const recipients::Resolution& found) {
  const bool one = found.targets.size() == 1 && directory.is_local(found.targets.front());
  return one ? std::optional(found.targets.front()) : std::nullopt;
}

policy::Screening screening_of(const Services& services, const Mailbox& mailbox) {
  const DomainSettings* domain = mailbox.domain() ? services.directory.find(*mailbox.domain()) : nullptr;
  if (domain == nullptr) return policy::Screening::Off;
  return services.relationships.screening(policy::relation_mailbox(mailbox)).value_or(domain->screener);
}

policy::ExceptionFindings find_exceptions(const Services& services, const policy::SenderIdentity& sender,
                                          const Mailbox& name, const std::optional<Mailbox>& owner) {
  auto found = services.exceptions.find(sender, name);
  if (!owner || *owner == name) return found;
  return policy::narrower(std::move(found), services.exceptions.find(sender, *owner));
}

}  // namespace cas::inbound
