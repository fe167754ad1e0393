// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lookup of local domains.
#include "inbound/directory.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "recipients/sources.hpp"

namespace cas::inbound {

namespace {

constexpr std::string_view postmaster = "postmaster";

}  // namespace

Directory::Directory(std::vector<DomainSettings> domains) {
  if (!domains.empty()) first_ = domains.front().name;
  for (auto& settings : domains) domains_.insert_or_assign(settings.name, settings);
}

Mailbox Directory::meant_by(const Mailbox& mailbox, const Domain& host) const {
  const bool at_host = mailbox.domain() == host && !domains_.contains(host);
  if (!at_host || !first_ || !iequals(mailbox.local().value(), postmaster)) return mailbox;
  return Mailbox(mailbox.local(), *first_);
}

const DomainSettings* Directory::find(const Domain& domain) const {
  const auto found = domains_.find(domain);
  return found == domains_.end() ? nullptr : &found->second;
}

bool Directory::is_local(const Mailbox& mailbox) const {
  return mailbox.domain() && domains_.contains(*mailbox.domain());
}

bool Directory::has_screener_folder(const Mailbox& mailbox) const {
  const auto* domain = mailbox.domain() ? find(*mailbox.domain()) : nullptr;
  return domain != nullptr && !domain->maildir.empty();
}

bool Directory::has_screener() const {
  return std::ranges::any_of(domains_,
                             [](const auto& domain) { return domain.second.screener != policy::Screening::Off; });
}

std::filesystem::path Directory::maildir(const Mailbox& mailbox) const {
  return domains_.at(*mailbox.domain()).maildir / recipients::folder_name(to_lower(mailbox.local().value()));
}

}  // namespace cas::inbound
