// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See exception_rules.hpp.
#include "policy/exception_rules.hpp"

#include <algorithm>
#include <array>

#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"
#include "policy/regex_book.hpp"

namespace cas::policy {
namespace {

using Kind = Pattern::Kind;

// Nobody's addresses: an expression that fits one of them fits too many.
constexpr std::array strangers{"a@a.invalid", "postmaster@b.invalid", "newsletter@mail.c.invalid", "info@d.invalid"};

std::unexpected<Error> refuse(const Exception& entry, const std::string& why) {
  return permanent(printable(entry.pattern.text(), 100) + ": " + why);
}

bool goes_with(Proof proof, Kind kind) {
  switch (proof) {
    case Proof::Client: return kind == Kind::Network;
    case Proof::Certificate: return kind == Kind::Domain || kind == Kind::Subdomains;
    case Proof::Spf: return kind != Kind::Network && kind != Kind::List;
    case Proof::Dkim:
    case Proof::None: return kind != Kind::Network;
  }
  return false;
}

Result<void> check_network(const Exception& entry) {
  const auto network = IpNetwork::parse(entry.pattern.text());
  const unsigned fewest = network->address.is_v4() ? 8 : 16;
  if (network->bits >= fewest) return {};
  return refuse(entry, "that is a large part of all addresses; at least /" + std::to_string(fewest));
}

Result<void> check_domain(const Exception& entry) {
  const auto& text = entry.pattern.text();
  const auto domain = Domain::parse(text.starts_with('.') ? text.substr(1) : text);
  if (!domain || !auth::is_public_suffix(*domain)) return {};
  return refuse(entry, "anybody can register a name there; name who is meant");
}

Result<void> check_expression(const Exception& entry) {
  const auto& text = entry.pattern.text();
  const std::string regex = text.substr(1, text.size() - 2);
  if (std::ranges::any_of(strangers, [&](const char* stranger) { return regex_fits(regex, stranger); })) {
    return refuse(entry, "it fits anybody's addresses; name the domain: /@partner\\.example$/");
  }
  // Without an end it fits x@partner.example.evil.example too.
  if (!regex.ends_with('$') || regex.ends_with("\\$"))
    return refuse(entry, "end it with \"$\": what follows is anybody's");
  return {};
}

Result<void> check_text(std::string_view name, const std::string& text) {
  const bool controls =
      std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (text.size() <= max_text && !controls && is_utf8(text)) return {};
  return permanent("the " + std::string(name) + " is at most " + std::to_string(max_text) +
                   " octets of UTF-8 without control characters");
}

Result<void> check_forwarder(const Exception& entry) {
  if (entry.pattern.kind() != Kind::Domain)
    return refuse(entry, "a forwarder is the domain that signs what it sends on");
  if (entry.scope.text().empty()) return refuse(entry, "say whose mail it forwards: a mailbox, or a domain");
  return entry.proof == Proof::Dkim ? Result<void>() : refuse(entry, "the intent of a forwarder is its proof");
}

Result<void> check_proof(const Exception& entry, bool unauthenticated) {
  if (!goes_with(entry.proof, entry.pattern.kind())) {
    const std::string usual(to_string(usual_proof(entry.action, entry.pattern)));
    return refuse(entry, "the proof \"" + std::string(to_string(entry.proof)) + "\" does not go with this pattern; \"" +
                             usual + "\" does");
  }
  if (is_unauthenticated(entry.action, entry.proof) && !unauthenticated) {
    return refuse(entry, "without proof anybody may claim that name; say --unauthenticated if that is meant");
  }
  return {};
}

}  // namespace

Exception exception_of(const NewException& wanted, UnixTime created) {
  return {.id = 0,
          .action = wanted.action,
          .pattern = wanted.pattern,
          .scope = wanted.scope,
          .proof = wanted.proof,
          .reason = wanted.reason,
          .owner = wanted.owner,
          .created = created,
          .expires = wanted.expires};
}

Proof usual_proof(ExceptionAction action, const Pattern& pattern) {
  if (action == ExceptionAction::Block) return Proof::None;
  return pattern.kind() == Kind::Network ? Proof::Client : Proof::Dkim;
}

Result<void> check_exception(const Exception& entry, bool unauthenticated) {
  CAS_CHECK(check_text("reason", entry.reason));
  CAS_CHECK(check_text("owner", entry.owner));
  if (entry.pattern.kind() == Kind::Network) CAS_CHECK(check_network(entry));
  if (entry.action == ExceptionAction::Forward) return check_forwarder(entry);
  if (entry.action == ExceptionAction::Block) {
    return entry.proof == Proof::None ? Result<void>() : refuse(entry, "a block asks for no proof");
  }
  CAS_CHECK(check_proof(entry, unauthenticated));
  if (entry.pattern.kind() == Kind::Regex) return check_expression(entry);
  const bool names_domain = entry.pattern.kind() == Kind::Domain || entry.pattern.kind() == Kind::Subdomains;
  return names_domain ? check_domain(entry) : Result<void>();
}

}  // namespace cas::policy
