// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Changes of accounts: the row and its line in the audit log in one transaction, then the map. The store calls back in
// the order of its writes, so the map is what the rows are.
#include <algorithm>

#include "crypto/password.hpp"
#include "registry/account_rows.hpp"
#include "registry/accounts.hpp"

namespace cas::registry {

namespace {

constexpr std::size_t longest_name = 255;  // RFC 4616 §2 has no bound; what SASL clients can be asked to send
constexpr std::size_t most_rights = 1000;  // of one account

std::string quoted(const std::string& name) {
  return '"' + printable(name, longest_name) + '"';
}

Result<void> check_name(const std::string& name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > longest_name || !is_utf8(name) || std::ranges::any_of(name, is_control)) {
    return permanent("a user name has 1 to 255 octets and no control characters");
  }
  return {};
}

Result<void> check_secret(const Secret& secret) {
  if (!crypto::is_password_hash(secret.password)) return permanent("that is no Argon2id string");
  return {};
}

std::string list_of(const std::vector<policy::SendAs>& rights) {
  std::string text;
  for (const auto& right : rights) text += (text.empty() ? "" : " ") + right.text();
  return text;
}

Result<std::optional<Account>> row_of(store::Tx& tx, const std::string& name) {
  CAS_TRY(const auto row, tx.recall(account_kind, name));
  if (!row) return std::optional<Account>();
  auto account = read_account(name, row->value);
  if (!account) return permanent("what is stored of " + quoted(name) + " is not understood; remove it and add it anew");
  return account;
}

std::unexpected<Error> no_such(const std::string& name) {
  return permanent("there is no user " + quoted(name));
}

}  // namespace

Result<void> Accounts::may_change(const std::string& name) const {
  const bool configured = state_.with([&](const State& state) { return state.configured.contains(name); });
  if (!configured) return {};
  return permanent(quoted(name) + " stands in the configuration file: change it there, and reload");
}

Result<void> Accounts::check_rights(const std::vector<policy::SendAs>& rights) const {
  for (const auto& right : rights) {
    if (right.domain() == nullptr || !serves_(*right.domain())) {
      return permanent(printable(right.text()) + " is in none of the domains of this server");
    }
  }
  return {};
}

Result<void> Accounts::check_new(const Account& account) const {
  CAS_CHECK(check_name(account.name));
  CAS_CHECK(may_change(account.name));
  CAS_CHECK(check_secret(account.secret));
  CAS_CHECK(check_rights(account.send_as));
  if (account.send_as.empty()) return permanent("say as whom " + quoted(account.name) + " may send");
  if (account.send_as.size() > most_rights) return permanent("at most 1000 addresses");
  return {};
}

void Accounts::add(Account account, Change change, Done done) {
  if (auto checked = check_new(account); !checked) return done(std::unexpected(std::move(checked).error()));
  account.configured = false;
  account.created = change.at;
  account.by = change.by;
  auto fresh = std::make_shared<const Account>(std::move(account));
  store_.write(
      [fresh, change = std::move(change)](store::Tx& tx) -> Result<void> {
        CAS_TRY(const auto row, tx.recall(account_kind, fresh->name));
        if (row) return permanent("there is a user " + quoted(fresh->name) + " already");
        CAS_CHECK(tx.remember(account_kind,
                              {.name = fresh->name, .value = account_text(*fresh), .keep_until = store::for_good}));
        return note(tx, change, "user-add", fresh->name,
                    "may send as " + list_of(fresh->send_as) + (fresh->secret.scram ? "; SCRAM" : ""));
      },
      [this, fresh, done = std::move(done)](Result<void> result) mutable {
        if (!result) return done(std::unexpected(std::move(result).error()));
        state_.with([&](State& state) { state.stored[fresh->name] = fresh; });
        done(fresh);
      });
}

