// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Accounts and their secrets.
#include "inbound/accounts.hpp"

#include "crypto/password.hpp"

namespace cas::inbound {

Accounts::Accounts(std::vector<Account> accounts) {
  for (auto& account : accounts) {
    if (decoy_hash_.empty()) decoy_hash_ = account.password_hash;
    auto name = account.name;
    accounts_.insert_or_assign(std::move(name), std::move(account));
  }
}

const Account* Accounts::find(const std::string& name) const {
  const auto found = accounts_.find(name);
  return found == accounts_.end() ? nullptr : &found->second;
}

bool Accounts::verify(const std::string& name, const std::string& password) const {
  const Account* account = find(name);
  const bool right = crypto::verify_password(account != nullptr ? account->password_hash : decoy_hash_, password);
  return account != nullptr && right;
}

}  // namespace cas::inbound
