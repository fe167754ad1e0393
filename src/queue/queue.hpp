// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Durable work. A message enters with commit(), which answers when it is on the disk; its unit from then on is the
// recipient: state, next attempt, last reply. Drivers take jobs (one message, the due recipients of one route and one
// domain), try them, and report. What failed for good is told to the sender (bounce.hpp).
//
// Thread-safe. Callbacks run on a store thread, or on the caller's where nothing has to be waited for: hand over to the
// own thread at once (net/completion.hpp), and hold no lock while calling. What happens is told as events once it is on
// the disk: queued, deferred, delivered, bounced, failed, removed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/trace.hpp"
#include "message/address.hpp"
#include "queue/schedule.hpp"
#include "queue/steer.hpp"
#include "queue/suppression.hpp"
#include "smtp/reply.hpp"
#include "store/store.hpp"

namespace cas::queue {

template <class T>
using Callback = std::move_only_function<void(T)>;

struct Options {
  Domain host;  // reporting MTA of bounces
  std::chrono::seconds lifetime{5 * 24 * 3600};
  std::chrono::seconds first_retry{300};  // doubles with each attempt, with jitter
  std::chrono::seconds max_retry{4 * 3600};
  /// Where mail to a domain goes; asked for bounces. Called on a store thread. None: everything is Remote.
  std::function<store::Route(const Domain&)> route_for = {};
  /// Whether mail from a domain is signed here; asked for the author of notifications, likewise. None: nothing is.
  std::function<bool(const Domain&)> signs_for = {};
  std::chrono::seconds delay_warning{0};             // after it the sender is told of a delay, once; 0: never
  std::chrono::seconds keep_failed{30 * 24 * 3600};  // since arrival; then what nobody was told of is removed
  SuppressionOptions suppression = {};
  ScheduleOptions schedule = {};
  std::size_t bodies_in_memory = std::size_t{64} << 20;  // octets of bodies that were committed just now
};

/// One recipient of a message that is about to be committed. With `ledgers`, one for each confirmed name that leads
/// there, it is delivered only if this commit is the one that writes one of those rows; the body, the entry and the
/// rows are one transaction (CAS §10.2). Several recipients may share a row: the targets of one name.
struct NewRecipient {
  Mailbox address;
  store::Route route = store::Route::Local;
  bool quarantined = false;
  struct Ledger {
    confirm::LedgerKey key;
    crypto::Sha256Digest m{};
    UnixTime keep_until;
  };
  std::vector<Ledger> ledgers;
  DsnNotify notify = {};
  std::string orcpt = {};  // as it came (RFC 3461 §4.2)
  /// Kept out of the inbox, under the key of a relationship; with `held` it waits in the queue for a person, because of
  /// `note`.
  std::string screened = {};
  bool held = false;
  std::string note = {};
};

struct NewMessage {
  store::Message message;                          // id may be empty: one is drawn; its body is made by the commit
  std::string small_body;                          // the body, or
  std::shared_ptr<const store::Draft> draft = {};  // where it was appended; message.body_size says how large it is
  std::vector<NewRecipient> recipients;
  /// Runs in the transaction of the commit, once for each recipient that entered the queue: what has to be durable with
  /// it. An error undoes the commit.
  std::function<Result<void>(store::Tx&, const store::Message&, const store::Recipient&)> alongside = {};
};

enum class CommitOutcome {
  Queued,     // at least one recipient entered the queue
  Swallowed,  // every recipient had been committed with the same digest before: 250, nothing stored
  Conflict,   // a recipient had been committed with other content: nothing stored; 550 5.7.1 (Replay)
};

/// Work for a driver. It is leased in memory: nobody else gets these recipients until finish().
struct Job {
  store::Message message;
  std::vector<store::Recipient> recipients;      // same route, same domain
  std::shared_ptr<const std::string> body = {};  // where it is in memory still; body_chunk() knows
  bool whole = false;                            // the message has no other recipients
  bool recovered = false;                        // an attempt before this one may have ended in a crash
};

/// Where a delivered recipient's copy is, as RFC 3461 tells apart: in the mailbox (§5.3), with a server that goes on
/// telling its sender (§5.2.1), or with one that does not (§5.2.2).
enum class Handover { Mailbox, PassedOn, Relayed };

/// What became of one recipient of a job.
struct Outcome {
  enum class Kind { Delivered, Deferred, Failed };
  Kind kind = Kind::Deferred;
  smtp::Reply reply;                                // what was said, for logs and bounces
  std::optional<std::chrono::seconds> retry_after;  // Deferred: asked for; otherwise the schedule decides
  std::string relay;                                // who said it: "mx.b.example[192.0.2.1]:25"
  bool unreachable = false;                         // Deferred: no server of the destination could be used
  bool in_doubt = false;                            // the end of data was sent, and its reply lost (CAS §9.5)
  bool with_confirm = false;                        // in_doubt: in a transaction with CONFIRM
  Handover handover = Handover::Mailbox;            // Delivered
  bool ours = false;                                // `reply` is our own conclusion, whatever `relay` names
  bool by_operator = false;                         // Failed: somebody gave it back, no server refused it
  milliseconds connecting{0};                       // until there was somebody to talk to; where it was measured
  milliseconds talking{0};                          // transactions, or the delivery itself
};

class Queue {
 public:
  /// All references outlive the store's last callback: declare the store after clock, random and events.
  Queue(store::Store& store, const Clock& clock, Random& random, EventSink& events, Options options);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// Removes what earlier versions left of half-ended sessions; loads the schedule. Waits; once, before any session.
  [[nodiscard]] Result<void> recover();

