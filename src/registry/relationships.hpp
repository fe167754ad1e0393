// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may write to whom, as the owners of mailboxes see it (CAS §11), in the store. Each question is one read
// transaction; each decision, with its line in the audit log, one write transaction.
//
// Thread-safe. Callbacks run on a store thread. The store outlives the last of them.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/guarded.hpp"
#include "policy/relationship.hpp"
#include "registry/change.hpp"
#include "registry/relation_rows.hpp"
#include "store/values.hpp"

namespace cas::registry {

/// A message that is to wait, or to be told of, for one recipient.
struct NewHeld {
  std::string mailbox;  // relation_mailbox() of the recipient
  policy::RelationNames names;
  std::string author;  // for people
  std::string subject;
  bool silent = false;  // mail that nobody wrote by hand: no relationship begins with it, and nobody is told
  bool in_queue = false;
};

class Relationships {
 public:
  template <class T>
  using Done = store::ValueDone<T>;

  Relationships(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// Reads what is kept in memory: once, before all else; waits.
  [[nodiscard]] Result<void> load();

  // ---- What rules ask ----
  /// What a mailbox chose for itself; none: its domain decides.
  [[nodiscard]] std::optional<policy::Screening> screening(const std::string& mailbox) const;
  /// Some mailbox chose.
  [[nodiscard]] bool has_choices() const;
  /// How the mailbox stands to a sender, and whether one more of its messages may wait.
  void find(std::string mailbox, policy::RelationNames names, Done<policy::Relation> done);
  /// The same without whether one more may wait: what is asked does not depend on what waits there.
  void find_standing(std::string mailbox, policy::RelationNames names, Done<policy::Relation> done);
  /// A message waits: in the transaction that commits it.
  [[nodiscard]] static Result<void> hold(store::Tx& tx, const NewHeld& what, const store::Message& message,
                                         const store::Recipient& recipient);
  /// A message that waits for a mailbox leads elsewhere now, and waits there: in the transaction that commits its
  /// copies.
  struct WaitedFor {
    store::QueueId id;
    store::Recipient recipient;
    bool is_last = true;  // no further copy follows
  };
  [[nodiscard]] static Result<void> wait_elsewhere(store::Tx& tx, const WaitedFor& before,
                                                   const store::Message& message, const store::Recipient& copy);
  /// The owner of a mailbox sends a message: one whom it is for is approved, and may be answered by machines. In the
  /// transaction that commits it.
  [[nodiscard]] static Result<void> wrote(store::Tx& tx, const std::string& mailbox, const Mailbox& recipient,
                                          const Change& change);

  // ---- What people do ----
  struct Row {
    RelationRow relation;
    std::size_t held = 0;  // messages that wait
  };
  /// Of one mailbox, or of all where `mailbox` is empty; `pending`: those that wait, otherwise those that were decided.
  /// By name behind `after` (exclusive), at most `limit`.
  void list(bool pending, std::string mailbox, std::string after, std::size_t limit, Done<std::vector<Row>> done);
  void held(std::string mailbox, std::string key, std::size_t limit, Done<std::vector<HeldRow>> done);
  /// Approves or blocks. What waits for an approval is let go by the keeper; what waits for who is blocked stays where
  /// it is. A key that names what anybody may claim ("?...") needs `unauthenticated`: permanent error without.
  struct Decision {
    std::string mailbox, key;
    policy::Standing standing = policy::Standing::Approved;
    bool unauthenticated = false;
  };
  void decide(std::vector<Decision> decisions, Change change, std::string via, Done<std::size_t> done);
  /// Back to what it was before the last decision. What was let go stays where it is. False: nothing was decided.
  void undo(std::string mailbox, std::string key, Change change, Done<bool> done);
  /// What waits from that sender, or from all ("" for the key), is thrown away; the relationship is none again. How
  /// many messages.
  void clear(std::string mailbox, std::string key, Change change, Done<std::size_t> done);
  /// Opens a window: until then everybody, or a domain and what is below it, is let through.
  void expect(std::string mailbox, std::string domain, UnixTime until, Change change, Done<std::monostate> done);

  /// None: as its domain has it.
  void set_screening(std::string mailbox, std::optional<policy::Screening> screening, Change change,
                     Done<std::monostate> done);

  // ---- What the keeper does ----
  enum class Letting { Go, Away };  // into the inbox; thrown away
  struct Release {
    std::string mailbox, key;
    Letting letting = Letting::Go;
    std::vector<HeldRow> held;  // oldest first
  };
  void releases(std::size_t limit, Done<std::vector<Release>> done);
  /// A held message is where it belongs, or gone: it waits no more, and neither does a sender of whom nothing waits.
  void let_go(HeldRow row, Done<std::monostate> done);
  /// Of `limit` held messages behind `after` those that nobody lets go; go on behind `next`, empty: that was all.
  struct HeldPage {
    std::vector<HeldRow> rows;
    std::string next;
  };
  void all_held(std::string after, std::size_t limit, Done<HeldPage> done);
  void released(Release release, Done<std::monostate> done);
  /// Who waits, for an owner who was not told of some of them, or of whom some are about to be strangers again. Empty:
  /// whoever it was about was decided on meanwhile, and it is only to be noted.
  struct Digest {
    std::string mailbox;
    std::vector<RelationRow> pending;
    std::vector<std::string> reminders;  // rows that it answers
  };
  /// Of mailboxes whose first stranger that no digest named came `after` ago, or with somebody who has waited for
  /// remind_after; and whose last digest is `every` old.
  void digests_due(std::chrono::seconds every, std::chrono::seconds after, Done<std::vector<Digest>> done);
  /// In the transaction that queues it.
  [[nodiscard]] static Result<void> digest_sent(store::Tx& tx, const Digest& digest, UnixTime now);
  /// There is nothing to send.
  void digest_over(Digest digest, Done<std::monostate> done);

 private:
  store::Store& store_;
  const Clock& clock_;
  std::shared_ptr<Guarded<std::map<std::string, policy::Screening>>> screenings_ =
      std::make_shared<Guarded<std::map<std::string, policy::Screening>>>();
};

}  // namespace cas::registry
