// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What `cas keys` says: records to paste into a zone, lists, and why a rotation has to wait. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/signing_keys.hpp"
#include "message/address.hpp"

namespace cas::cmd {

/// "v=DKIM1; h=sha256; k=rsa; p=..." (RFC 6376 §3.6.1): never t=y, under which receivers ignore what is signed.
[[nodiscard]] std::string published_record(const crypto::PrivateKey& key);
/// "s1._domainkey.north.example. IN TXT ( "..." "..." )" as a line of a zone file.
[[nodiscard]] std::string record_line(const std::string& selector, const Domain& domain, const crypto::PrivateKey& key);
/// The same with an empty p=, which revokes the key (RFC 6376 §3.6.1).
[[nodiscard]] std::string revocation_line(const std::string& selector, const Domain& domain);
/// "2026-11-25"
[[nodiscard]] std::string day_text(std::chrono::sys_days day);

// ---- list ----

struct KeyRow {
  std::string domain, selector;
  std::string type, state;  // "ed25519", "active"; "unknown" where the file cannot be used
  std::string created;      // a day
  std::string record;       // what is to be published
  std::optional<app::Published> dns;
};
inline constexpr const char* configured = "configured";  // the state of a key that the configuration names

/// A table; with a column for the DNS where one of them was asked about.
[[nodiscard]] std::string list_text(std::span<const KeyRow> rows);
[[nodiscard]] std::string list_json(std::span<const KeyRow> rows);
/// 1 when the record of a key in use is not as it should be, 75 when the DNS failed to say, else 0.
[[nodiscard]] int list_status(std::span<const KeyRow> rows);

// ---- rotate ----

struct CheckedKey {
  std::string name;      // "s1._domainkey.north.example"
  std::string expected;  // the record
  dns::Answer answer;
  app::Published judged;
};
[[nodiscard]] bool all_published(std::span<const CheckedKey> keys);
/// Of each key: its name and what is the matter; what was found and what is expected, unless it is published.
[[nodiscard]] std::string check_text(std::span<const CheckedKey> keys);
/// Why nothing was changed, and what to do.
[[nodiscard]] std::string refusal_text(std::span<const CheckedKey> keys);
/// 75 when the DNS failed and nothing else is wrong, 1 otherwise.
[[nodiscard]] int refusal_status(std::span<const CheckedKey> keys);

}  // namespace cas::cmd