  // ---- In ----
  /// For a body that is too large to keep in memory. Who lets go of it before the commit has left nothing behind.
  [[nodiscard]] std::shared_ptr<store::Draft> draft();
  /// Appends to it. Answers when the store has it; durable is it by the commit.
  void append(std::shared_ptr<store::Draft> draft, std::string chunk, Callback<Result<void>> done);
  struct Committed {
    CommitOutcome outcome;
    store::QueueId id;
  };
  /// One transaction: ledger, body, entry. On an error nothing was kept. With Swallowed and Conflict neither; the id is
  /// the one committed before, if known.
  void commit(NewMessage message, Callback<Result<Committed>> done);
  /// Whether the ledger knows the keys; one answer for each, in order.
  void ledger(std::vector<confirm::LedgerKey> keys,
              Callback<Result<std::vector<std::optional<confirm::LedgerRow>>>> done);

  // ---- Out ----
  /// The destinations of domains have changed (ScheduleOptions::destination_for): what waits follows.
  void reroute();
  /// Called (on any thread) when a job of that route may have become due, or when next_due() may have come earlier.
  /// Replaces the former one, which is not running any more when this returns; so `wake` must not call on_due.
  void on_due(store::Route route, std::function<void()> wake);
  /// The next due job, if any; none otherwise: nothing is due, or its destination takes no more now. While outcomes
  /// wait to be recorded (see finish) it first records them, and hands out nothing until that worked: what cannot be
  /// recorded must not be delivered.
  void take(store::Route route, Callback<Result<std::optional<Job>>> done);
  /// When take() may give something next, as far as is known; none when nothing waits.
  [[nodiscard]] std::optional<TimePoint> next_due(store::Route route) const;
  /// Records the outcomes (one for each recipient of the job, in order), writes bounces, removes what is done, all in
  /// one transaction; ends the lease. On a transient error nothing is lost and nothing is tried twice: the outcomes are
  /// kept and recorded by a later take(). On a permanent one the entry is damaged; it rests until the next start.
  void finish(Job job, std::vector<Outcome> outcomes, Callback<Result<void>> done);
  /// The n-th chunk; empty past the last.
  void body_chunk(store::BodyId body, std::uint32_t n, Callback<Result<std::string>> done);

  // ---- Seeing ----
  struct Entry {
    store::Message message;
    std::vector<store::Recipient> recipients;
    std::vector<Standing> standings = {};  // of the recipients
  };
  struct Page {
    std::vector<Entry> entries;
    /// Which cannot be understood, and why; where the filter would take any, or names them.
    std::vector<std::pair<store::QueueId, Error>> damaged;
    store::QueueId next;  // go on behind this one; empty: that was all
  };
  /// Entries after `after` with recipients that the filter means (those alone). `limit` is how many are looked at:
  /// there may be fewer, or none, and more behind them.
  void list(Filter filter, store::QueueId after, std::size_t limit, Callback<Result<Page>> done);
  /// One message with all its recipients; none: no such message.
  void show(store::QueueId id, Callback<Result<std::optional<Entry>>> done);
  /// Looks at the whole queue, in pages.
  void stats(Callback<Result<Stats>> done);

  /// A few numbers, for those who look often.
  void numbers(Callback<Result<Numbers>> done);

  // ---- Steering ----
  /// Some hundred messages behind `after`, in one transaction; go on with Steered::next. What is being tried is left
  /// alone. Told as events: held, released, returned (and bounced), discarded, by whom and why.
  void steer(Steering steering, store::QueueId after, Callback<Result<Steered>> done);
  /// Nothing for this domain is tried until it is resumed; survives restarts. What is being tried goes on. At most 1000
  /// domains: permanent error.
  void suspend(Domain domain, std::string reason, std::string by, Callback<Result<void>> done);
  /// False: it was not suspended.
  void resume(Domain domain, std::string by, Callback<Result<bool>> done);
  /// Nothing is tried at all until resume_all(); survives restarts. Mail is taken in.
  void pause_all(std::string reason, std::string by, Callback<Result<void>> done);
  /// False: it was not paused.
  void resume_all(std::string by, Callback<Result<bool>> done);

  /// A secret of this installation, made at first use: 32 octets, for deriving intent ids.
  [[nodiscard]] const std::string& secret() const;

 private:
  std::shared_ptr<class QueueImpl> impl_;
};

/// A queue id: 26 characters, time first, so that ids sort by arrival; letters and digits only.
[[nodiscard]] store::QueueId make_queue_id(TimePoint now, Random& random);

}  // namespace cas::queue
