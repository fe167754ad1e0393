// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See relationship.hpp.
#include "policy/relationship.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"

namespace cas::policy {
namespace {

// Where anybody may open a mailbox. A list like this is never whole; what is missing is bounded more tightly than it
// need be.
constexpr std::array<std::string_view, 30> providers{
    "126.com",    "163.com",        "aol.com",   "fastmail.com", "free.fr",        "gmail.com",
    "gmx.at",     "gmx.ch",         "gmx.de",    "gmx.net",      "googlemail.com", "hotmail.com",
    "icloud.com", "laposte.net",    "libero.it", "live.com",     "mac.com",        "mail.com",
    "mail.ru",    "mailbox.org",    "me.com",    "msn.com",      "outlook.com",    "posteo.de",
    "proton.me",  "protonmail.com", "qq.com",    "web.de",       "yahoo.com",      "yandex.ru"};
static_assert(std::ranges::is_sorted(providers));

std::string without_detail(const std::string& local) {
  const auto sign = local.find('+');
  return sign == local.npos || sign == 0 ? local : local.substr(0, sign);
}

std::string host_of(const Mailbox& mailbox) {
  return mailbox.domain() ? mailbox.domain()->text() : '[' + mailbox.literal()->text + ']';
}

std::vector<std::string> wider_keys(const Domain& domain) {
  std::vector<std::string> keys;
  const Domain top = organizational_domain(domain);
  for (std::optional<Domain> at = domain; at && at->is_within(top); at = at->parent()) {
    keys.push_back(std::string(relation_mark::domain) + at->text());
  }
  return keys;
}

}  // namespace

std::string_view to_string(Screening screening) {
  switch (screening) {
    case Screening::Off: return "off";
    case Screening::Hold: return "hold";
    case Screening::Defer: return "defer";
  }
  std::unreachable();
}

std::optional<Screening> parse_screening(std::string_view word) {
  for (const auto screening : {Screening::Off, Screening::Hold, Screening::Defer}) {
    if (word == to_string(screening)) return screening;
  }
  return {};
}

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::Stranger: return "stranger";
    case Standing::Pending: return "pending";
    case Standing::Approved: return "approved";
    case Standing::Blocked: return "blocked";
  }
  std::unreachable();
}

std::string relation_mailbox(const Mailbox& mailbox) {
  return to_lower(without_detail(mailbox.local().value())) + '@' + host_of(mailbox);
}

std::string author_key(const Mailbox& author) {
  const std::string local = to_lower(without_detail(author.local().value()));
  const auto plain = LocalPart::from_value(local);
  std::string spelt = plain ? plain->wire() : local;
  // A name as anybody may have it, such as ?joe, is none of the marks.
  if (spelt.starts_with(relation_mark::unproven)) spelt = '"' + spelt + '"';
  return spelt + '@' + host_of(author);
}

std::vector<std::string> keys_meant(std::string_view who, bool unauthenticated) {
  if (who.starts_with(relation_mark::list)) {
    const auto list = Domain::parse(who.substr(relation_mark::list.size()));
    return list ? std::vector{std::string(relation_mark::list) + list->text()} : std::vector<std::string>{};
  }
  for (const auto mark : {relation_mark::spf, relation_mark::unproven}) {
    if (!who.starts_with(mark)) continue;
    const auto author = Mailbox::parse(who.substr(mark.size()));
    return author ? std::vector{std::string(mark) + author_key(*author)} : std::vector<std::string>{};
  }
  const bool marked = who.starts_with(relation_mark::domain);
  if (marked || !who.contains('@')) {
    const auto domain = Domain::parse(marked ? who.substr(relation_mark::domain.size()) : who);
    if (!domain || is_public_provider(*domain) || auth::is_public_suffix(*domain)) return {};
    return {std::string(relation_mark::domain) + domain->text()};
  }
  const auto author = Mailbox::parse(who);
  if (!author) return {};
  const std::string key = author_key(*author);
  std::vector<std::string> keys{key, std::string(relation_mark::spf) + key};
  if (unauthenticated) keys.push_back(std::string(relation_mark::unproven) + key);
  return keys;
}

Domain organizational_domain(const Domain& domain) {
  Domain at = domain;
  for (auto above = at.parent(); above && !auth::is_public_suffix(*above); above = at.parent()) at = *above;
  return at;
}

bool is_public_provider(const Domain& domain) {
  return std::ranges::binary_search(providers, std::string_view(organizational_domain(domain).text()));
}

std::optional<RelationNames> relation_names(const SenderIdentity& sender, confirm::Class klass) {
  const std::optional<Mailbox>& named = sender.author ? sender.author : sender.envelope.mailbox();
  if (!named) return {};
  RelationNames names;
  std::string list_domain;
  const std::string author = author_key(*named);
  const auto& domain = named->domain();
  // SPF speaks for the envelope; it says something of the author where both are of one domain.
  const bool by_spf =
      sender.spf_pass && domain && sender.envelope.mailbox() && sender.envelope.mailbox()->domain() == domain;
  if (klass == confirm::Class::Bulk && sender.list_proven && !sender.list_id.empty()) {
    names.key = std::string(relation_mark::list) + sender.list_id;
    names.proven = true;
    if (const auto list = Domain::parse(sender.list_id)) list_domain = organizational_domain(*list).text();
  } else if (sender.author && sender.author_proven) {
    names.key = author;
    names.proven = true;
  } else {
    names.key = std::string(by_spf ? relation_mark::spf : relation_mark::unproven) + author;
    names.proven = by_spf;
  }
  // Approving a domain is about what it vouches for; who is believed on SPF's word is believed on a signature's.
  // A List-Id proves the list and nothing of the author.
  if (domain && sender.author && (sender.author_proven || by_spf)) names.wider = wider_keys(*domain);
  if (domain) names.blocking = wider_keys(*domain);
  if (sender.author && sender.author_proven) names.wider.push_back(std::string(relation_mark::spf) + author);
  names.domain = !list_domain.empty()                     ? list_domain
                 : !domain || is_public_provider(*domain) ? author
                                                          : organizational_domain(*domain).text();
  return names;
}

bool is_decided_by(std::string_view key, std::string_view domain_key) {
  const bool proves_an_author = !key.starts_with(relation_mark::unproven) && !key.starts_with(relation_mark::list) &&
                                !key.starts_with(relation_mark::domain);
  if (!proves_an_author || !domain_key.starts_with(relation_mark::domain)) return false;
  const auto domain = Domain::parse(key.substr(key.rfind('@') + 1));
  const auto decided = Domain::parse(domain_key.substr(relation_mark::domain.size()));
  return domain && decided && domain->is_within(*decided);
}

bool has_screener_room(const Waiting& waiting, Standing standing, bool proven, const ScreenerBounds& bounds) {
  if (waiting.held >= bounds.held_of_one) return false;
  if (standing == Standing::Pending) return true;  // it waits already
  if (waiting.pending >= bounds.pending || waiting.new_today >= bounds.new_a_day) return false;
  if (!proven) return waiting.unproven < bounds.unproven;
  return waiting.of_this_domain == 0;
}

}  // namespace cas::policy
