// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Maps, one thread, and a list of how to undo what the current work did.
#include "store/memory.hpp"

#include <set>
#include <thread>

#include "store/inbox.hpp"
#include "store/work.hpp"

namespace cas::store {
namespace {

struct Tables {
  BodyId last_body = 0;
  std::map<BodyId, std::vector<std::string>> bodies;
  std::map<QueueId, Message> messages;
  std::map<std::pair<QueueId, std::uint32_t>, Recipient> recipients;
  std::map<confirm::LedgerKey, confirm::LedgerRow> ledger;
  std::map<std::string, std::string, std::less<>> settings;
  std::map<std::pair<std::string, std::string>, Memory> memories;  // by kind and name
  std::vector<AuditEntry> audit;                                   // by number
};

struct MemoryDraft final : Draft {
  std::vector<std::string> chunks;  // the thread's alone
};

class MemoryTx final : public Tx {
 public:
  explicit MemoryTx(Tables& tables) : t_(tables) {}

  void roll_back() {
    for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) (*undo)();
    undo_.clear();
  }

  Result<std::optional<Message>> message(const QueueId& id) override {
    const auto found = t_.messages.find(id);
    return found == t_.messages.end() ? std::nullopt : std::optional(found->second);
  }

  Result<std::vector<Recipient>> recipients(const QueueId& id) override {
    std::vector<Recipient> found;
    for (auto at = t_.recipients.lower_bound({id, 0}); at != t_.recipients.end() && at->first.first == id; ++at) {
      found.push_back(at->second);
    }
    return found;
  }

  Result<Dues> due(FlowId flow, TimePoint until, std::size_t limit) override {
    std::vector<Due> found;
    for (const auto& [key, recipient] : t_.recipients) {
      if (recipient.state != RecipientState::Waiting || recipient.flow != flow || recipient.next_attempt > until)
        continue;
      found.push_back({.message = t_.messages.at(key.first), .recipient = recipient});
    }
    std::ranges::sort(found, {}, [](const Due& due) {
      return std::tuple(due.recipient.next_attempt, due.message.id, due.recipient.index);
    });
    if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
    return Dues{.rows = std::move(found), .damaged = {}};
  }

  Result<std::vector<Moment>> moments(Moment after, TimePoint until, std::size_t limit) override {
    std::set<Moment> found;
    for (const auto& [key, recipient] : t_.recipients) {
      const Moment moment{.next = recipient.next_attempt, .flow = recipient.flow};
      if (recipient.state == RecipientState::Waiting && moment > after && moment.next <= until) found.insert(moment);
    }
    auto first = found.begin();
    return std::vector<Moment>(first, std::ranges::next(first, static_cast<std::ptrdiff_t>(limit), found.end()));
  }

  Result<std::optional<TimePoint>> next_moment(TimePoint after) override {
    std::optional<TimePoint> next;
    for (const auto& [key, recipient] : t_.recipients) {
      if (recipient.state != RecipientState::Waiting || recipient.next_attempt <= after) continue;
      next = std::min(next.value_or(recipient.next_attempt), recipient.next_attempt);
    }
    return next;
  }

  Result<Page> messages(const QueueId& after, std::size_t limit) override {
    Page page;
    for (auto at = t_.messages.upper_bound(after); at != t_.messages.end() && page.rows.size() < limit; ++at) {
      page.rows.push_back(at->second);
    }
    if (page.rows.size() == limit && limit > 0) page.next = page.rows.back().id;
    return page;
  }

  Result<Tally> tally() override {
    std::map<std::pair<Route, RecipientState>, std::size_t> counts;
    for (const auto& [key, recipient] : t_.recipients) ++counts[{recipient.route, recipient.state}];
    Tally tally;
    for (const auto& [key, count] : counts) tally.counts.push_back({key.first, key.second, count});
    tally.messages = t_.messages.size();
    if (!t_.messages.empty()) tally.oldest = t_.messages.begin()->second.arrived;
    return tally;
  }

  Result<std::string> body_chunk(BodyId body, std::uint32_t n) override {
    const auto found = t_.bodies.find(body);
    return found == t_.bodies.end() || n >= found->second.size() ? std::string() : found->second[n];
  }

  Result<std::optional<confirm::LedgerRow>> ledger(const confirm::LedgerKey& key) override {
    const auto found = t_.ledger.find(key);
    return found == t_.ledger.end() ? std::nullopt : std::optional(found->second);
  }

