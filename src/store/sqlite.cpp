// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The threads of the SQLite store. The writer takes what has gathered while it was at the disk, runs it in one
// transaction (each work under a savepoint), commits, and only then calls back: one sync for the whole group.
#include "store/sqlite.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "store/inbox.hpp"
#include "store/sqlite_compaction.hpp"
#include "store/sqlite_draft.hpp"
#include "store/sqlite_open.hpp"
#include "store/sqlite_tx.hpp"
#include "store/work.hpp"

namespace cas::store {
namespace {

constexpr int pages_when_busy = 4000;  // 16 MB: what a crash leaves to be read again stays small
constexpr int pages_when_idle = 1000;

class SqliteStore final : public Store {
 public:
  SqliteStore(FileLock lock, const SqliteOptions& options, Database writer, std::vector<Database> readers,
              std::unique_ptr<Segments> segments);
  ~SqliteStore() override;

  void write(WriteWork work, Done done) override;
  std::shared_ptr<Draft> draft() override { return std::make_shared<SqliteDraft>(); }
  void append(std::shared_ptr<Draft> draft, std::string chunk, Done done) override;
  void read(ReadWork work, Done done) override;

 private:
  struct Write {
    WriteWork work;                // or
    std::shared_ptr<Draft> draft;  // what `chunk` is appended to; neither: it was refused
    std::string chunk;
    Done done;
    Result<void> result;
  };
  struct Read {
    ReadWork work;
    Done done;
  };

  void give(Write write);
  void run_writer();
  void commit_group(std::vector<Write>& group);
  [[nodiscard]] Result<void> run_group(std::vector<Write>& group);
  [[nodiscard]] Result<void> run_write(Write& write);
  [[nodiscard]] Result<void> run_append(const Write& write);
  void checkpoint_if_due();
  void compact_while_idle();
  void run_reader(Database& db);

