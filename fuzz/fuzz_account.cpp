// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Accounts as they are stored, rights and verifiers: what is accepted has one spelling and is read again as it was
// written. And SCRAM messages of a hostile client, who never gets in without the password.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/scram_verifier.hpp"
#include "policy/send_as.hpp"
#include "registry/accounts.hpp"
#include "registry/sasl.hpp"

namespace {

using cas::registry::ScramExchange;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_row(std::string_view text) {
  const auto account = cas::registry::read_account("joe", text);
  if (!account) return;
  const auto written = cas::registry::account_text(*account);
  const auto again = cas::registry::read_account("joe", written);
  require(again && cas::registry::account_text(*again) == written);
}

void check_right(std::string_view text) {
  const auto right = cas::policy::SendAs::parse(text);
  if (!right) return;
  require(right->domain() != nullptr);
  const auto again = cas::policy::SendAs::parse(right->text());
  require(again && again->text() == right->text());
  const auto mailbox = cas::Mailbox::parse(text);
  if (mailbox && !text.starts_with("*@")) require(right->covers(*mailbox));
}

void check_verifier(std::string_view text) {
  const auto verifier = cas::crypto::ScramVerifier::parse(text);
  if (verifier) require(verifier->text() == text);
}

/// Messages are the lines.
void check_scram(std::string_view text, bool plus) {
  auto find = [](const std::string&) {
    cas::crypto::ScramVerifier verifier;
    verifier.salt = {1, 2, 3, 4, 5, 6, 7, 8};
    verifier.stored_key.fill(7);  // of no password
    return verifier;
  };
  ScramExchange server(find, plus, plus ? "a connection" : "");
  for (int n = 0; n < 5; ++n) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto outcome = server.step(line);
    require(!std::holds_alternative<ScramExchange::Done>(outcome));
    if (std::holds_alternative<ScramExchange::Failed>(outcome)) return;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_row(text);
  check_right(text);
  check_verifier(text);
  check_scram(text, false);
  check_scram(text, true);
  const std::string password(text.substr(0, 255));
  if (const auto prepared = cas::registry::prepare_password(password)) {
    require(cas::registry::prepare_password(*prepared) == prepared);  // RFC 3454: once is enough
  }
  return 0;
}
