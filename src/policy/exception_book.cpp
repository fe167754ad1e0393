// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See exception_book.hpp. Entries stand in one hash table under kind, pattern and scope: a sender is a handful of keys,
// a recipient at most three scopes. Addresses and List-Ids are looked up as they are, domains also by their parents,
// networks by each length of prefix that occurs.
#include "policy/exception_book.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/encoding.hpp"
#include "policy/exception_keys.hpp"

namespace cas::policy {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

// What of the sender a pattern matched.
enum Role : std::uint8_t { Client = 1, Envelope = 2, Author = 4, List = 8, Signer = 16, Certificate = 32 };
constexpr std::uint8_t blocked_roles = Client | Envelope | Author | List | Signer;

std::unique_ptr<char[]> copy_of(std::string_view text) {
  auto copy = std::make_unique_for_overwrite<char[]>(text.size());
  std::ranges::copy(text, copy.get());
  return copy;
}

std::int64_t seconds_of(const std::optional<UnixTime>& time) {
  return time ? time->time_since_epoch().count() : never;
}

/// What only the end of data shows may make it hold.
bool is_late(ExceptionAction action, Proof proof) {
  return action == ExceptionAction::Exempt && (proof == Proof::Dkim || proof == Proof::None);
}

const char* missing_signature(std::uint8_t roles, const SenderIdentity& sender) {
  if ((roles & Author) != 0) return sender.author_proven ? nullptr : "no signature is aligned with the author";
  if ((roles & List) != 0) return sender.list_proven ? nullptr : "no signature is of the list's domain";
  return "it is about the author, who is another or not known yet";
}

/// Why an entry that matched in these roles does not count; null: it does.
const char* missing(ExceptionAction action, Proof proof, std::uint8_t roles, const SenderIdentity& sender) {
  if (action == ExceptionAction::Block) return (roles & blocked_roles) != 0 ? nullptr : "a certificate blocks nobody";
  if (action == ExceptionAction::Forward)
    return (roles & Signer) != 0 ? nullptr : "it is about the signer of an intent";
  switch (proof) {
    case Proof::Dkim: return missing_signature(roles, sender);
    case Proof::Spf:
      if ((roles & Envelope) == 0) return "it is about the envelope sender, who is another";
      return sender.spf_pass ? nullptr : "SPF did not pass";
    case Proof::Certificate: return (roles & Certificate) != 0 ? nullptr : "the client showed no certificate for it";
    case Proof::Client: return (roles & Client) != 0 ? nullptr : "it is about the client";
    case Proof::None: break;
  }
  if (sender.forwarded) return (roles & Envelope) != 0 ? nullptr : "what a forwarder says of the author is no claim";
  return (roles & (Author | Envelope | List)) != 0 ? nullptr : "it is about the author or the envelope sender";
}

}  // namespace

bool ExceptionBook::Scopes::contains(std::uint32_t row) const {
  return std::find(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count), row) !=
         rows.begin() + static_cast<std::ptrdiff_t>(count);
}

ExceptionBook::ExceptionBook(std::uint64_t seed) : seed_(seed) {
  scopes_.emplace_back().refs = 1;
}

// ---- Changes ----

std::uint32_t ExceptionBook::key_hash(Kind kind, std::string_view key, std::uint32_t scope) const {
  const std::uint64_t where = (std::uint64_t{scope} << 8U | static_cast<std::uint64_t>(kind)) + 1;
  return hash_of(key, seed_ ^ (where * 0x9e3779b97f4a7c15U));
}

std::uint32_t ExceptionBook::id_hash(std::int64_t id) const {
  return hash_of({reinterpret_cast<const char*>(&id), sizeof id}, seed_);
}

std::uint32_t ExceptionBook::slot_of(std::int64_t id) const {
  std::uint32_t found = none;
  ids_.find(id_hash(id), [&](std::uint32_t slot) {
    if (slots_[slot].id != id) return false;
    found = slot;
    return true;
  });
  return found;
}

std::uint32_t ExceptionBook::scope_row(std::string_view text) const {
  if (text.empty()) return everybody;
  std::uint32_t found = none;
  scope_table_.find(hash_of(text, seed_), [&](std::uint32_t row) {
    if (scopes_[row].text() != text) return false;
    found = row;
    return true;
  });
  return found;
}