  FileLock lock_;  // first in, last out
  SqliteOptions options_;
  Database writer_db_;
  std::vector<Database> reader_dbs_;
  std::unique_ptr<Segments> segments_;
  Inbox<Write> writes_;
  Inbox<Read> reads_;
  std::atomic<std::size_t> pending_ = 0;
  std::atomic<bool> ending_ = false;
  std::jthread writer_;
  std::vector<std::jthread> readers_;
};

SqliteStore::SqliteStore(FileLock lock, const SqliteOptions& options, Database writer, std::vector<Database> readers,
                         std::unique_ptr<Segments> segments)
    : lock_(std::move(lock)),
      options_(options),
      writer_db_(std::move(writer)),
      reader_dbs_(std::move(readers)),
      segments_(std::move(segments)) {
  writer_ = std::jthread([this] { run_writer(); });
  for (Database& db : reader_dbs_) {
    readers_.emplace_back([this, &db] { run_reader(db); });
  }
}

SqliteStore::~SqliteStore() {
  ending_ = true;
  writes_.close();
  writer_.join();  // its last callbacks may still give reads
  reads_.close();
  for (auto& reader : readers_) reader.join();
  static_cast<void>(writer_db_.checkpoint());  // a courtesy: the log is as durable as the file
}

void SqliteStore::write(WriteWork work, Done done) {
  give({.work = std::move(work), .draft = {}, .chunk = {}, .done = std::move(done), .result = {}});
}

void SqliteStore::append(std::shared_ptr<Draft> draft, std::string chunk, Done done) {
  give({.work = {}, .draft = std::move(draft), .chunk = std::move(chunk), .done = std::move(done), .result = {}});
}

void SqliteStore::give(Write write) {
  // A refused one waits for its turn too: answers come in the order of the questions.
  if (pending_.fetch_add(1) >= options_.max_pending) {
    write.work = {};
    write.draft.reset();
    write.result =
        transient("storage is busy", "more than " + std::to_string(options_.max_pending) + " writes wait for the disk");
  }
  writes_.push(std::move(write));
}

void SqliteStore::read(ReadWork work, Done done) {
  reads_.push({.work = std::move(work), .done = std::move(done)});
}

void SqliteStore::run_writer() {
  for (;;) {
    auto group = writes_.pop(std::max<std::size_t>(options_.max_group, 1));
    if (group.empty()) return;
    commit_group(group);
    pending_.fetch_sub(group.size());
    for (Write& write : group) call_back(write.done, std::move(write.result));
    group.clear();  // what the works hold goes before we wait again
    checkpoint_if_due();
    compact_while_idle();
  }
}

void SqliteStore::commit_group(std::vector<Write>& group) {
  const auto committed = run_group(group);
  if (committed) return segments_->committed();
  segments_->rolled_back();
  if (writer_db_.in_transaction())
    static_cast<void>(writer_db_.exec("ROLLBACK"));  // the first error is the one to tell
  for (Write& write : group) {
    if (write.result && write.work) write.result = committed;
  }
}

/// An error: nothing of the group was committed. What is appended to drafts is in no transaction.
Result<void> SqliteStore::run_group(std::vector<Write>& group) {
  for (Write& write : group) {
    if (write.draft) write.result = run_append(write);
  }
  if (std::ranges::none_of(group, [](const Write& write) { return static_cast<bool>(write.work); })) return {};
  CAS_CHECK(writer_db_.query("BEGIN IMMEDIATE").run());
  for (Write& write : group) {
    if (write.work) CAS_CHECK(run_write(write));
  }
  const auto begun = std::chrono::steady_clock::now();
  CAS_CHECK(segments_->sync());  // before the rows that name what is in them
  CAS_CHECK(writer_db_.query("COMMIT").run());
  if (options_.commits != nullptr) {
    const auto done = std::ranges::count_if(group, [](const Write& write) { return write.result.has_value(); });
    options_.commits->add(static_cast<std::size_t>(done), std::chrono::steady_clock::now() - begun);
  }
  return {};
}

/// An error: the whole transaction is lost. The work's own failure stands in `write.result` and undoes only itself.
Result<void> SqliteStore::run_write(Write& write) {
  CAS_CHECK(writer_db_.query("SAVEPOINT one").run());
  const auto mark = segments_->mark();
  SqliteTx tx(writer_db_, *segments_, options_.small_chunk);
  write.result = run_work(write.work, tx);
  if (!write.result) segments_->undo(mark);
  // SQLite itself rolls back everything after some failures (SQLITE_FULL, SQLITE_IOERR).
  if (!writer_db_.in_transaction()) {
    return write.result ? transient("storage is not available", "SQLite gave the transaction up") : write.result;
  }
  if (!write.result) CAS_CHECK(writer_db_.query("ROLLBACK TO one").run());
  return writer_db_.query("RELEASE one").run();
}

Result<void> SqliteStore::run_append(const Write& write) {
  if (!is_chunk(write.chunk)) return permanent("internal error", "a chunk of a forbidden length");
  CAS_TRY(auto held, segments_->append_unnamed(write.chunk));
  static_cast<SqliteDraft&>(*write.draft).chunks.push_back(std::move(held));
  return {};
}

void SqliteStore::checkpoint_if_due() {
  const int limit = writes_.empty() ? pages_when_idle : pages_when_busy;
  if (writer_db_.new_log_pages() < limit) return;
  static_cast<void>(writer_db_.checkpoint());  // fails while the disk is full: the log keeps everything until then
}

void SqliteStore::compact_while_idle() {
  while (writes_.empty() && !ending_) {
    const auto moved = compact_a_little(writer_db_, *segments_);
    if (!moved || !*moved) return;  // an error: the next idle moment tries again
    checkpoint_if_due();
  }
}

void SqliteStore::run_reader(Database& db) {
  for (;;) {
    auto reads = reads_.pop(1);
    if (reads.empty()) return;
    Read& read = reads.front();
    const auto view = segments_->view();  // before the transaction: it holds whatever that may see
    auto result = db.query("BEGIN").run();
    if (result) {
      SqliteTx tx(db, view);
      result = run_work(read.work, tx);
      static_cast<void>(db.query("ROLLBACK").run());  // nothing was written
    }
    call_back(read.done, std::move(result));
  }
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const SqliteOptions& options) {
  CAS_TRY(auto lock, FileLock::take(options.file));
  CAS_TRY(auto writer, open_writer(options));
  std::vector<Database> readers;
  for (std::size_t n = 0; n < std::max<std::size_t>(options.readers, 1); ++n) {
    CAS_TRY(auto reader, open_reader(options));
    readers.push_back(std::move(reader));
  }
  CAS_TRY(auto segments, open_segments(options, writer));
  return std::make_unique<SqliteStore>(std::move(lock), options, std::move(writer), std::move(readers),
                                       std::move(segments));
}

}  // namespace cas::store
