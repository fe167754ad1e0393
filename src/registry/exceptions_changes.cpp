// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How exceptions change. All of this runs on the one thread of Exceptions, which alone changes the book: it waits for
// the store, then takes the lock for as long as a few entries need.
#include <algorithm>

#include "policy/exception_rules.hpp"
#include "registry/exceptions.hpp"

namespace cas::registry {
namespace {

constexpr std::size_t at_once = 200;       // entries put into the book under one lock
constexpr std::size_t rows_at_once = 500;  // rewritten in one transaction, in the background
constexpr std::string_view last_id_setting = "exception-last";

std::string key_of(const NewException& entry) {
  return std::string(to_string(entry.action)) + '\t' + entry.scope.text() + '\t' + entry.pattern.text();
}

bool is_same(const policy::Exception& a, const policy::Exception& b) {
  return a.proof == b.proof && a.reason == b.reason && a.owner == b.owner && a.expires == b.expires;
}

std::unexpected<Error> refused(const Error& error, std::size_t index) {
  return permanent(error.public_text, std::to_string(index));
}

std::string range_of(std::int64_t first, std::int64_t last) {
  return first == last ? "#" + std::to_string(first) : "#" + std::to_string(first) + " to #" + std::to_string(last);
}

}  // namespace

Result<std::vector<EnteredException>> Exceptions::enter_now(std::vector<NewException> entries, const Change& change,
                                                            const EnterOptions& options) {
  Plan plan;
  plan.wanted = std::move(entries);
  plan.now = to_unix(change.at);
  plan.last_new = last_id_;
  auto work = [&](store::Tx& tx) -> Result<void> {
    CAS_CHECK(this->plan(tx, plan));
    return options.dry_run ? Result<void>() : write(tx, plan, change, options);
  };
  CAS_CHECK(store::write_and_wait(store_, std::move(work)));
  std::vector<policy::Exception> changed;
  std::vector<EnteredException> entered;
  for (auto& item : plan.items) {
    const bool is_new = item.entered.outcome == EnteredException::Outcome::New;
    if (options.dry_run && is_new) item.entered.id = 0;
    if (item.entered.outcome == EnteredException::Outcome::Same) {
      item.entered.before.reset();
    } else {
      changed.push_back(std::move(item.after));
    }
    entered.push_back(std::move(item.entered));
  }
  if (options.dry_run) return entered;
  last_id_ = std::max(last_id_, plan.last_new);
  put_in_force(changed);
  return entered;
}

/// The row of an entry that is there; a damaged one is written anew.
Result<Exceptions::Plan::Item> Exceptions::change_of(store::Reader& reader, policy::Exception after,
                                                     std::int64_t id) const {
  Plan::Item item{.after = std::move(after), .entered = {}, .hits = 0, .last_hit = {}};
  item.after.id = id;
  CAS_TRY(const auto memory, reader.recall(exception_kind, exception_name(id)));
  const auto row = memory ? read_exception(*memory) : std::nullopt;
  item.entered = {.outcome = EnteredException::Outcome::Changed, .id = id, .before = item.after};
  if (!row) return item;
  item.entered.before = row->entry;
  item.after.created = row->entry.created;
  item.hits = row->hits;
  item.last_hit = row->last_hit;
  if (is_same(row->entry, item.after)) item.entered.outcome = EnteredException::Outcome::Same;
  return item;
}

Result<Exceptions::Plan::Item> Exceptions::new_item(policy::Exception after, Plan& plan) const {
  const auto full = [](std::size_t count, const char* what) {
    return permanent("there are " + std::to_string(count) + what + "; no more are taken");
  };
  const bool is_regex = after.pattern.kind() == policy::Pattern::Kind::Regex;
  if (is_regex && book_.regexes().size() + ++plan.fresh_regexes > policy::RegexBook::max_regexes) {
    return full(policy::RegexBook::max_regexes, " regular expressions");
  }
  if (book_.size() + ++plan.fresh > options_.max_entries) return full(options_.max_entries, " exceptions");
  after.id = ++plan.last_new;
  if (plan.first_new == 0) plan.first_new = after.id;
  const EnteredException entered{.outcome = EnteredException::Outcome::New, .id = after.id, .before = {}};
  return Plan::Item{.after = std::move(after), .entered = entered, .hits = 0, .last_hit = {}};
}

// Nobody else changes the book, and this object's thread waits: it can be read without its lock.
Result<void> Exceptions::plan(store::Reader& reader, Plan& plan) const {
  std::unordered_map<std::string, std::size_t> seen;  // in this batch
  for (std::size_t n = 0; n < plan.wanted.size(); ++n) {
    const auto& wanted = plan.wanted[n];
    auto after = policy::exception_of(wanted, plan.now);
    if (const auto fits = policy::check_exception(after, wanted.unauthenticated); !fits)
      return refused(fits.error(), n);
    const auto [earlier, is_first] = seen.emplace(key_of(wanted), n);
    const auto id = is_first ? book_.id_of(wanted.action, wanted.pattern, wanted.scope) : std::nullopt;
    if (!is_first) {
      Plan::Item item = plan.items[std::exchange(earlier->second, n)];
      const bool same = is_same(item.after, after);
      item.entered = {.outcome = same ? EnteredException::Outcome::Same : EnteredException::Outcome::Changed,
                      .id = item.after.id,
                      .before = item.after};
      after.id = item.after.id;
      after.created = item.after.created;
      item.after = std::move(after);
      plan.items.push_back(std::move(item));
    } else if (id) {
      CAS_TRY(auto item, change_of(reader, std::move(after), *id));
      plan.items.push_back(std::move(item));
    } else {
      auto item = new_item(std::move(after), plan);
      if (!item) return refused(item.error(), n);
      plan.items.push_back(*std::move(item));
    }
  }
  return {};
}

Result<void> Exceptions::write(store::Tx& tx, const Plan& plan, const Change& change,
                               const EnterOptions& options) const {
  for (const auto& item : plan.items) {
    if (item.entered.outcome == EnteredException::Outcome::Same) continue;
    const auto& after = item.after;
    CAS_CHECK(tx.remember(exception_kind, memory_of({.entry = after, .hits = item.hits, .last_hit = item.last_hit})));
    if (item.entered.before) {
      const std::string detail = detail_of(*item.entered.before) + " -> " + detail_of(after);
      CAS_CHECK(note(tx, change, "exception-change", subject_of(after), detail));
    } else if (options.source.empty()) {
      CAS_CHECK(note(tx, change, "exception-add", subject_of(after), detail_of(after)));
    }
  }
  if (plan.fresh == 0) return {};
  if (!options.source.empty()) {
    CAS_CHECK(note(tx, change, "exception-import", range_of(plan.first_new, plan.last_new),
                   std::to_string(plan.fresh) + " from " + options.source));
  }
  return tx.set_setting(last_id_setting, exception_name(plan.last_new));
}

void Exceptions::put_in_force(const std::vector<policy::Exception>& entries) {
  for (std::size_t begin = 0; begin < entries.size(); begin += at_once) {
    const std::unique_lock lock(lock_);
    for (std::size_t n = begin; n < std::min(entries.size(), begin + at_once); ++n) {
      book_.remove(entries[n].id);
      // The plan has seen that there is room; what was checked is taken.
      static_cast<void>(book_.add(entries[n]));
    }
  }
}

Result<std::vector<ExceptionRow>> Exceptions::remove_now(const std::vector<std::int64_t>& ids, const Change& change,
                                                         const std::string& action) {
  std::vector<ExceptionRow> removed;
  CAS_CHECK(store::write_and_wait(store_, [&](store::Tx& tx) -> Result<void> {
    removed.clear();
    for (const auto id : ids) {
      CAS_TRY(const auto memory, tx.recall(exception_kind, exception_name(id)));
      if (!memory) continue;
      auto row = read_exception(*memory);
      CAS_CHECK(note(tx, change, action, row ? subject_of(row->entry) : "#" + std::to_string(id),
                     row ? detail_of(row->entry) : std::string()));
      CAS_CHECK(tx.forget(exception_kind, memory->name));
      if (row) removed.push_back(*std::move(row));
    }
    return {};
  }));
  for (std::size_t begin = 0; begin < ids.size(); begin += at_once) {
    const std::unique_lock lock(lock_);
    for (std::size_t n = begin; n < std::min(ids.size(), begin + at_once); ++n) book_.remove(ids[n]);
  }
  hits_.with([&](HitMap& hits) {
    for (const auto id : ids) hits.erase(id);
  });
  return removed;
}

// ---- Housekeeping ----

// Messages go on with what there is, one by one, until the sets are ready.
void Exceptions::compile_regexes() {
  if (!book_.regexes().wants_compiling()) return;
  auto sets = policy::RegexBook::compile(book_.regexes().snapshot());
  const std::unique_lock lock(lock_);
  book_.adopt(std::move(sets));
}

void Exceptions::keep_house(TimePoint now) {
  compile_regexes();
  {
    const std::unique_lock lock(lock_);
    book_.settle(to_unix(now));
  }
  if (!is_within(hits_written_, now, options_.write_hits)) {
    hits_written_ = now;
    write_hits();
  }
  if (!is_within(cleaned_up_, now, std::chrono::hours(1))) {
    cleaned_up_ = now;
    remove_expired();
  }
}

void Exceptions::remove_expired() {
  const TimePoint now = clock_.now();
  const auto over = book_.expired(to_unix(now) - options_.keep_expired, rows_at_once);
  if (over.empty()) return;
  const auto removed = remove_now(over, Change{.at = now, .by = "cas"}, "exception-expire");
  if (removed && over.size() == rows_at_once) cleaned_up_ = {};  // more at the next look
}

// What the disk does not take is lost: nothing is decided by it.
void Exceptions::write_hits() {
  auto hits = hits_.with([](HitMap& counted) { return std::exchange(counted, {}); });
  for (auto next = hits.begin(); next != hits.end();) {
    const auto begin = next;
    const auto work = [&](store::Tx& tx) -> Result<void> {
      next = begin;
      for (std::size_t n = 0; n < rows_at_once && next != hits.end(); ++n, ++next) {
        CAS_TRY(const auto memory, tx.recall(exception_kind, exception_name(next->first)));
        auto row = memory ? read_exception(*memory) : std::nullopt;
        if (!row) continue;
        row->hits += next->second.count;
        row->last_hit = next->second.last;
        CAS_CHECK(tx.remember(exception_kind, memory_of(*row)));
      }
      return {};
    };
    if (!store::write_and_wait(store_, work)) return;
  }
}

}  // namespace cas::registry