std::uint32_t ExceptionBook::intern(std::string_view scope) {
  std::uint32_t row = scope_row(scope);
  if (row == none) {
    const auto at = scope.rfind('@');
    const std::uint32_t domain = at == scope.npos ? none : intern(scope.substr(at + 1));
    if (free_scopes_.empty()) {
      row = static_cast<std::uint32_t>(scopes_.size());
      scopes_.emplace_back();
    } else {
      row = free_scopes_.back();
      free_scopes_.pop_back();
    }
    scopes_[row] = ScopeRow{.key = copy_of(scope), .size = static_cast<std::uint16_t>(scope.size()), .domain = domain};
    scope_table_.insert(hash_of(scope, seed_), row);
  }
  ++scopes_[row].refs;
  return row;
}

void ExceptionBook::release(std::uint32_t row) {
  if (--scopes_[row].refs > 0) return;
  const std::uint32_t domain = scopes_[row].domain;
  scope_table_.erase(hash_of(scopes_[row].text(), seed_), row);
  scopes_[row] = {};
  free_scopes_.push_back(row);
  if (domain != none) release(domain);
}

void ExceptionBook::count_kind(const Slot& slot, int step) {
  const auto count = [step](std::size_t& number) { number += static_cast<std::size_t>(step); };
  count(kinds_.at(static_cast<std::size_t>(slot.kind)));
  if (slot.kind == Kind::Network) {
    const auto bits = network_bits(slot.text());
    count(is_v4_key(slot.text()) ? v4_bits_.at(bits) : v6_bits_.at(bits));
  }
  if (slot.kind == Kind::Subdomains) longest_subdomains_ = std::max<std::size_t>(longest_subdomains_, slot.size);
}

ExceptionBook::ScopeRow& ExceptionBook::late_row(const Slot& slot) {
  ScopeRow& row = scopes_[slot.scope];
  return row.domain == none ? row : scopes_[row.domain];
}

Result<void> ExceptionBook::add(const Exception& entry) {
  if (contains(entry.id)) return permanent("internal error", "exception #" + std::to_string(entry.id) + " is there");
  const bool reuses = !free_slots_.empty();
  const auto number = reuses ? free_slots_.back() : static_cast<std::uint32_t>(slots_.size());
  const std::string key = key_of(entry.pattern);
  if (entry.pattern.kind() == Kind::Regex) {
    CAS_CHECK(regexes_.add(number, std::string_view(key).substr(1, key.size() - 2)));
  }
  if (reuses) {
    free_slots_.pop_back();
  } else {
    slots_.emplace_back();
  }
  Slot& slot = slots_[number];
  slot = Slot{.id = entry.id,
              .expires = seconds_of(entry.expires),
              .key = copy_of(key),
              .scope = intern(entry.scope.text()),
              .size = static_cast<std::uint16_t>(key.size()),
              .kind = entry.pattern.kind(),
              .action = entry.action,
              .proof = entry.proof,
              .late = is_late(entry.action, entry.proof)};
  keys_.insert(key_hash(slot.kind, key, slot.scope), number);
  ids_.insert(id_hash(slot.id), number);
  count_kind(slot, 1);
  if (!slot.late) return {};
  ++late_row(slot).late;
  if (slot.expires != never) expiring_.push({.expires = slot.expires, .id = slot.id});
  return {};
}

bool ExceptionBook::remove(std::int64_t id) {
  const std::uint32_t number = slot_of(id);
  if (number == none) return false;
  Slot& slot = slots_[number];
  if (slot.kind == Kind::Regex) regexes_.remove(number);
  if (slot.late) --late_row(slot).late;
  count_kind(slot, -1);
  ids_.erase(id_hash(id), number);
  keys_.erase(key_hash(slot.kind, slot.text(), slot.scope), number);
  release(slot.scope);
  slot = {};
  free_slots_.push_back(number);
  return true;
}

void ExceptionBook::reserve(std::size_t entries) {
  keys_.reserve(entries);
  ids_.reserve(entries);
}

void ExceptionBook::settle(UnixTime now) {
  for (; !expiring_.empty() && expiring_.top().expires <= now.time_since_epoch().count(); expiring_.pop()) {
    const std::uint32_t number = slot_of(expiring_.top().id);
    // An entry that was changed since has another time.
    if (number == none || !slots_[number].late || slots_[number].expires != expiring_.top().expires) continue;
    slots_[number].late = false;
    --late_row(slots_[number]).late;
  }
}