  Result<std::vector<confirm::LedgerKey>> ledger_keys(const confirm::LedgerKey& after, std::size_t limit) override {
    std::vector<confirm::LedgerKey> keys;
    for (auto at = t_.ledger.upper_bound(after); at != t_.ledger.end() && keys.size() < limit; ++at) {
      keys.push_back(at->first);
    }
    return keys;
  }

  Result<std::optional<std::string>> setting(std::string_view name) override {
    const auto found = t_.settings.find(name);
    return found == t_.settings.end() ? std::nullopt : std::optional(found->second);
  }

  Result<std::optional<Memory>> recall(std::string_view kind, std::string_view name) override {
    const auto found = t_.memories.find({std::string(kind), std::string(name)});
    return found == t_.memories.end() ? std::nullopt : std::optional(found->second);
  }

  Result<std::vector<Memory>> memories(std::string_view kind, std::string_view after, std::size_t limit) override {
    std::vector<Memory> found;
    auto at = t_.memories.upper_bound({std::string(kind), std::string(after)});
    for (; at != t_.memories.end() && at->first.first == kind && found.size() < limit; ++at) {
      found.push_back(at->second);
    }
    return found;
  }

  Result<BodyId> create_body() override {
    const BodyId body = ++t_.last_body;  // not undone: an id is never used twice
    insert(t_.bodies, body, {});
    return body;
  }

  Result<BodyId> create_body(const Draft& draft) override {
    const BodyId body = ++t_.last_body;
    insert(t_.bodies, body, static_cast<const MemoryDraft&>(draft).chunks);
    return body;
  }

  Result<void> append_body(BodyId body, std::string_view chunk) override {
    if (!is_chunk(chunk)) return permanent("internal error", "a chunk of a forbidden length");
    const auto found = t_.bodies.find(body);
    if (found == t_.bodies.end()) return permanent("internal error", "append to a body that does not exist");
    found->second.emplace_back(chunk);
    undo_.emplace_back([this, body] { t_.bodies.at(body).pop_back(); });
    return {};
  }

  Result<void> remove_body(BodyId body) override {
    if (is_named(body)) return permanent("internal error", "a message names the body");
    erase(t_.bodies, body);
    return {};
  }

  Result<void> add_message(const Message& message, const std::vector<Recipient>& recipients) override {
    if (!t_.bodies.contains(message.body)) return permanent("internal error", "no such body");
    if (is_named(message.body)) return permanent("internal error", "another message names the body");
    if (!insert(t_.messages, message.id, message)) return permanent("internal error", "the message id exists");
    for (const Recipient& recipient : recipients) {
      if (!insert(t_.recipients, std::pair(message.id, recipient.index), recipient)) {
        return permanent("internal error", "the recipient exists");
      }
    }
    return {};
  }

  Result<void> update_recipient(const QueueId& id, const Recipient& recipient) override {
    const auto found = t_.recipients.find({id, recipient.index});
    if (found == t_.recipients.end()) return permanent("internal error", "no such recipient");
    Recipient& row = found->second;
    undo_.emplace_back([this, key = found->first, before = row] { t_.recipients.at(key) = before; });
    row.state = recipient.state;
    row.attempts = recipient.attempts;
    row.next_attempt = recipient.next_attempt;
    row.last_reply = recipient.last_reply;
    row.relay = recipient.relay;
    row.in_doubt = recipient.in_doubt;
    row.confirm_until = recipient.confirm_until;
    row.warned = recipient.warned;
    row.note = recipient.note;
    row.screened = recipient.screened;
    row.admitted = recipient.admitted;
    return {};
  }

  Result<void> remove_message(const QueueId& id) override {
    const auto found = t_.messages.find(id);
    if (found == t_.messages.end()) return {};
    const BodyId body = found->second.body;
    for (const Recipient& recipient : *recipients(id)) erase(t_.recipients, std::pair(id, recipient.index));
    erase(t_.messages, id);
    return remove_body(body);
  }

  Result<void> add_ledger(const confirm::LedgerKey& key, const confirm::LedgerRow& row) override {
    if (!insert(t_.ledger, key, row)) return permanent("internal error", "the ledger row exists");
    return {};
  }

  Result<std::size_t> expire_ledger(UnixTime now, std::size_t limit) override {
    std::vector<confirm::LedgerKey> expired;
    for (const auto& [key, row] : t_.ledger) {
      if (expired.size() < limit && row.keep_until < now) expired.push_back(key);
    }
    for (const auto& key : expired) erase(t_.ledger, key);
    return expired.size();
  }

