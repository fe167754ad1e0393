// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See send_as.hpp.
#include "policy/send_as.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::policy {

namespace {

constexpr char separator = '+';

/// "joe" and "joe+news" are joe's; "joe+" is nobody's.
bool is_own_or_below(std::string_view own, std::string_view other) {
  if (other.size() < own.size() || !iequals(own, other.substr(0, own.size()))) return false;
  other.remove_prefix(own.size());
  return other.empty() || (other.front() == separator && other.size() > 1);
}

}  // namespace

Result<SendAs> SendAs::parse(std::string_view text) {
  if (text.starts_with("*@")) {
    auto domain = Domain::parse(text.substr(2));
    if (!domain) return permanent("write \"*@\" and a domain: \"*@north.example\"");
    return SendAs(*std::move(domain));
  }
  auto mailbox = Mailbox::parse(text);
  if (!mailbox || !mailbox->domain()) return permanent("write an address: \"joe@north.example\", \"*@north.example\"");
  return SendAs(*std::move(mailbox));
}

bool SendAs::covers(const Mailbox& mailbox) const {
  if (const auto* everybody_at = std::get_if<Domain>(&what_)) return mailbox.domain() == *everybody_at;
  const auto& own = std::get<Mailbox>(what_);
  return own.domain() == mailbox.domain() && own.literal() == mailbox.literal() &&
         is_own_or_below(own.local().value(), mailbox.local().value());
}

const Domain* SendAs::domain() const {
  if (const auto* everybody_at = std::get_if<Domain>(&what_)) return everybody_at;
  const auto& domain = std::get<Mailbox>(what_).domain();
  return domain ? &*domain : nullptr;
}

std::string SendAs::text() const {
  if (const auto* everybody_at = std::get_if<Domain>(&what_)) return "*@" + everybody_at->text();
  return std::get<Mailbox>(what_).wire();
}

bool covers(const std::vector<SendAs>& rights, const Mailbox& mailbox) {
  return std::ranges::any_of(rights, [&](const SendAs& right) { return right.covers(mailbox); });
}

}  // namespace cas::policy