/// As visit_all() finds it, without an index; not for regular expressions.
bool ExceptionBook::claims(const SenderIdentity& sender, const Slot& slot) const {
  const auto key = slot.text();
  const auto is_address = [&](const std::optional<Mailbox>& mailbox) {
    return mailbox && AddressKey(*mailbox).text() == key;
  };
  const auto is_domain = [&](std::string_view name) {
    return slot.kind == Kind::Domain ? name == key : name.ends_with(key);
  };
  switch (slot.kind) {
    case Kind::Address: return is_address(sender.author) || is_address(sender.envelope.mailbox());
    case Kind::List: return sender.list_id == key;
    case Kind::Network:
      return sender.client && is_v4_key(key) == sender.client->is_v4() &&
             NetworkKey(*sender.client, network_bits(key)).text() == key;
    case Kind::Regex: return false;
    case Kind::Domain:
    case Kind::Subdomains: break;
  }
  for (const auto* const mailbox : {&sender.author, &sender.envelope.mailbox()}) {
    if (*mailbox && (*mailbox)->domain() && is_domain((*mailbox)->domain()->text())) return true;
  }
  return sender.signer && is_domain(sender.signer->text());
}

std::vector<std::int64_t> ExceptionBook::about(const SenderIdentity& sender, const std::optional<Mailbox>& recipient,
                                               std::size_t limit) const {
  std::vector<std::uint32_t> found;
  for (const auto* const mailbox : {&sender.author, &sender.envelope.mailbox()}) {
    if (*mailbox) regexes_.match(AddressKey(**mailbox).text(), found);
  }
  std::ranges::sort(found);
  const auto again = std::ranges::unique(found);
  found.erase(again.begin(), again.end());
  for (std::uint32_t number = 0; number < slots_.size(); ++number) {
    if (slots_[number].id != 0 && claims(sender, slots_[number])) found.push_back(number);
  }
  if (recipient) {
    const Scopes scopes = scopes_of(*recipient);
    std::erase_if(found, [&](std::uint32_t number) { return !scopes.contains(slots_[number].scope); });
  }
  std::ranges::sort(found, [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(weight(slots_[b]), slots_[a].id) < std::pair(weight(slots_[a]), slots_[b].id);
  });
  if (found.size() > limit) found.resize(limit);
  std::vector<std::int64_t> ids;
  for (const std::uint32_t number : found) ids.push_back(slots_[number].id);
  return ids;
}

std::vector<std::int64_t> ExceptionBook::expired(UnixTime by, std::size_t limit) const {
  std::vector<std::int64_t> ids;
  for (const Slot& slot : slots_) {
    if (slot.id != 0 && slot.expires <= by.time_since_epoch().count() && ids.size() < limit) ids.push_back(slot.id);
  }
  return ids;
}

std::optional<std::int64_t> ExceptionBook::id_of(ExceptionAction action, const Pattern& pattern,
                                                 const Scope& scope) const {
  const std::uint32_t row = scope_row(scope.text());
  if (row == none) return {};
  std::optional<std::int64_t> id;
  const std::string key = key_of(pattern);
  keys_.find(key_hash(pattern.kind(), key, row), [&](std::uint32_t number) {
    const Slot& slot = slots_[number];
    if (slot.kind != pattern.kind() || slot.scope != row || slot.action != action || slot.text() != key) return false;
    id = slot.id;
    return true;
  });
  return id;
}

// ---- Questions ----

ExceptionBook::Scopes ExceptionBook::scopes_of(const Mailbox& recipient) const {
  Scopes scopes;
  const auto hold = [&](std::uint32_t row) {
    if (row != none) scopes.rows.at(scopes.count++) = row;
  };
  if (scopes_.size() > 1) {
    hold(scope_row(AddressKey(recipient).text()));
    if (recipient.domain()) hold(scope_row(recipient.domain()->text()));
  }
  hold(everybody);
  return scopes;
}

template <class Visit>
void ExceptionBook::look_up(Kind kind, std::string_view key, const Scopes& scopes, Visit visit) const {
  if (kinds_[static_cast<std::size_t>(kind)] == 0) return;
  for (std::size_t n = 0; n < scopes.count; ++n) {
    const std::uint32_t scope = scopes.rows[n];
    keys_.find(key_hash(kind, key, scope), [&](std::uint32_t number) {
      const Slot& slot = slots_[number];
      if (slot.kind == kind && slot.scope == scope && slot.text() == key) visit(number);
      return false;
    });
  }
}

