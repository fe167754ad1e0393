// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The exceptions of a running server: durable in the store, and all of them in an index in memory. A change is durable
// before it is in force, and in force before who made it hears so. Questions never wait for the disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/guarded.hpp"
#include "base/trace.hpp"
#include "policy/exception_book.hpp"
#include "policy/exception_rules.hpp"
#include "registry/change.hpp"
#include "registry/exception_row.hpp"
#include "store/values.hpp"

namespace cas::registry {

using policy::NewException;

struct EnterOptions {
  bool dry_run = false;  // says what would become of them, changes nothing
  std::string source;    // of an import: new entries share one line of the audit log, which names it
};

/// What became of one entry.
struct EnteredException {
  enum class Outcome { New, Changed, Same };
  Outcome outcome = Outcome::New;
  std::int64_t id = 0;                      // 0: a dry run of a new one
  std::optional<policy::Exception> before;  // of what was changed
};

struct ExceptionFilter {
  std::optional<policy::ExceptionAction> action;
  std::optional<policy::Scope> scope;
  [[nodiscard]] bool fits(const policy::Exception& entry) const;
};

struct ExceptionPage {
  std::vector<ExceptionRow> rows;
  std::int64_t next = 0;  // go on behind this one; 0: that was all
};

struct ExceptionsOptions {
  std::size_t max_entries = 2'000'000;
  std::size_t max_waiting = 256;                       // changes given and not done; more are refused, transient
  std::chrono::seconds keep_expired{30L * 24 * 3600};  // then they are removed
  milliseconds housekeeping{1000};                     // pause between two looks
  /// Pause between two times that hits are written. Those that are being written are in no listing for a moment.
  milliseconds write_hits{30000};
};

/// Thread-safe. Callbacks run on a thread of this object or of the store, and must not block.
class Exceptions {
 public:
  template <class T>
  using Done = store::ValueDone<T>;

  /// Reads all of them; on no I/O thread. Rows that cannot be understood are passed over and told to `events`. All of
  /// the arguments outlive it. `seed`: see policy::ExceptionBook.
  [[nodiscard]] static Result<std::unique_ptr<Exceptions>> load(store::Store& store, const Clock& clock,
                                                                EventSink& events, std::uint64_t seed,
                                                                ExceptionsOptions options = {});
  /// Finishes what was given, and writes the hits.
  ~Exceptions();
  Exceptions(const Exceptions&) = delete;
  Exceptions& operator=(const Exceptions&) = delete;

  // ---- Questions: any thread, no disk ----

  [[nodiscard]] policy::ExceptionFindings find(const policy::SenderIdentity& sender, const Mailbox& recipient) const;
  [[nodiscard]] std::vector<policy::ExceptionOpinion> explain(const policy::SenderIdentity& sender,
                                                              const Mailbox& recipient) const;
  /// It decided about a message. Counted in memory, written later; a crash forgets some.
  void count_hit(std::int64_t id);
  [[nodiscard]] std::size_t size() const;

  // ---- Changes ----

  /// All of them or none: at the first that may not be entered (policy/exception_rules.hpp) a permanent error, whose
  /// private reason is its index. One that is there already (same action, pattern, scope) is changed; what is the same
  /// in all is left alone.
  void enter(std::vector<NewException> entries, Change change, EnterOptions options,
             Done<std::vector<EnteredException>> done);
  /// Those that were there.
  void remove(std::vector<std::int64_t> ids, Change change, Done<std::vector<ExceptionRow>> done);
  [[nodiscard]] std::optional<std::int64_t> id_of(policy::ExceptionAction action, const policy::Pattern& pattern,
                                                  const policy::Scope& scope) const;

  // ---- Looking ----

  /// Of at most `limit` that are looked at behind `after`, those that fit.
  void list(std::int64_t after, std::size_t limit, ExceptionFilter filter, Done<ExceptionPage> done) const;
  /// Those that match what `sender` claims, for `recipient` or for whomever: see policy::ExceptionBook::about().
  void about(policy::SenderIdentity sender, std::optional<Mailbox> recipient, std::size_t limit,
             Done<std::vector<ExceptionRow>> done);
  void show(std::vector<std::int64_t> ids, Done<std::vector<ExceptionRow>> done) const;

 private:
  struct Hits {
    std::uint64_t count = 0;
    UnixTime last;
  };
  using HitMap = std::unordered_map<std::int64_t, Hits>;
  using Job = std::move_only_function<void()>;
  /// What a batch will change, found out inside its transaction.
  struct Plan {
    struct Item {
      policy::Exception after;
      EnteredException entered;
      std::uint64_t hits = 0;
      std::optional<UnixTime> last_hit;
    };
    std::vector<NewException> wanted;
    std::vector<Item> items;
    UnixTime now;
    std::int64_t first_new = 0, last_new = 0;  // ids; 0: none is new
    std::size_t fresh = 0, fresh_regexes = 0;
  };

  Exceptions(store::Store& store, const Clock& clock, EventSink& events, std::uint64_t seed, ExceptionsOptions options);
  Result<void> read_all();
  void take_in(const std::vector<store::Memory>& page, std::size_t& damaged);

  // Of the thread. (exceptions_changes.cpp)
  [[nodiscard]] Result<std::vector<EnteredException>> enter_now(std::vector<NewException> entries, const Change& change,
                                                                const EnterOptions& options);
  [[nodiscard]] Result<Plan::Item> change_of(store::Reader& reader, policy::Exception after, std::int64_t id) const;
  [[nodiscard]] Result<Plan::Item> new_item(policy::Exception after, Plan& plan) const;
  [[nodiscard]] Result<void> plan(store::Reader& reader, Plan& plan) const;
  [[nodiscard]] Result<void> write(store::Tx& tx, const Plan& plan, const Change& change,
                                   const EnterOptions& options) const;
  [[nodiscard]] Result<std::vector<ExceptionRow>> remove_now(const std::vector<std::int64_t>& ids, const Change& change,
                                                             const std::string& action);
  void put_in_force(const std::vector<policy::Exception>& entries);
  void compile_regexes();
  void remove_expired();
  void write_hits();

  void run();
  void keep_house(TimePoint now);
  /// False: too many wait.
  [[nodiscard]] bool give(Job job);
  void add_hits(ExceptionRow& row) const;

  store::Store& store_;
  const Clock& clock_;
  EventSink& events_;
  const ExceptionsOptions options_;

  mutable std::shared_mutex lock_;  // of book_
  policy::ExceptionBook book_;
  // Of the thread.
  std::int64_t last_id_ = 0;
  TimePoint hits_written_, cleaned_up_;

  Guarded<HitMap> hits_;

  std::mutex jobs_lock_;
  std::condition_variable given_;
  std::deque<Job> jobs_;
  bool ending_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace cas::registry
