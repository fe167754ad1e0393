// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §4.2 as text.
#include "conformance/statement.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace cas::conformance {

std::vector<Tag>::iterator Statement::find(std::string_view name) {
  const auto found = std::ranges::find(tags, name, &Tag::name);
  if (found == tags.end()) throw std::logic_error("no such tag in the statement");
  return found;
}

const std::string& Statement::value(std::string_view name) const {
  const auto found = std::ranges::find(tags, name, &Tag::name);
  if (found == tags.end()) throw std::logic_error("no such tag in the statement");
  return found->value;
}

void Statement::set(std::string_view name, std::string value) {
  find(name)->value = std::move(value);
}

void Statement::insert(std::string_view next, Tag tag) {
  tags.insert(find(next), std::move(tag));
}

void Statement::remove(std::string_view name) {
  tags.erase(find(name));
}

void Statement::swap(std::string_view a, std::string_view b) {
  std::iter_swap(find(a), find(b));
}

Result<std::string> Statement::sign(const crypto::PrivateKey& key) const {
  std::string line = before;
  for (const auto& tag : tags) line.append(tag.name).append("=").append(tag.value).append(";");
  line += "b=";
  CAS_TRY(const Octets octets, key.sign(crypto::sha256("CAS1 INTENT\n" + line)));
  std::string signature = base64url(octets);
  if (respell_signature) signature = respell_signature(std::move(signature));
  return line.append(signature).append(after);
}

Statement state(StatementFacts facts) {
  std::ranges::sort(facts.recipients);
  std::string recipients;
  for (const auto& recipient : facts.recipients) recipients.append(recipients.empty() ? "" : ",").append(recipient);
  const bool rsa = facts.key_type == crypto::KeyType::Rsa;
  Statement out;
  out.tags = {{"v", "CAS1"},
              {"i", std::move(facts.id)},
              {"d", std::move(facts.signing_domain)},
              {"s", std::move(facts.selector)},
              {"a", rsa ? "rsa-sha256" : "ed25519-sha256"},
              {"t", seconds_text(facts.issued)},
              {"x", seconds_text(facts.expires)},
              {"f", std::move(facts.envelope_from)},
              {"q", std::move(facts.recipient_domain)},
              {"r", std::move(recipients)},
              {"o", std::move(facts.author)},
              {"k", "p"},
              {"m", ""}};
  return out;
}

std::string seconds_text(UnixTime time) {
  return std::to_string(time.time_since_epoch().count());
}

}  // namespace cas::conformance
