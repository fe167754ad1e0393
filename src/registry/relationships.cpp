// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See relationships.hpp.
#include "registry/relationships.hpp"

#include <cstdlib>
#include <set>
#include <utility>

#include "registry/relation_reads.hpp"

namespace cas::registry {
namespace {

using policy::Standing;
using store::Memory;
using namespace relation_reads;

constexpr std::chrono::days answers_wait{14};
constexpr std::chrono::days count_strangers{2};

std::string_view domain_of(std::string_view mailbox) {
  return mailbox.substr(mailbox.rfind('@') + 1);
}

std::string strangers_name(const std::string& mailbox, const std::string& domain, UnixTime now) {
  return row_name(domain_of(mailbox), domain, day_of(now));
}
std::string silent_name(const std::string& mailbox, UnixTime now) {
  return row_name(mailbox, "silent", day_of(now));
}

Result<std::size_t> counted_today(store::Reader& reader, const std::string& name) {
  CAS_TRY(const auto today, reader.recall(kind::strangers, name));
  return today ? static_cast<std::size_t>(std::strtoul(today->value.c_str(), nullptr, 10)) : 0;
}

Result<bool> is_expected(store::Reader& reader, const std::string& mailbox, const policy::RelationNames& names,
                         UnixTime now) {
  std::vector<std::string> windows{"*"};
  for (const auto& name : names.wider) {
    if (name.starts_with(policy::relation_mark::domain))
      windows.push_back(name.substr(policy::relation_mark::domain.size()));
  }
  for (const auto& window : windows) {
    CAS_TRY(const auto open, reader.recall(kind::expect, row_name(mailbox, window)));
    if (open && open->keep_until >= now) return true;
  }
  return false;
}

Result<policy::Waiting> what_waits(store::Reader& reader, const std::string& mailbox,
                                   const policy::RelationNames& names, UnixTime now) {
  policy::Waiting waiting;
  CAS_CHECK(each(reader, kind::pending, mailbox, {}, most_pending, [&](const Memory& memory) {
    const auto row = relation_of(memory);
    if (!row || has_lapsed(*row, now)) return;
    ++waiting.pending;
    if (!row->proven) ++waiting.unproven;
    if (row->proven && row->domain == names.domain) ++waiting.of_this_domain;
  }));
  CAS_CHECK(each(reader, kind::held, mailbox, names.key, most_pending, [&](const Memory&) { ++waiting.held; }));
  CAS_TRY(waiting.new_today, counted_today(reader, strangers_name(mailbox, names.domain, now)));
  return waiting;
}

/// Asks as much of every mailbox to which the sender is a stranger: the time it takes tells nothing of what is there.
Result<policy::Relation> ask_standing(store::Reader& reader, const std::string& mailbox,
                                      const policy::RelationNames& names, UnixTime now) {
  policy::Relation relation;
  CAS_TRY(const auto own, look(reader, kind::relation, mailbox, names.key));
  if (own) relation.standing = own->standing, relation.by = names.key;
  for (const auto& name : names.wider) {
    if (relation.standing != Standing::Stranger) break;
    CAS_TRY(const auto wider, look(reader, kind::relation, mailbox, name));
    if (wider) relation.standing = wider->standing, relation.by = name;
  }
  for (const auto& name : names.blocking) {
    if (relation.standing != Standing::Stranger) break;
    CAS_TRY(const auto wider, look(reader, kind::relation, mailbox, name));
    if (wider && wider->standing == Standing::Blocked) relation.standing = wider->standing, relation.by = name;
  }
  if (relation.standing != Standing::Stranger) return relation;
  CAS_TRY(relation.expected, is_expected(reader, mailbox, names, now));
  return relation;
}

Result<policy::Relation> ask(store::Reader& reader, const std::string& mailbox, const policy::RelationNames& names,
                             UnixTime now) {
  CAS_TRY(auto relation, ask_standing(reader, mailbox, names, now));
  if (relation.standing != Standing::Stranger) return relation;
  CAS_TRY(const auto wrote, reader.recall(kind::wrote, row_name(mailbox, names.domain)));
  relation.answers_own_mail = wrote && wrote->keep_until >= now && names.proven;
  CAS_TRY(const auto pending, look(reader, kind::pending, mailbox, names.key));
  if (pending && !has_lapsed(*pending, now)) relation.standing = Standing::Pending;
  CAS_TRY(const auto waiting, what_waits(reader, mailbox, names, now));
  CAS_TRY(const auto silent, counted_today(reader, silent_name(mailbox, now)));
  relation.room_for_silent = silent < policy::ScreenerBounds().silent_a_day;
  relation.room = policy::has_screener_room(waiting, relation.standing, names.proven, policy::ScreenerBounds{});
  return relation;
}

Result<void> count_today(store::Tx& tx, const std::string& name, UnixTime now) {
  CAS_TRY(const auto count, counted_today(tx, name));
  return tx.remember(kind::strangers,
                     {.name = name, .value = std::to_string(count + 1), .keep_until = now + count_strangers});
}

Result<void> remind_later(store::Tx& tx, const std::string& mailbox, UnixTime now) {
  return tx.remember(
      kind::remind,
      {.name = row_name(day_of(now + remind_after), mailbox), .value = {}, .keep_until = now + 2 * pending_lasts});
}

/// What waits is the keeper's from here on: all of it goes into the inbox, or up to `last` is thrown away.
Result<void> end_waiting(store::Tx& tx, const std::string& mailbox, const std::string& key, std::string last = {}) {
  CAS_CHECK(tx.forget(kind::pending, row_name(mailbox, key)));
  return tx.remember(kind::release, {.name = row_name(mailbox, key),
                                     .value = last.empty() ? std::string(go) : std::move(last),
                                     .keep_until = store::for_good});
}

/// A domain was approved: so is what waits of its authors.
Result<void> end_waiting_of_domain(store::Tx& tx, const std::string& mailbox, const std::string& domain_key) {
  if (!domain_key.starts_with(policy::relation_mark::domain)) return {};
  constexpr std::size_t most_held = 2000;  // more than the bounds let wait
  std::set<std::string> keys;
  CAS_CHECK(each(tx, kind::held, mailbox, {}, most_held, [&](const Memory& memory) {
    const auto row = held_of(memory);
    if (row && policy::is_decided_by(row->key, domain_key)) keys.insert(row->key);
  }));
  for (const auto& key : keys) {
    // Who was decided on by name stays so.
    CAS_TRY(const auto own, look(tx, kind::relation, mailbox, key));
    if (!own || own->standing == Standing::Approved) CAS_CHECK(end_waiting(tx, mailbox, key));
  }
  return {};
}

/// Whether it changed anything.
Result<bool> set_standing(store::Tx& tx, const Relationships::Decision& decision, const Change& change,
                          const std::string& via) {
  CAS_TRY(auto row, look(tx, kind::relation, decision.mailbox, decision.key));
  CAS_TRY(const auto pending, look(tx, kind::pending, decision.mailbox, decision.key));
  if (row && row->standing == decision.standing && !pending) return false;
  // A block is lifted by who says so, not by the way.
  const bool by_the_way = via == "seed" || via == "sent";
  if (by_the_way && row && row->standing == Standing::Blocked) return false;
  RelationRow fresh = pending.value_or(row.value_or(RelationRow{}));
  fresh.mailbox = decision.mailbox;
  fresh.key = decision.key;
  fresh.before = row ? row->standing : pending ? Standing::Pending : Standing::Stranger;
  fresh.standing = decision.standing;
  fresh.since = to_unix(change.at);
  fresh.by = change.by;
  fresh.via = via;
  if (fresh.author.empty()) fresh.author = decision.key;
  CAS_CHECK(tx.remember(kind::relation, memory_of(fresh)));
  CAS_TRY(const bool waits, has_held(tx, decision.mailbox, decision.key));
  if (waits && decision.standing == Standing::Approved) {
    CAS_CHECK(end_waiting(tx, decision.mailbox, decision.key));
  } else {
    CAS_CHECK(tx.forget(kind::pending, row_name(decision.mailbox, decision.key)));
    CAS_CHECK(tx.forget(kind::release, row_name(decision.mailbox, decision.key)));
  }
  if (decision.standing == Standing::Approved) {
    CAS_CHECK(end_waiting_of_domain(tx, decision.mailbox, decision.key));
  }
  return true;
}

std::string subject_of(const Relationships::Decision& decision) {
  return decision.mailbox + " <- " + decision.key;
}

}  // namespace

Result<void> Relationships::load() {
  std::map<std::string, policy::Screening> found;
  CAS_CHECK(store::read_and_wait(store_, [&](store::Reader& reader) -> Result<void> {
    for (std::string after;;) {
      CAS_TRY(const auto rows, reader.memories(kind::screening, after, page));
      for (const auto& row : rows) {
        if (const auto screening = policy::parse_screening(row.value)) found.emplace(row.name, *screening);
      }
      if (rows.empty()) return {};
      after = rows.back().name;
    }
  }));
  screenings_->with([&](auto& now) { now = std::move(found); });
  return {};
}

std::optional<policy::Screening> Relationships::screening(const std::string& mailbox) const {
  return screenings_->with([&](const auto& now) {
    const auto found = now.find(mailbox);
    return found == now.end() ? std::nullopt : std::optional(found->second);
  });
}

bool Relationships::has_choices() const {
  return screenings_->with([](const auto& now) { return !now.empty(); });
}

void Relationships::set_screening(std::string mailbox, std::optional<policy::Screening> screening, Change change,
                                  Done<std::monostate> done) {
  auto work = [=](store::Tx& tx) -> Result<std::monostate> {
    if (screening) {
      CAS_CHECK(tx.remember(
          kind::screening,
          {.name = mailbox, .value = std::string(policy::to_string(*screening)), .keep_until = store::for_good}));
    } else {
      CAS_CHECK(tx.forget(kind::screening, mailbox));
    }
    CAS_CHECK(note(tx, change, "screener-mode", mailbox, screening ? std::string(to_string(*screening)) : "default"));
    return std::monostate{};
  };
  auto put = [screenings = screenings_, mailbox, screening, done = std::move(done)](auto result) mutable {
    if (result) {
      screenings->with([&](auto& now) {
        now.erase(mailbox);
        if (screening) now.emplace(mailbox, *screening);
      });
    }
    done(std::move(result));
  };
  store::write_value<std::monostate>(store_, std::move(work), std::move(put));
}

void Relationships::find_standing(std::string mailbox, policy::RelationNames names, Done<policy::Relation> done) {
  auto work = [mailbox = std::move(mailbox), names = std::move(names), now = to_unix(clock_.now())](
                  store::Reader& reader) { return ask_standing(reader, mailbox, names, now); };
  store::read_value<policy::Relation>(store_, std::move(work), std::move(done));
}

void Relationships::find(std::string mailbox, policy::RelationNames names, Done<policy::Relation> done) {
  auto work = [mailbox = std::move(mailbox), names = std::move(names),
               now = to_unix(clock_.now())](store::Reader& reader) { return ask(reader, mailbox, names, now); };
  store::read_value<policy::Relation>(store_, std::move(work), std::move(done));
}

Result<void> Relationships::hold(store::Tx& tx, const NewHeld& what, const store::Message& message,
                                 const store::Recipient& recipient) {
  const UnixTime now = to_unix(message.arrived);
  const HeldRow held{.mailbox = what.mailbox,
                     .key = what.names.key,
                     .id = message.id,
                     .index = recipient.index,
                     .recipient = recipient.address,
                     .arrived = now,
                     .author = what.author,
                     .subject = what.subject,
                     .size = message.body_size,
                     .silent = what.silent,
                     .in_queue = what.in_queue};
  CAS_CHECK(tx.remember(kind::held, memory_of(held)));
  // Approved since it was judged: the keeper lets it go at once.
  CAS_TRY(const auto decided, look(tx, kind::relation, what.mailbox, what.names.key));
  CAS_TRY(const auto standing, ask_standing(tx, what.mailbox, what.names, now));
  if (standing.standing == Standing::Approved) {
    return end_waiting(tx, what.mailbox, what.names.key);
  }
  if (what.silent) return count_today(tx, silent_name(what.mailbox, now), now);
  if (decided) return {};
  CAS_TRY(auto pending, look(tx, kind::pending, what.mailbox, what.names.key));
  if (!pending || has_lapsed(*pending, now)) {
    CAS_CHECK(count_today(tx, strangers_name(what.mailbox, what.names.domain, now), now));
    pending = RelationRow{.mailbox = what.mailbox,
                          .key = what.names.key,
                          .since = now,
                          .by = {},
                          .via = "mail",
                          .author = what.author,
                          .domain = what.names.domain,
                          .proven = what.names.proven};
    CAS_CHECK(remind_later(tx, what.mailbox, now));
    CAS_TRY(const auto untold, tx.recall(kind::untold, what.mailbox));
    if (!untold) CAS_CHECK(tx.remember(kind::untold, at(what.mailbox, now)));
  }
  ++pending->messages;
  return tx.remember(kind::pending, memory_of(*pending));
}

Result<void> Relationships::wait_elsewhere(store::Tx& tx, const WaitedFor& before, const store::Message& message,
                                           const store::Recipient& copy) {
  const std::string mailbox = policy::relation_mailbox(before.recipient.address);
  const std::string& key = before.recipient.screened;
  const std::string name = held_name(mailbox, key, before.id, before.recipient.index);
  CAS_TRY(const auto memory, tx.recall(kind::held, name));
  const auto held = memory ? held_of(*memory) : std::nullopt;
  if (!held) return {};  // it waited for a name that leads to several: nobody's
  CAS_TRY(const auto pending, look(tx, kind::pending, mailbox, key));
  NewHeld what{.mailbox = policy::relation_mailbox(copy.address),
               .names = {.key = key, .wider = {}, .domain = key},
               .author = held->author,
               .subject = held->subject,
               .silent = held->silent || !pending,
               .in_queue = copy.state == store::RecipientState::Held};
  if (pending) what.names.domain = pending->domain, what.names.proven = pending->proven;
  CAS_CHECK(hold(tx, what, message, copy));
  return before.is_last ? forget_held(tx, *held) : Result<void>();
}

Result<void> Relationships::wrote(store::Tx& tx, const std::string& mailbox, const Mailbox& recipient,
                                  const Change& change) {
  const UnixTime now = to_unix(change.at);
  // By a signature, and by SPF where the other side has nothing better: it is the answer that is waited for.
  const std::string author = policy::author_key(recipient);
  for (const auto& key : {author, std::string(policy::relation_mark::spf) + author}) {
    const Decision decision{.mailbox = mailbox, .key = key};
    CAS_TRY(const bool changed, set_standing(tx, decision, change, "sent"));
    (void)changed;
  }
  policy::SenderIdentity identity;
  identity.author = recipient;
  const auto names = policy::relation_names(identity, confirm::Class::Personal);
  const std::string name = row_name(mailbox, names->domain);
  CAS_TRY(const auto before, tx.recall(kind::wrote, name));
  if (before && before->keep_until > now + answers_wait - std::chrono::days(1)) return {};
  return tx.remember(kind::wrote, {.name = name, .value = {}, .keep_until = now + answers_wait});
}

// ---- What people do ----

void Relationships::list(bool pending, std::string mailbox, std::string after, std::size_t limit,
                         Done<std::vector<Row>> done) {
  using Rows = std::vector<Row>;
  auto work = [=, now = to_unix(clock_.now())](store::Reader& reader) -> Result<Rows> {
    const auto what = pending ? kind::pending : kind::relation;
    std::string from = !after.empty() || mailbox.empty() ? after : mailbox + '\n';
    Rows rows;
    CAS_CHECK(all_of_kind(reader, what, std::move(from), [&](const Memory& memory) -> Result<bool> {
      if (rows.size() >= limit || (!mailbox.empty() && !begins_with(memory.name, mailbox))) return false;
      auto relation = relation_of(memory);
      if (!relation || has_lapsed(*relation, now)) return true;
      Row row{.relation = *std::move(relation)};
      CAS_CHECK(
          each(reader, kind::held, row.relation.mailbox, row.relation.key, page, [&](const Memory&) { ++row.held; }));
      rows.push_back(std::move(row));
      return true;
    }));
    return rows;
  };
  store::read_value<Rows>(store_, std::move(work), std::move(done));
}

void Relationships::held(std::string mailbox, std::string key, std::size_t limit, Done<std::vector<HeldRow>> done) {
  using Rows = std::vector<HeldRow>;
  auto work = [=](store::Reader& reader) -> Result<Rows> {
    Rows rows;
    CAS_CHECK(each(reader, kind::held, mailbox, key, limit, [&](const Memory& memory) {
      if (auto row = held_of(memory)) rows.push_back(*std::move(row));
    }));
    return rows;
  };
  store::read_value<Rows>(store_, std::move(work), std::move(done));
}

void Relationships::decide(std::vector<Decision> decisions, Change change, std::string via, Done<std::size_t> done) {
  auto work = [decisions = std::move(decisions), change = std::move(change),
               via = std::move(via)](store::Tx& tx) -> Result<std::size_t> {
    std::size_t changed = 0;
    for (const auto& decision : decisions) {
      const bool approves = decision.standing == Standing::Approved;
      if (approves && decision.key.starts_with(policy::relation_mark::unproven) && !decision.unauthenticated) {
        return permanent("nothing proves who writes as " + decision.key.substr(1) +
                         ": whoever claims the name would get through");
      }
      CAS_TRY(const bool one, set_standing(tx, decision, change, via));
      if (!one) continue;
      ++changed;
      CAS_CHECK(note(tx, change, approves ? "screener-approve" : "screener-block", subject_of(decision),
                     via + (decision.unauthenticated ? ", UNAUTHENTICATED" : "")));
    }
    return changed;
  };
  store::write_value<std::size_t>(store_, std::move(work), std::move(done));
}

void Relationships::undo(std::string mailbox, std::string key, Change change, Done<bool> done) {
  auto work = [=](store::Tx& tx) -> Result<bool> {
    CAS_TRY(auto row, look(tx, kind::relation, mailbox, key));
    if (!row) return false;
    const std::string name = row_name(mailbox, key);
    CAS_TRY(const bool waits, has_held(tx, mailbox, key));
    CAS_CHECK(tx.forget(kind::relation, name));
    CAS_CHECK(tx.forget(kind::release, name));
    if (row->before == Standing::Approved || row->before == Standing::Blocked) {
      row->standing = std::exchange(row->before, Standing::Stranger);
      row->since = to_unix(change.at);
      row->by = change.by;
      row->via = "undo";
      CAS_CHECK(tx.remember(kind::relation, memory_of(*row)));
    } else if (waits) {
      row->standing = Standing::Pending;
      CAS_CHECK(tx.remember(kind::pending, memory_of(*row)));
      CAS_CHECK(remind_later(tx, mailbox, row->since));
    }
    CAS_CHECK(note(tx, change, "screener-undo", mailbox + " <- " + key));
    return true;
  };
  store::write_value<bool>(store_, std::move(work), std::move(done));
}

void Relationships::clear(std::string mailbox, std::string key, Change change, Done<std::size_t> done) {
  auto work = [=](store::Tx& tx) -> Result<std::size_t> {
    std::map<std::string, std::string> last;  // what waits now, by key: what comes later stays
    std::size_t messages = 0;
    CAS_CHECK(each(tx, kind::held, mailbox, key, SIZE_MAX, [&](const Memory& memory) {
      ++messages;
      last[std::string(part_of(memory.name, 1))] = memory.name;
    }));
    for (const auto& [one, name] : last) CAS_CHECK(end_waiting(tx, mailbox, one, name));
    if (messages > 0) {
      CAS_CHECK(note(tx, change, "screener-clear", mailbox + " <- " + (key.empty() ? "everybody" : key),
                     std::to_string(messages) + " messages"));
    }
    return messages;
  };
  store::write_value<std::size_t>(store_, std::move(work), std::move(done));
}

void Relationships::expect(std::string mailbox, std::string domain, UnixTime until, Change change,
                           Done<std::monostate> done) {
  auto work = [=, now = to_unix(clock_.now())](store::Tx& tx) -> Result<std::monostate> {
    const std::string window = domain.empty() ? "*" : domain;
    const std::string name = row_name(mailbox, window);
    if (until <= now) {
      CAS_CHECK(tx.forget(kind::expect, name));
      CAS_CHECK(note(tx, change, "expect-end", mailbox + " <- " + window, {}));
      return std::monostate{};
    }
    CAS_CHECK(tx.remember(kind::expect, {.name = name, .value = change.by, .keep_until = until}));
    CAS_CHECK(note(tx, change, "expect", mailbox + " <- " + window,
                   "until " + std::to_string(until.time_since_epoch().count())));
    return std::monostate{};
  };
  store::write_value<std::monostate>(store_, std::move(work), std::move(done));
}

}  // namespace cas::registry