  Result<void> set_setting(std::string_view name, std::string_view value) override {
    erase(t_.settings, std::string(name));
    insert(t_.settings, std::string(name), std::string(value));
    return {};
  }

  Result<void> remember(std::string_view kind, const Memory& memory) override {
    const std::pair key{std::string(kind), memory.name};
    erase(t_.memories, key);
    insert(t_.memories, key, memory);
    return {};
  }

  Result<void> forget(std::string_view kind, std::string_view name) override {
    erase(t_.memories, std::pair{std::string(kind), std::string(name)});
    return {};
  }

  Result<std::size_t> expire_memories(UnixTime now, std::size_t limit) override {
    std::vector<std::pair<std::string, std::string>> expired;
    for (const auto& [key, memory] : t_.memories) {
      if (expired.size() < limit && memory.keep_until < now) expired.push_back(key);
    }
    for (const auto& key : expired) erase(t_.memories, key);
    return expired.size();
  }

  Result<std::vector<AuditEntry>> audit(std::int64_t before, std::size_t limit) override {
    std::vector<AuditEntry> found;
    for (auto at = t_.audit.rbegin(); at != t_.audit.rend() && found.size() < limit; ++at) {
      if (before == 0 || at->number < before) found.push_back(*at);
    }
    return found;
  }

  Result<void> add_audit(const AuditEntry& entry) override {
    t_.audit.push_back(entry);
    t_.audit.back().number = static_cast<std::int64_t>(t_.audit.size());
    undo_.emplace_back([this] { t_.audit.pop_back(); });
    return {};
  }

  Result<std::size_t> remove_orphan_bodies() override {
    std::set<BodyId> named;
    for (const auto& [id, message] : t_.messages) named.insert(message.body);
    std::vector<BodyId> orphans;
    for (const auto& [body, chunks] : t_.bodies) {
      if (!named.contains(body)) orphans.push_back(body);
    }
    for (const BodyId body : orphans) erase(t_.bodies, body);
    return orphans.size();
  }

 private:
  [[nodiscard]] bool is_named(BodyId body) const {
    return std::ranges::any_of(t_.messages, [&](const auto& entry) { return entry.second.body == body; });
  }

  template <class Map>
  bool insert(Map& map, const typename Map::key_type& key, typename Map::mapped_type value) {
    if (!map.emplace(key, std::move(value)).second) return false;
    undo_.emplace_back([&map, key] { map.erase(key); });
    return true;
  }

  template <class Map>
  void erase(Map& map, const typename Map::key_type& key) {
    const auto found = map.find(key);
    if (found == map.end()) return;
    undo_.emplace_back([&map, key, value = std::move(found->second)] { map.emplace(key, value); });
    map.erase(found);
  }

  Tables& t_;
  std::vector<std::function<void()>> undo_;
};

class MemoryStore final : public Store {
 public:
  MemoryStore() : thread_([this] { run(); }) {}
  ~MemoryStore() override { steps_.close(); }

  void write(WriteWork work, Done done) override {
    steps_.push([this, work = std::move(work), done = std::move(done)]() mutable {
      MemoryTx tx(tables_);
      auto result = run_work(work, tx);
      if (!result) tx.roll_back();
      call_back(done, std::move(result));
    });
  }

  std::shared_ptr<Draft> draft() override { return std::make_shared<MemoryDraft>(); }

  void append(std::shared_ptr<Draft> draft, std::string chunk, Done done) override {
    steps_.push([draft = std::move(draft), chunk = std::move(chunk), done = std::move(done)]() mutable {
      if (!is_chunk(chunk)) return call_back(done, permanent("internal error", "a chunk of a forbidden length"));
      static_cast<MemoryDraft&>(*draft).chunks.push_back(std::move(chunk));
      call_back(done, {});
    });
  }

  void read(ReadWork work, Done done) override {
    steps_.push([this, work = std::move(work), done = std::move(done)]() mutable {
      MemoryTx tx(tables_);
      call_back(done, run_work(work, tx));
    });
  }

 private:
  using Step = std::move_only_function<void()>;

  void run() {
    for (auto steps = steps_.pop(1); !steps.empty(); steps = steps_.pop(1)) steps.front()();
  }

  Tables tables_;  // the thread's alone
  Inbox<Step> steps_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Store> open_memory() {
  return std::make_unique<MemoryStore>();
}

}  // namespace cas::store