void Accounts::edit(std::string name, std::string action, Change change, Edit edit, Done done) {
  if (auto allowed = may_change(name); !allowed) return done(std::unexpected(std::move(allowed).error()));
  auto changed = std::make_shared<AccountPtr>();
  store_.write(
      [name, action = std::move(action), change = std::move(change), edit = std::move(edit),
       changed](store::Tx& tx) mutable -> Result<void> {
        CAS_TRY(auto account, row_of(tx, name));
        if (!account) return no_such(name);
        CAS_TRY(auto detail, edit(*account));
        CAS_CHECK(
            tx.remember(account_kind, {.name = name, .value = account_text(*account), .keep_until = store::for_good}));
        *changed = std::make_shared<const Account>(*std::move(account));
        return note(tx, change, std::move(action), name, std::move(detail));
      },
      [this, changed, done = std::move(done)](Result<void> result) mutable {
        if (!result) return done(std::unexpected(std::move(result).error()));
        state_.with([&](State& state) { state.stored[(*changed)->name] = *changed; });
        done(*changed);
      });
}

void Accounts::set_secret(std::string name, Secret secret, Change change, Done done) {
  if (auto right = check_secret(secret); !right) return done(std::unexpected(std::move(right).error()));
  edit(
      std::move(name), "user-passwd", std::move(change),
      [secret = std::move(secret)](Account& account) mutable -> Result<std::string> {
        account.secret = std::move(secret);
        return std::string(account.secret.scram ? "SCRAM" : "");
      },
      std::move(done));
}

void Accounts::set_disabled(std::string name, bool disabled, Change change, Done done) {
  edit(
      std::move(name), disabled ? "user-disable" : "user-enable", std::move(change),
      [disabled](Account& account) -> Result<std::string> {
        account.disabled = disabled;
        return std::string();
      },
      std::move(done));
}

void Accounts::change_send_as(std::string name, std::vector<policy::SendAs> added, std::vector<policy::SendAs> removed,
                              Change change, Done done) {
  if (auto ours = check_rights(added); !ours) return done(std::unexpected(std::move(ours).error()));
  auto apply = [added = std::move(added), removed = std::move(removed)](Account& account) -> Result<std::string> {
    std::string detail = "before: " + list_of(account.send_as);
    for (const auto& right : removed) {
      if (std::erase(account.send_as, right) == 0) {
        return permanent(quoted(account.name) + " has no right " + printable(right.text()));
      }
    }
    for (const auto& right : added) {
      const bool there = std::ranges::find(account.send_as, right) != account.send_as.end();
      if (!there) account.send_as.push_back(right);
    }
    if (account.send_as.empty())
      return permanent(quoted(account.name) + " would be left without an address; disable it");
    if (account.send_as.size() > most_rights) return permanent("at most 1000 addresses");
    return detail + "; after: " + list_of(account.send_as);
  };
  edit(std::move(name), "user-may-send-as", std::move(change), std::move(apply), std::move(done));
}

void Accounts::remove(std::string name, Change change, Done done) {
  // Where the file has the name too, the row can go.
  const bool stored = state_.with([&](const State& state) { return state.stored.contains(name); });
  const auto allowed = stored ? Result<void>() : may_change(name);
  if (!allowed) return done(std::unexpected(allowed.error()));
  auto was = std::make_shared<AccountPtr>();
  store_.write(
      [name, change = std::move(change), was](store::Tx& tx) -> Result<void> {
        CAS_TRY(const auto row, tx.recall(account_kind, name));
        if (!row) return no_such(name);
        // Also what is not understood any more can be removed.
        auto account = read_account(name, row->value).value_or(Account{.name = name, .secret = {}, .send_as = {}});
        CAS_CHECK(tx.forget(account_kind, name));
        *was = std::make_shared<const Account>(std::move(account));
        return note(tx, change, "user-remove", name, "could send as " + list_of((*was)->send_as));
      },
      [this, name, was, done = std::move(done)](Result<void> result) mutable {
        if (!result) return done(std::unexpected(std::move(result).error()));
        state_.with([&](State& state) { state.stored.erase(name); });
        done(*was);
      });
}

}  // namespace cas::registry
