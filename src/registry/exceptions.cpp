// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Loading, questions, the thread. Changes stand in exceptions_changes.cpp.
#include "registry/exceptions.hpp"

#include <future>

namespace cas::registry {
namespace {

constexpr std::size_t page_size = 4000;
constexpr std::size_t most_hit = 100'000;  // entries with hits that are not written
constexpr std::string_view last_id_setting = "exception-last";

using Page = std::vector<store::Memory>;

std::future<Result<Page>> fetch(store::Store& store, std::string after) {
  auto promise = std::make_shared<std::promise<Result<Page>>>();
  auto future = promise->get_future();
  auto ask = [after = std::move(after)](store::Reader& reader) {
    return reader.memories(exception_kind, after, page_size);
  };
  store::read_value<Page>(store, std::move(ask), [promise](Result<Page> page) { promise->set_value(std::move(page)); });
  return future;
}

}  // namespace

bool ExceptionFilter::fits(const policy::Exception& entry) const {
  return (!action || entry.action == *action) && (!scope || entry.scope == *scope);
}

// ---- Start and end ----

Exceptions::Exceptions(store::Store& store, const Clock& clock, EventSink& events, std::uint64_t seed,
                       ExceptionsOptions options)
    : store_(store), clock_(clock), events_(events), options_(options), book_(seed) {}

Result<std::unique_ptr<Exceptions>> Exceptions::load(store::Store& store, const Clock& clock, EventSink& events,
                                                     std::uint64_t seed, ExceptionsOptions options) {
  std::unique_ptr<Exceptions> made(new Exceptions(store, clock, events, seed, options));
  CAS_CHECK(made->read_all());
  made->thread_ = std::jthread([self = made.get()] { self->run(); });
  return made;
}

Exceptions::~Exceptions() {
  {
    const std::scoped_lock lock(jobs_lock_);
    ending_ = true;
  }
  given_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// The next page is read while this one is understood.
Result<void> Exceptions::read_all() {
  CAS_CHECK(store::read_and_wait(store_, [this](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto last, reader.setting(last_id_setting));
    if (last) last_id_ = exception_id(*last);
    return {};
  }));
  std::size_t damaged = 0;
  for (auto coming = fetch(store_, {}); coming.valid();) {
    CAS_TRY(const Page page, coming.get());
    if (page.size() == page_size) coming = fetch(store_, page.back().name);
    take_in(page, damaged);
  }
  compile_regexes();
  hits_written_ = clock_.now();
  book_.settle(to_unix(clock_.now()));
  if (damaged > 0) {
    events_.emit(
        Event{.level = Level::Error,
              .trace = {},
              .queue_id = {},
              .name = "exceptions-damaged",
              .fields = {{"count", std::to_string(damaged)},
                         {"mend", "rows of the store cannot be understood and do not count; enter them anew"}}});
  }
  return {};
}

void Exceptions::take_in(const std::vector<store::Memory>& page, std::size_t& damaged) {
  for (const auto& memory : page) {
    const auto entry = read_deciding(memory);
    if (!entry || !book_.add(*entry)) {
      ++damaged;
      continue;
    }
    last_id_ = std::max(last_id_, entry->id);
  }
}

// ---- Questions ----

policy::ExceptionFindings Exceptions::find(const policy::SenderIdentity& sender, const Mailbox& recipient) const {
  const UnixTime now = to_unix(clock_.now());
  const std::shared_lock lock(lock_);
  return book_.find(sender, recipient, now);
}

std::vector<policy::ExceptionOpinion> Exceptions::explain(const policy::SenderIdentity& sender,
                                                          const Mailbox& recipient) const {
  const UnixTime now = to_unix(clock_.now());
  const std::shared_lock lock(lock_);
  return book_.explain(sender, recipient, now);
}

void Exceptions::count_hit(std::int64_t id) {
  const UnixTime now = to_unix(clock_.now());
  hits_.with([&](HitMap& hits) {
    if (hits.size() >= most_hit && !hits.contains(id)) return;
    auto& hit = hits[id];
    ++hit.count;
    hit.last = now;
  });
}

std::size_t Exceptions::size() const {
  const std::shared_lock lock(lock_);
  return book_.size();
}

std::optional<std::int64_t> Exceptions::id_of(policy::ExceptionAction action, const policy::Pattern& pattern,
                                              const policy::Scope& scope) const {
  const std::shared_lock lock(lock_);
  return book_.id_of(action, pattern, scope);
}

// ---- Looking ----

void Exceptions::add_hits(ExceptionRow& row) const {
  hits_.with([&](const HitMap& hits) {
    const auto found = hits.find(row.entry.id);
    if (found == hits.end()) return;
    row.hits += found->second.count;
    row.last_hit = found->second.last;
  });
}

void Exceptions::list(std::int64_t after, std::size_t limit, ExceptionFilter filter, Done<ExceptionPage> done) const {
  auto ask = [this, after, limit, filter = std::move(filter)](store::Reader& reader) -> Result<ExceptionPage> {
    ExceptionPage page;
    CAS_TRY(const auto memories, reader.memories(exception_kind, exception_name(after), limit));
    for (const auto& memory : memories) {
      auto row = read_exception(memory);
      if (!row || !filter.fits(row->entry)) continue;
      add_hits(*row);
      page.rows.push_back(*std::move(row));
    }
    if (memories.size() == limit && limit > 0) page.next = exception_id(memories.back().name);
    return page;
  };
  store::read_value<ExceptionPage>(store_, std::move(ask), std::move(done));
}

void Exceptions::show(std::vector<std::int64_t> ids, Done<std::vector<ExceptionRow>> done) const {
  using Rows = std::vector<ExceptionRow>;
  auto ask = [this, ids = std::move(ids)](store::Reader& reader) -> Result<Rows> {
    Rows rows;
    for (const auto id : ids) {
      CAS_TRY(const auto memory, reader.recall(exception_kind, exception_name(id)));
      auto row = memory ? read_exception(*memory) : std::nullopt;
      if (!row) continue;
      add_hits(*row);
      rows.push_back(*std::move(row));
    }
    return rows;
  };
  store::read_value<Rows>(store_, std::move(ask), std::move(done));
}

// Looking at a million takes a while: it is done between changes.
void Exceptions::about(policy::SenderIdentity sender, std::optional<Mailbox> recipient, std::size_t limit,
                       Done<std::vector<ExceptionRow>> done) {
  auto shared = std::make_shared<Done<std::vector<ExceptionRow>>>(std::move(done));
  auto job = [this, sender = std::move(sender), recipient = std::move(recipient), limit, shared] {
    // This thread alone changes the book.
    show(book_.about(sender, recipient, limit), std::move(*shared));
  };
  if (!give(std::move(job))) (*shared)(transient("too many changes wait for the disk"));
}

// ---- The thread ----

bool Exceptions::give(Job job) {
  {
    const std::scoped_lock lock(jobs_lock_);
    if (ending_ || jobs_.size() >= options_.max_waiting) return false;
    jobs_.push_back(std::move(job));
  }
  given_.notify_one();
  return true;
}

void Exceptions::enter(std::vector<NewException> entries, Change change, EnterOptions options,
                       Done<std::vector<EnteredException>> done) {
  auto shared = std::make_shared<Done<std::vector<EnteredException>>>(std::move(done));
  auto job = [this, entries = std::move(entries), change = std::move(change), options = std::move(options),
              shared]() mutable { (*shared)(enter_now(std::move(entries), change, options)); };
  if (!give(std::move(job))) (*shared)(transient("too many changes wait for the disk"));
}

void Exceptions::remove(std::vector<std::int64_t> ids, Change change, Done<std::vector<ExceptionRow>> done) {
  auto shared = std::make_shared<Done<std::vector<ExceptionRow>>>(std::move(done));
  auto job = [this, ids = std::move(ids), change = std::move(change), shared] {
    (*shared)(remove_now(ids, change, "exception-remove"));
  };
  if (!give(std::move(job))) (*shared)(transient("too many changes wait for the disk"));
}

// Changes in the order in which they were given, housekeeping between them.
void Exceptions::run() {
  TimePoint next_look{};
  for (;;) {
    Job job;
    {
      std::unique_lock lock(jobs_lock_);
      given_.wait_for(lock, options_.housekeeping, [this] { return ending_ || !jobs_.empty(); });
      if (!jobs_.empty()) {
        job = std::move(jobs_.front());
        jobs_.pop_front();
      } else if (ending_) {
        break;
      }
    }
    if (job) job();
    const TimePoint now = clock_.now();
    if (now < next_look && next_look - now <= options_.housekeeping) continue;
    next_look = now + options_.housekeeping;
    keep_house(now);
  }
  write_hits();
}

}  // namespace cas::registry
