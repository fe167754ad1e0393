// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may submit mail, and as whom: the accounts of the configuration file, which only a reload changes, and those of
// the store, which people change while the server runs. A name stands in one of the two; where a reload brings one
// that the store has, the file's counts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.hpp"
#include "base/random.hpp"
#include "crypto/scram_verifier.hpp"
#include "policy/send_as.hpp"
#include "registry/change.hpp"
#include "store/values.hpp"

namespace cas::registry {

/// What an account is known by. Without a verifier there is no SCRAM for it.
struct Secret {
  std::string password;  // Argon2id string
  std::optional<crypto::ScramVerifier> scram{};
};

struct Account {
  std::string name;  // what AUTH gives, octet by octet
  Secret secret;
  std::vector<policy::SendAs> send_as;
  bool disabled = false;    // knows no password
  bool configured = false;  // stands in the configuration file
  TimePoint created{};
  std::string by{};  // who made it
};
using AccountPtr = std::shared_ptr<const Account>;

/// One row's value, and back. None for what was not written here.
[[nodiscard]] std::string account_text(const Account& account);
[[nodiscard]] std::optional<Account> read_account(const std::string& name, std::string_view text);

/// Thread-safe. Changes are durable before they are in force, and in force before `done`.
class Accounts {
 public:
  /// `serves`: whether mail of this domain is ours; called on any thread.
  Accounts(store::Store& store, std::function<bool(const Domain&)> serves);

  struct Loaded {
    std::size_t accounts = 0;
    std::vector<std::string> damaged;  // names whose rows are not understood; they cannot log in
  };
  /// Waits for the store: before anything else is called.
  [[nodiscard]] Result<Loaded> load(Random& random);
  /// In place of those of the file before. The names that the store has too.
  std::vector<std::string> set_configured(std::vector<Account> accounts);

  /// None when there is no such account; disabled ones are found.
  [[nodiscard]] AccountPtr find(const std::string& name) const;
  /// Behind `after` (exclusive; empty: from the first) by name, at most `limit`.
  [[nodiscard]] std::vector<AccountPtr> list(const std::string& after, std::size_t limit) const;
  [[nodiscard]] bool empty() const;
  /// Some account that is not disabled has a verifier.
  [[nodiscard]] bool offers_scram() const;

  /// Whose password it is; none when it is wrong. Slow (Argon2id): on a worker. An unknown or disabled name takes as
  /// long as a wrong password.
  [[nodiscard]] AccountPtr verify(const std::string& name, const std::string& password) const;
  /// What SCRAM compares with. For a name without one something that no password fits, always the same.
  [[nodiscard]] crypto::ScramVerifier scram_of(const std::string& name) const;
  /// Whom that verifier belongs to, now.
  [[nodiscard]] AccountPtr whose(const std::string& name, const crypto::ScramVerifier& verifier) const;
  /// Whether somebody who logged in as this account still may: it exists, is not disabled, has the same password.
  [[nodiscard]] bool is_in_force(const Account& login) const;

  // Permanent errors, for people to read: an account of the configuration file; one that exists (add) or does not (the
  // others); a name or string that is none; rights in domains that are not served, or none at all.
  using Done = store::ValueDone<AccountPtr>;
  void add(Account account, Change change, Done done);
  void set_secret(std::string name, Secret secret, Change change, Done done);
  void set_disabled(std::string name, bool disabled, Change change, Done done);
  /// Rights that are there already are added without a word; those that are not cannot be removed.
  void change_send_as(std::string name, std::vector<policy::SendAs> added, std::vector<policy::SendAs> removed,
                      Change change, Done done);
  /// `done` hears what it was.
  void remove(std::string name, Change change, Done done);

 private:
  struct State {
    std::map<std::string, AccountPtr> configured, stored;
  };
  /// What becomes of an account, and the words of the audit log.
  using Edit = std::move_only_function<Result<std::string>(Account&)>;
  void edit(std::string name, std::string action, Change change, Edit edit, Done done);
  [[nodiscard]] Result<void> may_change(const std::string& name) const;
  [[nodiscard]] Result<void> check_new(const Account& account) const;
  [[nodiscard]] Result<void> check_rights(const std::vector<policy::SendAs>& rights) const;
  [[nodiscard]] crypto::ScramVerifier decoy(const std::string& name) const;

  store::Store& store_;
  const std::function<bool(const Domain&)> serves_;
  Guarded<State> state_;
  std::string decoy_secret_;
};

}  // namespace cas::registry