template <class Visit>
void ExceptionBook::visit_domain(std::string_view name, std::uint8_t roles, const Scopes& scopes, Visit& visit) const {
  const auto see = [&](std::uint32_t number) { visit(number, roles); };
  look_up(Kind::Domain, name, scopes, see);
  if (kinds_[static_cast<std::size_t>(Kind::Subdomains)] == 0) return;
  for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
    if (name.size() - dot <= longest_subdomains_) look_up(Kind::Subdomains, name.substr(dot), scopes, see);
  }
}

template <class Visit>
void ExceptionBook::visit_client(const IpAddress& client, const Scopes& scopes, Visit& visit) const {
  const auto see = [&](std::uint32_t number) { visit(number, std::uint8_t{Client}); };
  const auto try_bits = [&](const auto& counts) {
    for (unsigned bits = 0; bits < counts.size(); ++bits) {
      if (counts[bits] > 0) look_up(Kind::Network, NetworkKey(client, bits).text(), scopes, see);
    }
  };
  if (kinds_[static_cast<std::size_t>(Kind::Network)] == 0) return;
  if (client.is_v4()) {
    try_bits(v4_bits_);
  } else {
    try_bits(v6_bits_);
  }
}

template <class Visit>
void ExceptionBook::visit_regexes(std::string_view address, std::uint8_t roles, const Scopes& scopes,
                                  Visit& visit) const {
  if (regexes_.size() == 0) return;
  std::vector<std::uint32_t> found;
  regexes_.match(address, found);
  for (const std::uint32_t number : found) {
    if (scopes.contains(slots_[number].scope)) visit(number, roles);
  }
}

template <class Visit>
void ExceptionBook::visit_all(const SenderIdentity& sender, const Scopes& scopes, Visit visit) const {
  const Mailbox* const author = sender.author ? &*sender.author : nullptr;
  const Mailbox* const envelope = sender.envelope.mailbox() ? &*sender.envelope.mailbox() : nullptr;
  const auto see_address = [&](const Mailbox& mailbox, std::uint8_t roles) {
    const AddressKey key(mailbox);
    look_up(Kind::Address, key.text(), scopes, [&](std::uint32_t number) { visit(number, roles); });
    visit_regexes(key.text(), roles, scopes, visit);
  };
  const bool same = author != nullptr && envelope != nullptr && *author == *envelope;
  if (author != nullptr) see_address(*author, same ? Author | Envelope : Author);
  if (envelope != nullptr && !same) see_address(*envelope, Envelope);

  // The same name often stands in all three places.
  const std::array<std::pair<const std::optional<Domain>*, std::uint8_t>, 3> domains{
      {{author == nullptr ? nullptr : &author->domain(), std::uint8_t{Author}},
       {envelope == nullptr ? nullptr : &envelope->domain(), std::uint8_t{Envelope}},
       {&sender.signer, std::uint8_t{Signer}}}};
  const auto is_there = [&](std::size_t n) { return domains[n].first != nullptr && domains[n].first->has_value(); };
  std::uint8_t seen = 0;
  for (std::size_t n = 0; n < domains.size(); ++n) {
    if (!is_there(n) || (seen & domains[n].second) != 0) continue;
    std::uint8_t roles = 0;
    for (std::size_t other = n; other < domains.size(); ++other) {
      if (is_there(other) && **domains[other].first == **domains[n].first) roles |= domains[other].second;
    }
    seen |= roles;
    visit_domain((*domains[n].first)->text(), roles, scopes, visit);
  }
  if (!sender.list_id.empty()) {
    look_up(Kind::List, sender.list_id, scopes, [&](std::uint32_t number) { visit(number, std::uint8_t{List}); });
  }
  for (const auto& name : sender.certificate) {
    const NameKey key(name);
    if (!key.text().empty()) visit_domain(key.text(), Certificate, scopes, visit);
  }
  if (sender.client) visit_client(*sender.client, scopes, visit);
}

