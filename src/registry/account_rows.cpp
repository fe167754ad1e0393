// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// An account as one line of fields.
#include <charconv>

#include "base/fields.hpp"
#include "crypto/password.hpp"
#include "registry/accounts.hpp"

namespace cas::registry {

namespace {

constexpr char between = '\n';  // no address holds one

}  // namespace

std::string account_text(const Account& account) {
  Fields fields;
  fields.set("password", account.secret.password);
  if (account.secret.scram) fields.set("scram", account.secret.scram->text());
  std::string rights;
  for (const auto& right : account.send_as) rights += (rights.empty() ? "" : std::string(1, between)) + right.text();
  fields.set("send_as", rights);
  if (account.disabled) fields.set("disabled", "1");
  fields.set("created", std::to_string(account.created.time_since_epoch().count()));
  fields.set("by", account.by);
  return fields.text();
}

std::optional<Account> read_account(const std::string& name, std::string_view text) {
  const auto fields = Fields::parse(text);
  if (!fields || !crypto::is_password_hash(fields->get("password"))) return std::nullopt;
  Account account{.name = name, .secret = {.password = std::string(fields->get("password"))}, .send_as = {}};
  if (const auto scram = fields->get("scram"); !scram.empty()) {
    auto verifier = crypto::ScramVerifier::parse(scram);
    if (!verifier) return std::nullopt;
    account.secret.scram = *std::move(verifier);
  }
  for (std::string_view rights = fields->get("send_as"); !rights.empty();) {
    const std::string_view one = rights.substr(0, rights.find(between));
    rights.remove_prefix(std::min(rights.size(), one.size() + 1));
    auto right = policy::SendAs::parse(one);
    if (!right) return std::nullopt;
    account.send_as.push_back(*std::move(right));
  }
  account.disabled = fields->get("disabled") == "1";
  const std::string_view created = fields->get("created");
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(created.data(), created.data() + created.size(), number);
  if (fault != std::errc{} || end != created.data() + created.size()) return std::nullopt;
  account.created = TimePoint(milliseconds(number));
  account.by = std::string(fields->get("by"));
  return account;
}

}  // namespace cas::registry
