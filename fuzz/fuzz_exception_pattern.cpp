// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Patterns and scopes of exceptions: what is accepted is read again from its own spelling, and an index finds it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/exception_book.hpp"
#include "policy/exception_rules.hpp"

namespace {

using namespace cas;
using namespace cas::policy;

void check_scope(std::string_view text) {
  const auto scope = Scope::parse(text);
  if (!scope) return;
  const auto again = Scope::parse(scope->text());
  if (!again || *again != *scope) std::abort();
}

void check(std::string_view text) {
  check_scope(text);
  const auto pattern = Pattern::parse(text);
  if (!pattern) return;
  const auto again = Pattern::parse(pattern->text());
  if (!again || *again != *pattern) std::abort();
  const Exception entry{.id = 1,
                        .action = ExceptionAction::Block,
                        .pattern = *pattern,
                        .scope = {},
                        .proof = Proof::None,
                        .reason = {},
                        .owner = {},
                        .created = {},
                        .expires = {}};
  static_cast<void>(check_exception(entry, false));
  ExceptionBook book(1);
  if (!book.add(entry) || book.id_of(entry.action, entry.pattern, entry.scope) != 1) std::abort();
  SenderIdentity sender;
  const auto& name = pattern->text();
  if (pattern->kind() == Pattern::Kind::Address) sender.author = Mailbox::parse(name).value();
  if (pattern->kind() == Pattern::Kind::Domain) sender.signer = Domain::parse(name).value();
  if (pattern->kind() == Pattern::Kind::Subdomains && name.size() < 200)
    sender.signer = Domain::parse("x" + name).value();
  if (pattern->kind() == Pattern::Kind::Network) sender.client = IpNetwork::parse(name).value().address;
  if (pattern->kind() == Pattern::Kind::List) sender.list_id = name.substr(5);
  const bool asked = sender.author || sender.signer || sender.client || !sender.list_id.empty();
  const auto found = book.find(sender, Mailbox::parse("a@b.example").value(), UnixTime{});
  if (asked && (!found.decided || found.decided->pattern != name)) std::abort();
  if (!book.remove(1) || book.size() != 0) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view kAlphabet = "ab.@/:1[]\"\\^$*(){2}+- list";
  std::string out;
  for (const char c : text) out += kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
