// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may submit mail, and as whom. Immutable once built.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "message/address.hpp"

namespace cas::inbound {

struct Account {
  std::string name;           // what AUTH gives
  std::string password_hash;  // Argon2id string
  std::vector<Mailbox> send_as;
};

class Accounts {
 public:
  explicit Accounts(std::vector<Account> accounts);
  /// None when there is no such account.
  [[nodiscard]] const Account* find(const std::string& name) const;
  /// Slow (Argon2id): on a worker. An unknown name takes as long as a wrong password.
  [[nodiscard]] bool verify(const std::string& name, const std::string& password) const;

 private:
  std::map<std::string, Account> accounts_;
  std::string decoy_hash_;
};

}  // namespace cas::inbound
