// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lookup of local domains and mailboxes.
#include "inbound/directory.hpp"

#include "base/encoding.hpp"

namespace cas::inbound {

namespace {

constexpr std::string_view postmaster = "postmaster";

// One path component for any local part; two local parts never share one.
std::string folder_name(const std::string& local) {
  std::string name;
  for (const char c : local) {
    const auto octet = static_cast<std::uint8_t>(c);
    const bool special = octet <= ' ' || octet == 0x7f || c == '/' || c == '%' || (c == '.' && name.empty());
    if (special) {
      name += "%" + to_upper(hex(std::span(&octet, 1)));
    } else {
      name += c;
    }
  }
  return name;
}

}  // namespace

Directory::Directory(std::vector<DomainSettings> domains) {
  if (!domains.empty()) first_ = domains.front().name;
  for (auto& settings : domains) {
    Entry entry{settings, {}};
    for (const auto& local : settings.mailboxes) entry.mailboxes.insert(to_lower(local.value()));
    domains_.insert_or_assign(settings.name, std::move(entry));
  }
}

Mailbox Directory::meant_by(const Mailbox& mailbox, const Domain& host) const {
  const bool at_host = mailbox.domain() == host && !domains_.contains(host);
  if (!at_host || !first_ || !iequals(mailbox.local().value(), postmaster)) return mailbox;
  return Mailbox(mailbox.local(), *first_);
}

const DomainSettings* Directory::find(const Domain& domain) const {
  const auto found = domains_.find(domain);
  return found == domains_.end() ? nullptr : &found->second.settings;
}

bool Directory::is_local(const Mailbox& mailbox) const {
  return mailbox.domain() && domains_.contains(*mailbox.domain());
}

policy::MailboxStatus Directory::mailbox(const Mailbox& mailbox) const {
  if (!is_local(mailbox)) return policy::MailboxStatus::Unknown;
  const std::string local = to_lower(mailbox.local().value());
  const bool exists = local == postmaster || domains_.at(*mailbox.domain()).mailboxes.contains(local);
  return exists ? policy::MailboxStatus::Exists : policy::MailboxStatus::Unknown;
}

std::filesystem::path Directory::maildir(const Mailbox& mailbox) const {
  return domains_.at(*mailbox.domain()).settings.maildir / folder_name(to_lower(mailbox.local().value()));
}

}  // namespace cas::inbound