std::uint64_t ExceptionBook::weight(const Slot& slot) const {
  const std::uint64_t scope = slot.scope == everybody ? 0 : scopes_[slot.scope].domain == none ? 1 : 2;
  const std::uint64_t kind = 5 - static_cast<std::uint64_t>(slot.kind);
  std::uint64_t length = 0;  // of two of the kind, the one that says more
  if (slot.kind == Kind::Subdomains) length = std::min<std::uint64_t>(slot.size, 255);
  if (slot.kind == Kind::Network) length = network_bits(slot.text());
  constexpr std::array<std::uint64_t, 4> actions{2, 1, 3, 0};
  const std::uint64_t forward = slot.action == ExceptionAction::Forward ? 0 : 1;
  return forward << 40U | scope << 32U | kind << 24U | length << 8U | actions[static_cast<std::size_t>(slot.action)];
}

ExceptionMatch ExceptionBook::match_of(const Slot& slot) const {
  return {.id = slot.id,
          .action = slot.action,
          .proof = slot.proof,
          .pattern = text_of_key(slot.kind, slot.text()),
          .scope = std::string(scopes_[slot.scope].text())};
}

ExceptionFindings ExceptionBook::find(const SenderIdentity& sender, const Mailbox& recipient, UnixTime now) const {
  const Scopes scopes = scopes_of(recipient);
  const std::int64_t time = now.time_since_epoch().count();
  struct Best {
    std::uint32_t slot = none;
    std::uint64_t weight = 0;
    std::int64_t id = 0;
    // Of two that weigh the same the older one.
    void offer(std::uint32_t number, std::uint64_t heavy, std::int64_t its_id) {
      if (slot != none && std::pair(weight, its_id) >= std::pair(heavy, id)) return;
      *this = {.slot = number, .weight = heavy, .id = its_id};
    }
  };
  Best decided, forward, after_spf;
  visit_all(sender, scopes, [&](std::uint32_t number, std::uint8_t roles) {
    const Slot& slot = slots_[number];
    if (slot.expires <= time) return;
    if (missing(slot.action, slot.proof, roles, sender) == nullptr) {
      decided.offer(number, weight(slot), slot.id);
      if (slot.action == ExceptionAction::Forward) forward.offer(number, weight(slot), slot.id);
    } else if (slot.proof == Proof::Spf && (roles & Envelope) != 0) {
      after_spf.offer(number, weight(slot), slot.id);
    }
  });
  ExceptionFindings findings;
  if (decided.slot != none) findings.decided = match_of(slots_[decided.slot]);
  if (forward.slot != none) findings.forward = match_of(slots_[forward.slot]);
  findings.spf_could_decide = after_spf.slot != none && (decided.slot == none || after_spf.weight > decided.weight);
  if (!sender.author) {
    const auto domain = recipient.domain() ? scope_row(recipient.domain()->text()) : none;
    findings.message_could_decide = scopes_[everybody].late > 0 || (domain != none && scopes_[domain].late > 0);
  }
  return findings;
}

std::vector<ExceptionOpinion> ExceptionBook::explain(const SenderIdentity& sender, const Mailbox& recipient,
                                                     UnixTime now) const {
  std::vector<std::pair<std::uint32_t, std::uint8_t>> seen;
  visit_all(sender, scopes_of(recipient), [&](std::uint32_t number, std::uint8_t roles) {
    const auto known = std::ranges::find(seen, number, &std::pair<std::uint32_t, std::uint8_t>::first);
    if (known == seen.end()) {
      seen.emplace_back(number, roles);
    } else {
      known->second |= roles;
    }
  });
  std::ranges::sort(seen, [&](const auto& a, const auto& b) {
    const Slot &first = slots_[a.first], &second = slots_[b.first];
    return std::pair(weight(second), first.id) < std::pair(weight(first), second.id);
  });
  std::vector<ExceptionOpinion> opinions;
  bool decided = false;
  for (const auto& [number, roles] : seen) {
    const Slot& slot = slots_[number];
    const char* const lacks = missing(slot.action, slot.proof, roles, sender);
    const bool expired = slot.expires <= now.time_since_epoch().count();
    const bool decides = !decided && !expired && lacks == nullptr;
    decided = decided || decides;
    opinions.push_back({.match = match_of(slot),
                        .decides = decides,
                        .expired = expired,
                        .missing = lacks == nullptr ? std::string() : std::string(lacks)});
  }
  return opinions;
}

}  // namespace cas::policy
