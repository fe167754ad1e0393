// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A queue with a clock that stands still, dice that are known and an ear for events.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>

#include "base/guarded.hpp"
#include "queue/queue.hpp"
#include "store/memory.hpp"
#include "store/sqlite.hpp"

namespace cas::queue {

class StillClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(milliseconds(ms_.load())); }
  void advance(milliseconds by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_ = 1'795'460'400'000;
};

/// Counts up: every id differs, every run is the same.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    auto n = next_.fetch_add(1);
    for (auto octet = out.rbegin(); octet != out.rend(); ++octet, n >>= 5) *octet = static_cast<std::uint8_t>(n & 31);
  }

 private:
  std::atomic<std::uint64_t> next_ = 1;
};

class Ear final : public EventSink {
 public:
  void emit(Event event) override {
    events_.with([&](auto& events) { events.push_back(std::move(event)); });
  }
  [[nodiscard]] std::vector<Event> named(std::string_view name) const {
    auto all = events_.with([](const auto& events) { return events; });
    std::erase_if(all, [&](const Event& event) { return event.name != name; });
    return all;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    events_.with([&](const auto& events) {
      for (const auto& event : events) names.emplace_back(event.name);
    });
    return names;
  }

 private:
  Guarded<std::vector<Event>> events_;
};

inline std::string field(const Event& event, std::string_view name) {
  for (const auto& [key, value] : event.fields) {
    if (key == name) return value;
  }
  return "(none)";
}

inline Mailbox mailbox(std::string_view text) {
  auto parsed = Mailbox::parse(text);
  if (!parsed) throw std::logic_error("not a mailbox: " + std::string(text));
  return *parsed;
}

/// Calls `start` with a callback and waits for its value.
template <class T, class Start>
T wait_for(Start start) {
  std::promise<T> promise;
  auto value = promise.get_future();
  start([promise = std::move(promise)](T given) mutable { promise.set_value(std::move(given)); });
  return value.get();
}

inline NewRecipient to(std::string_view address, store::Route route = store::Route::Remote) {
  return {.address = mailbox(address), .route = route, .ledgers = {}};
}

