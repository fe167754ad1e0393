// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// All exceptions in a form that answers at once: who of a million entries decides for this sender and this recipient?
// It keeps what decides; reasons and owners stay in the store.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "policy/exceptions.hpp"
#include "policy/regex_book.hpp"
#include "policy/slot_table.hpp"

namespace cas::policy {

/// An entry that matches, and what becomes of it.
struct ExceptionOpinion {
  ExceptionMatch match;
  bool decides = false;
  bool expired = false;
  std::string missing;  // why its proof is not there; empty: it is
};

/// Questions may run at the same time as each other, not as changes. A question that nothing matches allocates nothing.
class ExceptionBook {
 public:
  /// `seed`: anything that who enters patterns cannot know.
  explicit ExceptionBook(std::uint64_t seed = 0);

  /// Permanent error: the id is there already, or the book has no room for one more regular expression.
  Result<void> add(const Exception& entry);
  /// Whether it was there.
  bool remove(std::int64_t id);
  [[nodiscard]] std::optional<std::int64_t> id_of(ExceptionAction action, const Pattern& pattern,
                                                  const Scope& scope) const;
  [[nodiscard]] bool contains(std::int64_t id) const { return slot_of(id) != none; }
  [[nodiscard]] std::size_t size() const { return slots_.size() - free_slots_.size(); }
  void reserve(std::size_t entries);

  [[nodiscard]] ExceptionFindings find(const SenderIdentity& sender, const Mailbox& recipient, UnixTime now) const;
  /// All entries that match, the one that weighs most first.
  [[nodiscard]] std::vector<ExceptionOpinion> explain(const SenderIdentity& sender, const Mailbox& recipient,
                                                      UnixTime now) const;

  /// Those that match something that `sender` claims, whatever is proven, for whomever; or only those that hold for
  /// `recipient`. The one that weighs most first, at most `limit`. It looks at all.
  [[nodiscard]] std::vector<std::int64_t> about(const SenderIdentity& sender, const std::optional<Mailbox>& recipient,
                                                std::size_t limit) const;
  /// Those that have expired by `by`, at most `limit`. It looks at all.
  [[nodiscard]] std::vector<std::int64_t> expired(UnixTime by, std::size_t limit) const;
  /// Forgets for `message_could_decide` what has expired; all else sees that by itself. From time to time.
  void settle(UnixTime now);

  /// For compiling them elsewhere: see RegexBook.
  [[nodiscard]] const RegexBook& regexes() const { return regexes_; }
  void adopt(std::shared_ptr<const RegexBook::Sets> sets) { regexes_.adopt(std::move(sets)); }

 private:
  static constexpr std::uint32_t none = 0xffffffffU;
  static constexpr std::uint32_t everybody = 0;
  using Kind = Pattern::Kind;

  struct Slot {
    std::int64_t id = 0;
    std::int64_t expires = 0;
    std::unique_ptr<char[]> key;
    std::uint32_t scope = everybody;
    std::uint16_t size = 0;
    Kind kind = Kind::Address;
    ExceptionAction action = ExceptionAction::Block;
    Proof proof = Proof::None;
    bool late = false;  // counted in ScopeRow::late

    [[nodiscard]] std::string_view text() const { return {key.get(), size}; }
  };
  struct ScopeRow {
    std::unique_ptr<char[]> key;
    std::uint16_t size = 0;
    std::uint32_t refs = 0;
    std::uint32_t domain = none;  // of a mailbox: the row of its domain
    std::uint32_t late = 0;       // exempt entries that the message could make hold, also of the domain's mailboxes

    [[nodiscard]] std::string_view text() const { return {key.get(), size}; }
  };
  /// Which scopes hold for a recipient, the narrowest first.
  struct Scopes {
    std::array<std::uint32_t, 3> rows{};
    std::size_t count = 0;
    [[nodiscard]] bool contains(std::uint32_t row) const;
  };
  struct Question;  // a sender, in the form of keys
  struct Expiring {
    std::int64_t expires = 0, id = 0;
    auto operator<=>(const Expiring&) const = default;
  };

  [[nodiscard]] std::uint32_t key_hash(Kind kind, std::string_view key, std::uint32_t scope) const;
  [[nodiscard]] std::uint32_t id_hash(std::int64_t id) const;
  [[nodiscard]] std::uint32_t slot_of(std::int64_t id) const;
  [[nodiscard]] std::uint32_t scope_row(std::string_view text) const;
  std::uint32_t intern(std::string_view scope);
  void release(std::uint32_t row);
  void count_kind(const Slot& slot, int step);
  [[nodiscard]] ScopeRow& late_row(const Slot& slot);
  [[nodiscard]] Scopes scopes_of(const Mailbox& recipient) const;
  template <class Visit>
  void look_up(Kind kind, std::string_view key, const Scopes& scopes, Visit visit) const;
  template <class Visit>
  void visit_domain(std::string_view name, std::uint8_t roles, const Scopes& scopes, Visit& visit) const;
  template <class Visit>
  void visit_client(const IpAddress& client, const Scopes& scopes, Visit& visit) const;
  template <class Visit>
  void visit_regexes(std::string_view address, std::uint8_t roles, const Scopes& scopes, Visit& visit) const;
  /// visit(slot, roles) for each entry that matches; the same one may be visited in several roles.
  template <class Visit>
  void visit_all(const SenderIdentity& sender, const Scopes& scopes, Visit visit) const;
  [[nodiscard]] bool claims(const SenderIdentity& sender, const Slot& slot) const;
  [[nodiscard]] std::uint64_t weight(const Slot& slot) const;
  [[nodiscard]] ExceptionMatch match_of(const Slot& slot) const;

  std::uint64_t seed_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  SlotTable keys_, ids_;
  std::deque<ScopeRow> scopes_;  // the first: everybody
  std::vector<std::uint32_t> free_scopes_;
  SlotTable scope_table_;
  std::array<std::size_t, 6> kinds_{};  // how many of each
  std::array<std::size_t, 33> v4_bits_{};
  std::array<std::size_t, 129> v6_bits_{};
  std::size_t longest_subdomains_ = 0;
  std::priority_queue<Expiring, std::vector<Expiring>, std::greater<>> expiring_;
  RegexBook regexes_;
};

}  // namespace cas::policy
