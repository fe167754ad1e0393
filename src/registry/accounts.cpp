// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may log in: what is asked at every login and every MAIL. Changes stand in account_changes.cpp.
#include "registry/accounts.hpp"

#include <algorithm>
#include <array>

#include "base/fields.hpp"
#include "crypto/password.hpp"
#include "registry/account_rows.hpp"
#include "registry/sasl.hpp"

namespace cas::registry {

namespace {

constexpr std::string_view decoy_setting = "auth-decoy";
constexpr std::size_t page = 1000;
// What a wrong password is compared with for a name that nobody has. Its cost is that of crypto::hash_password.
constexpr std::string_view decoy_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$c2FsdCBvZiBub2JvZHkuLg$bm9ib2R5IGtub3dzIHdoYXQgdGhpcyB3b3VsZCBiZSE";

bool is_open(const AccountPtr& account) {
  return account != nullptr && !account->disabled;
}

}  // namespace

Accounts::Accounts(store::Store& store, std::function<bool(const Domain&)> serves)
    : store_(store), serves_(std::move(serves)) {}

Result<Accounts::Loaded> Accounts::load(Random& random) {
  std::array<std::uint8_t, 32> drawn{};
  random.fill(drawn);
  CAS_CHECK(store::write_and_wait(store_, [&](store::Tx& tx) -> Result<void> {
    CAS_TRY(auto kept, tx.setting(decoy_setting));
    decoy_secret_ = kept.value_or(hex(drawn));
    return kept ? Result<void>() : tx.set_setting(decoy_setting, decoy_secret_);
  }));
  Loaded loaded;
  State state;
  CAS_CHECK(store::read_and_wait(store_, [&](store::Reader& reader) -> Result<void> {
    for (std::string after; true;) {
      CAS_TRY(const auto rows, reader.memories(account_kind, after, page));
      for (const auto& row : rows) {
        if (auto account = read_account(row.name, row.value)) {
          state.stored[row.name] = std::make_shared<const Account>(*std::move(account));
        } else {
          loaded.damaged.push_back(row.name);
        }
      }
      if (rows.size() < page) return {};
      after = rows.back().name;
    }
  }));
  loaded.accounts = state.stored.size();
  state_.with([&](State& now) { now.stored = std::move(state.stored); });
  return loaded;
}

std::vector<std::string> Accounts::set_configured(std::vector<Account> accounts) {
  std::map<std::string, AccountPtr> fresh;
  for (auto& account : accounts) {
    account.configured = true;
    std::string name = account.name;
    fresh[std::move(name)] = std::make_shared<const Account>(std::move(account));
  }
  return state_.with([&](State& state) {
    state.configured = std::move(fresh);
    std::vector<std::string> twice;
    for (const auto& [name, account] : state.configured) {
      if (state.stored.contains(name)) twice.push_back(name);
    }
    return twice;
  });
}

// ---- Asking ----

AccountPtr Accounts::find(const std::string& name) const {
  return state_.with([&](const State& state) -> AccountPtr {
    for (const auto* accounts : {&state.configured, &state.stored}) {
      if (const auto found = accounts->find(name); found != accounts->end()) return found->second;
    }
    return nullptr;
  });
}

std::vector<AccountPtr> Accounts::list(const std::string& after, std::size_t limit) const {
  return state_.with([&](const State& state) {
    std::vector<AccountPtr> found;
    auto configured = state.configured.upper_bound(after);
    auto stored = state.stored.upper_bound(after);
    while (found.size() < limit) {
      const bool none_configured = configured == state.configured.end();
      const bool none_stored = stored == state.stored.end();
      if (none_configured && none_stored) break;
      if (none_configured || (!none_stored && stored->first < configured->first)) {
        found.push_back((stored++)->second);
      } else {
        if (!none_stored && stored->first == configured->first) ++stored;
        found.push_back((configured++)->second);
      }
    }
    return found;
  });
}

bool Accounts::empty() const {
  return state_.with([](const State& state) { return state.configured.empty() && state.stored.empty(); });
}

bool Accounts::offers_scram() const {
  const auto offers = [](const auto& entry) { return is_open(entry.second) && entry.second->secret.scram.has_value(); };
  return state_.with([&](const State& state) { return std::ranges::any_of(state.stored, offers); });
}

AccountPtr Accounts::verify(const std::string& name, const std::string& password) const {
  const AccountPtr account = find(name);
  const std::string_view hash = is_open(account) ? std::string_view(account->secret.password) : decoy_hash;
  const auto prepared = prepare_password(password);
  bool right = crypto::verify_password(hash, prepared.value_or(password));
  // `cas password` hashes what was typed as it is.
  if (!right && prepared && *prepared != password) right = crypto::verify_password(hash, password);
  return right && is_open(account) ? account : nullptr;
}

crypto::ScramVerifier Accounts::scram_of(const std::string& name) const {
  auto verifier = decoy(name);
  const AccountPtr account = find(name);
  if (is_open(account) && account->secret.scram) verifier = *account->secret.scram;
  return verifier;
}

crypto::ScramVerifier Accounts::decoy(const std::string& name) const {
  const auto drawn = [&](std::string_view what) {
    return crypto::hmac_sha256(as_octets(decoy_secret_), std::string(what) + '\0' + name);
  };
  const auto salt = drawn("salt");
  return {.iterations = scram_iterations,
          .salt = Octets(salt.begin(), salt.begin() + scram_salt),
          .stored_key = drawn("stored"),
          .server_key = drawn("server")};
}

AccountPtr Accounts::whose(const std::string& name, const crypto::ScramVerifier& verifier) const {
  AccountPtr account = find(name);
  return is_open(account) && account->secret.scram == verifier ? account : nullptr;
}

bool Accounts::is_in_force(const Account& login) const {
  const AccountPtr now = find(login.name);
  return is_open(now) && now->secret.password == login.secret.password;
}

}  // namespace cas::registry