inline NewRecipient confirmed_to(std::string_view address, std::uint8_t intent, std::uint8_t m) {
  auto recipient = to(address, store::Route::Local);
  recipient.ledgers = {{.key = {.d = "football.example.com", .i = {intent}, .recipient = std::string(address)},
                        .m = {m},
                        .keep_until = UnixTime(seconds(2'000'000'000))}};
  return recipient;
}

inline smtp::Reply ok() {
  return {250, {2, 0, 0}, "queued"};
}
inline smtp::Reply busy() {
  return {451, {4, 7, 1}, "come back later"};
}
inline smtp::Reply no_such_user() {
  return {550, {5, 1, 1}, "no such user"};
}

inline Outcome delivered() {
  return {.kind = Outcome::Kind::Delivered, .reply = ok(), .retry_after = {}, .relay = "mx"};
}
inline Outcome deferred(std::optional<std::chrono::seconds> hint = {}) {
  return {.kind = Outcome::Kind::Deferred, .reply = busy(), .retry_after = hint, .relay = "mx"};
}
inline Outcome failed() {
  return {.kind = Outcome::Kind::Failed, .reply = no_such_user(), .retry_after = {}, .relay = "mx"};
}

/// A store that can be told to fail its writes, as a full disk does.
class MoodyStore final : public store::Store {
 public:
  explicit MoodyStore(store::Store& inner) : inner_(inner) {}
  std::shared_ptr<store::Draft> draft() override { return inner_.draft(); }
  void append(std::shared_ptr<store::Draft> draft, std::string chunk, Done done) override {
    inner_.append(std::move(draft), std::move(chunk), std::move(done));
  }
  void write(WriteWork work, Done done) override {
    if (stuck) {
      kept_.with([&](auto& kept) { kept.emplace_back(std::move(work), std::move(done)); });
      return;
    }
    if (!full) return inner_.write(std::move(work), std::move(done));
    inner_.write([](store::Tx&) -> Result<void> { return transient("insufficient system storage"); }, std::move(done));
  }
  void read(ReadWork work, Done done) override {
    if (!blind) return inner_.read(std::move(work), std::move(done));
    inner_.read([](store::Reader&) -> Result<void> { return transient("storage is not available"); }, std::move(done));
  }
  std::atomic<bool> full = false;
  std::atomic<bool> blind = false;
  std::atomic<bool> stuck = false;  // writes wait, as on a disk that hangs, until go_on()

  void go_on() {
    stuck = false;
    auto kept = kept_.with([](auto& writes) { return std::exchange(writes, {}); });
    for (auto& [work, done] : kept) inner_.write(std::move(work), std::move(done));
  }

 private:
  store::Store& inner_;
  Guarded<std::vector<std::pair<WriteWork, Done>>> kept_;
};

enum class Twin { Memory, Sqlite };

/// Clock, random and events first: they outlive the store (queue.hpp).
class QueueFixture : public testing::TestWithParam<Twin> {
 protected:
  QueueFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "cas-queue-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    dir_ = name;
  }
  ~QueueFixture() override {
    queue_.reset();
    moody_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  void SetUp() override { start(); }

  void start() {
    if (!store_) open_store();
    moody_ = std::make_unique<MoodyStore>(*store_);
    queue_ = std::make_unique<Queue>(*moody_, clock_, random_, events_, options_);
    const auto recovered = queue_->recover();
    ASSERT_TRUE(recovered) << recovered.error().private_reason;
  }

  /// The process is gone and comes back: of the queue nothing survives, of the store what is durable.
  void crash_and_restart() {
    queue_.reset();
    if (GetParam() == Twin::Sqlite) store_.reset();
    start();
  }

  Result<Queue::Committed> commit(NewMessage message) {
    return wait_for<Result<Queue::Committed>>([&](auto done) { queue_->commit(std::move(message), std::move(done)); });
  }
  Result<std::optional<Job>> take(store::Route route = store::Route::Remote) {
    return wait_for<Result<std::optional<Job>>>([&](auto done) { queue_->take(route, std::move(done)); });
  }
  /// A job must be there.
  Job take_one(store::Route route = store::Route::Remote) {
    auto job = take(route);
    if (!job || !*job) {
      ADD_FAILURE() << (job ? "no job is due" : job.error().private_reason);
      throw std::runtime_error("no job");
    }
    return **std::move(job);
  }
  [[nodiscard]] bool nothing_due(store::Route route = store::Route::Remote) {
    const auto job = take(route);
    return job && !*job;
  }
  Result<void> finish(Job job, std::vector<Outcome> outcomes) {
    return wait_for<Result<void>>(
        [&](auto done) { queue_->finish(std::move(job), std::move(outcomes), std::move(done)); });
  }
  std::vector<Queue::Entry> entries() {
    auto found = wait_for<Result<Queue::Page>>([&](auto done) { queue_->list({}, "", 1000, std::move(done)); });
    EXPECT_TRUE(found);
    return found ? std::move(found->entries) : std::vector<Queue::Entry>{};
  }
  Result<Steered> steer(Steering steering, store::QueueId after = {}) {
    return wait_for<Result<Steered>>(
        [&](auto done) { queue_->steer(std::move(steering), std::move(after), std::move(done)); });
  }
  std::string body_of(const store::Message& message) {
    std::string body;
    for (std::uint32_t n = 0;; ++n) {
      const auto chunk =
          wait_for<Result<std::string>>([&](auto done) { queue_->body_chunk(message.body, n, std::move(done)); });
      if (!chunk || chunk->empty()) return body;
      body += *chunk;
    }
  }

  /// From a verified sender: failures may be told.
  NewMessage message(std::vector<NewRecipient> recipients) {
    NewMessage given{.message = {}, .small_body = text_, .recipients = std::move(recipients)};
    given.message.trace = "0123456789abcdef";
    given.message.arrived = clock_.now();
    given.message.sender = ReversePath(mailbox("joe@a.example"));
    given.message.sender_verified = true;
    return given;
  }

  static Domain domain(std::string_view text) { return Domain::parse(text).value(); }

  const std::string text_ = "From: joe@a.example\r\nSubject: hello\r\n there\r\n\r\nHi.\r\n";
  std::filesystem::path dir_;
  StillClock clock_;
  CountingRandom random_;
  Ear events_;
  Options options_{.host = Domain::parse("mx.a.example").value(),
                   .lifetime = std::chrono::hours(24),
                   .route_for = [](const Domain& to_domain) {
                     return to_domain.text() == "a.example" ? store::Route::Local : store::Route::Remote;
                   }};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<MoodyStore> moody_;
  std::unique_ptr<Queue> queue_;

 private:
  void open_store() {
    if (GetParam() == Twin::Memory) {
      store_ = store::open_memory();
      return;
    }
    auto opened = store::open_sqlite({.file = dir_ / "cas.db"});
    ASSERT_TRUE(opened) << opened.error().private_reason;
    store_ = *std::move(opened);
  }
};

}  // namespace cas::queue
