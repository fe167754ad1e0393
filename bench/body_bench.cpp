// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a queue's bodies are cheapest: the life of a message (committed in a group and synced, read once, deleted in a
// group) with its body in rows of SQLite, in an append-only log of segments, or in a file of its own.
//
//   body_bench DIRECTORY OCTETS GROUP MESSAGES VARIANT...
//
// One line a variant: messages/s, processor milliseconds per message (user, system), octets written per message (as
// asked for; as the disk was given), syncs per message. The figures behind docs/decisions/0009-bodies.md.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

std::uint64_t syncs = 0;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "body_bench: %s\n", what.c_str());
  std::exit(1);
}

void check(bool good, const char* what) {
  if (!good) fail(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

// SQLite calls these by name: its syncs are counted too.
extern "C" int fdatasync(int fd) {
  ++syncs;
  return static_cast<int>(::syscall(75, fd));
}
extern "C" int fsync(int fd) {
  ++syncs;
  return static_cast<int>(::syscall(74, fd));
}

namespace {

// ---- What is compared ----

enum class Where : std::uint8_t { Rows, Segments, Files };
/// Today: the schema of version 2. Lean: no foreign keys, no AUTOINCREMENT, no unique index on message.body, keyed
/// tables instead of a key beside the table. Inline: lean, and the body a column of its message.
enum class Schema : std::uint8_t { Today, Lean, Inline };

struct Variant {
  Where where = Where::Rows;
  Schema schema = Schema::Today;
  int page = 4096;
  int cache_kib = 16384;
  bool exclusive = false;
  bool secure_delete = true;
  bool preallocate = false;  // segments: fallocate, so that a sync meets a file of its final size
  bool recycle = false;      // segments: an empty one is overwritten, not deleted
  bool savepoints = true;
};

const std::map<std::string, Variant>& variants() {
  static const std::map<std::string, Variant> all = {
      {"rows", {}},
      {"rows-8k", {.page = 8192}},
      {"rows-16k", {.page = 16384}},
      {"rows-64k", {.page = 65536}},
      {"rows-cache", {.cache_kib = 131072}},
      {"rows-exclusive", {.exclusive = true}},
      {"rows-keepfree", {.secure_delete = false}},
      {"rows-nosave", {.savepoints = false}},
      {"lean", {.schema = Schema::Lean}},
      {"lean-8k", {.schema = Schema::Lean, .page = 8192}},
      {"lean-16k", {.schema = Schema::Lean, .page = 16384}},
      {"lean-keepfree", {.schema = Schema::Lean, .secure_delete = false}},
      {"lean-8k-keepfree", {.schema = Schema::Lean, .page = 8192, .secure_delete = false}},
      {"lean-16k-keepfree", {.schema = Schema::Lean, .page = 16384, .secure_delete = false}},
      {"inline", {.schema = Schema::Inline}},
      {"inline-keepfree", {.schema = Schema::Inline, .secure_delete = false}},
      {"segments", {.where = Where::Segments}},
      {"segments-fallocate", {.where = Where::Segments, .preallocate = true}},
      {"segments-recycled", {.where = Where::Segments, .recycle = true}},
      {"segments-lean", {.where = Where::Segments, .schema = Schema::Lean}},
      {"segments-lean-recycled", {.where = Where::Segments, .schema = Schema::Lean, .recycle = true}},
      {"files", {.where = Where::Files}},
      {"files-lean", {.where = Where::Files, .schema = Schema::Lean}},
  };
  return all;
}

constexpr const char* today = R"sql(
CREATE TABLE body (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;
CREATE TABLE chunk (id INTEGER PRIMARY KEY, octets BLOB NOT NULL) STRICT;
CREATE TABLE message (id TEXT NOT NULL PRIMARY KEY, trace TEXT NOT NULL, arrived INTEGER NOT NULL, sender TEXT NOT NULL,
  user TEXT NOT NULL, sender_verified INTEGER NOT NULL, body INTEGER NOT NULL UNIQUE REFERENCES body (id),
  body_size INTEGER NOT NULL, prefix BLOB NOT NULL, place BLOB) STRICT;
CREATE TABLE recipient (message TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE, number INTEGER NOT NULL,
  address TEXT NOT NULL, route INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
  next_attempt INTEGER NOT NULL, last_reply TEXT NOT NULL, PRIMARY KEY (message, number)) STRICT, WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient (next_attempt) WHERE state = 0;
)sql";

constexpr const char* lean = R"sql(
CREATE TABLE chunk (id INTEGER PRIMARY KEY, octets BLOB NOT NULL) STRICT;
CREATE TABLE message (id TEXT NOT NULL PRIMARY KEY, trace TEXT NOT NULL, arrived INTEGER NOT NULL, sender TEXT NOT NULL,
  user TEXT NOT NULL, sender_verified INTEGER NOT NULL, body INTEGER NOT NULL,
  body_size INTEGER NOT NULL, prefix BLOB NOT NULL, place BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE recipient (message TEXT NOT NULL, number INTEGER NOT NULL,
  address TEXT NOT NULL, route INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
  next_attempt INTEGER NOT NULL, last_reply TEXT NOT NULL, PRIMARY KEY (message, number)) STRICT, WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient (next_attempt) WHERE state = 0;
)sql";

// ---- SQLite, as the store uses it ----

class Database {
 public:
  explicit Database(const std::string& file) {
    if (sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK)
      fail(file);
  }
  ~Database() {
    for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void exec(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql + sqlite3_errmsg(db_));
  }

  sqlite3_stmt* statement(const char* sql) {
    auto& kept = statements_[sql];
    if (kept == nullptr && sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &kept, nullptr) != SQLITE_OK) {
      fail(std::string(sql) + ": " + sqlite3_errmsg(db_));
    }
    return kept;
  }

  void hook_log() {
    const auto remember = [](void* out, sqlite3*, const char*, int pages) {
      return *static_cast<int*>(out) = pages, 0;
    };
    sqlite3_wal_hook(db_, remember, &log_pages_);
  }
  void checkpoint_above(int pages) {
    if (log_pages_ < moved_) moved_ = 0;
    if (log_pages_ - moved_ < pages) return;
    int in_log = 0;
    sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved_);
  }
  [[nodiscard]] sqlite3* raw() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
  int log_pages_ = 0;
  int moved_ = 0;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

class Query {
 public:
  Query(Database& db, const char* sql) : db_(db), statement_(db.statement(sql)) {}
  ~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& number(std::int64_t n) { return sqlite3_bind_int64(statement_, ++bound_, n), *this; }
  Query& text(std::string_view t) {
    return sqlite3_bind_text64(statement_, ++bound_, t.data(), t.size(), SQLITE_STATIC, SQLITE_UTF8), *this;
  }
  Query& blob(std::string_view t) {
    return sqlite3_bind_blob64(statement_, ++bound_, t.data(), t.size(), SQLITE_STATIC), *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail(sqlite3_errmsg(db_.raw()));
    return code == SQLITE_ROW;
  }
  [[nodiscard]] std::int64_t number_at(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string blob_at(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  Database& db_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

// ---- The log of segments ----

struct Place {
  std::int64_t segment;
  std::int64_t offset;
  std::int64_t octets;
};

class Segments {
 public:
  Segments(std::string directory, const Variant& variant) : directory_(std::move(directory)), variant_(variant) {
    begin_segment();
  }
  ~Segments() {
    for (auto& [number, segment] : all_) ::close(segment.fd);
  }
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;

  /// All of a group in one call, one sync.
  std::vector<Place> append(const std::vector<std::string_view>& bodies) {
    std::vector<Place> places;
    std::vector<iovec> vectors;
    for (const auto body : bodies) {
      if (end_ >= size) {
        flush(vectors);
        begin_segment();
      }
      if (vectors.empty()) start_ = end_;
      places.push_back({current_, end_, static_cast<std::int64_t>(body.size())});
      vectors.push_back({const_cast<char*>(body.data()), body.size()});
      end_ += static_cast<std::int64_t>(body.size());
      ++all_.at(current_).living;
    }
    flush(vectors);
    return places;
  }

  std::string read(const Place& place) {
    std::string octets(static_cast<std::size_t>(place.octets), '\0');
    check(::pread(all_.at(place.segment).fd, octets.data(), octets.size(), place.offset) == place.octets, "pread");
    return octets;
  }

  void forget(const Place& place) {
    Segment& segment = all_.at(place.segment);
    if (--segment.living != 0 || place.segment == current_) return;
    if (variant_.recycle && free_.size() < 4) {
      free_.push_back(segment.fd);
    } else {
      ::close(segment.fd);
      ::unlink(name(segment.file).c_str());
    }
    all_.erase(place.segment);
  }

 private:
  static constexpr std::int64_t size = 64 << 20;
  struct Segment {
    int fd = -1;
    std::int64_t living = 0;
    std::int64_t file = 0;
  };
  [[nodiscard]] std::string name(std::int64_t number) const { return directory_ + "/" + std::to_string(number); }

  void begin_segment() {
    ++current_;
    end_ = 0;
    if (!free_.empty()) {
      all_[current_] = {.fd = free_.front(), .file = current_};
      free_.pop_front();
      return;
    }
    const int fd = ::open(name(current_).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0, "open");
    if (variant_.preallocate) check(::fallocate(fd, 0, 0, size) == 0, "fallocate");
    ::fsync(fd);
    const int directory = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY);
    ::fsync(directory);
    ::close(directory);
    all_[current_] = {.fd = fd, .file = current_};
  }

  void flush(std::vector<iovec>& vectors) {
    if (vectors.empty()) return;
    std::size_t all = 0;
    for (const auto& v : vectors) all += v.iov_len;
    const int fd = all_.at(current_).fd;
    check(::pwritev(fd, vectors.data(), static_cast<int>(vectors.size()), start_) == static_cast<ssize_t>(all),
          "pwritev");
    check(::fdatasync(fd) == 0, "fdatasync");
    vectors.clear();
  }

  std::string directory_;
  const Variant& variant_;
  std::map<std::int64_t, Segment> all_;
  std::deque<int> free_;
  std::int64_t current_ = 0;
  std::int64_t start_ = 0;
  std::int64_t end_ = 0;
};

// ---- The queue ----

class Queue {
 public:
  Queue(const std::string& directory, const Variant& variant)
      : variant_(variant),
        directory_(directory),
        writer_(directory + "/q.db"),
        segments_((std::filesystem::create_directory(directory + "/bodies"), directory + "/bodies"), variant) {
    writer_.exec("PRAGMA page_size = " + std::to_string(variant.page) + "; PRAGMA journal_mode = WAL" +
                 "; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864" +
                 "; PRAGMA cache_size = -" + std::to_string(variant.cache_kib));
    if (variant.schema == Schema::Today) writer_.exec("PRAGMA foreign_keys = ON");
    if (variant.secure_delete) writer_.exec("PRAGMA secure_delete = FAST");
    if (!variant.secure_delete) writer_.exec("PRAGMA secure_delete = OFF");
    if (variant.exclusive) writer_.exec("PRAGMA locking_mode = EXCLUSIVE");
    writer_.exec(variant.schema == Schema::Today ? today : lean);
    writer_.hook_log();
    if (!variant.exclusive) reader_ = std::make_unique<Database>(directory + "/q.db");
    directory_fd_ = ::open((directory + "/bodies").c_str(), O_RDONLY | O_DIRECTORY);
  }
  ~Queue() { ::close(directory_fd_); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void commit(std::int64_t first, std::size_t group, std::string_view body) {
    std::vector<Place> places(group);
    if (variant_.where == Where::Segments) places = segments_.append(std::vector(group, body));
    if (variant_.where == Where::Files) {
      for (std::size_t n = 0; n < group; ++n) write_file(first + static_cast<std::int64_t>(n), body);
      check(::fsync(directory_fd_) == 0, "fsync");
    }
    Query(writer_, "BEGIN IMMEDIATE").step();
    for (std::size_t n = 0; n < group; ++n) {
      if (variant_.savepoints) Query(writer_, "SAVEPOINT one").step();
      add(first + static_cast<std::int64_t>(n), body, places[n]);
      if (variant_.savepoints) Query(writer_, "RELEASE one").step();
    }
    Query(writer_, "COMMIT").step();
    writer_.checkpoint_above(4000 * 4096 / variant_.page);
  }

  std::size_t read(std::int64_t n) {
    Database& db = reader_ ? *reader_ : writer_;
    Query(db, "BEGIN").step();
    const std::string id = id_of(n);
    std::string octets;
    {
      Query row(db, "SELECT body, body_size, sender, prefix, place FROM message WHERE id = ?");
      if (!row.text(id).step()) fail("lost");
      octets = read_body(db, row, n);
    }
    {
      Query row(db, "SELECT * FROM recipient WHERE message = ? ORDER BY number");
      if (!row.text(id).step()) fail("lost");
    }
    Query(db, "ROLLBACK").step();
    return octets.size();
  }

  void remove(std::int64_t first, std::size_t group) {
    Query(writer_, "BEGIN IMMEDIATE").step();
    std::vector<Place> forgotten;
    for (std::size_t n = 0; n < group; ++n) {
      if (variant_.savepoints) Query(writer_, "SAVEPOINT one").step();
      remove_one(first + static_cast<std::int64_t>(n), forgotten);
      if (variant_.savepoints) Query(writer_, "RELEASE one").step();
    }
    Query(writer_, "COMMIT").step();
    for (const auto& place : forgotten) segments_.forget(place);
    for (std::size_t n = 0; n < group && variant_.where == Where::Files; ++n) {
      ::unlink(file_of(first + static_cast<std::int64_t>(n)).c_str());
    }
    writer_.checkpoint_above(4000 * 4096 / variant_.page);
  }

 private:
  static std::string id_of(std::int64_t n) {
    std::string number = std::to_string(n);
    return "01KAS0" + std::string(20 - number.size(), '0') + number;
  }
  [[nodiscard]] std::string file_of(std::int64_t n) const { return directory_ + "/bodies/b" + std::to_string(n); }

  void write_file(std::int64_t n, std::string_view body) {
    const int fd = ::open(file_of(n).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    check(fd >= 0, "open");
    check(::write(fd, body.data(), body.size()) == static_cast<ssize_t>(body.size()), "write");
    check(::fsync(fd) == 0, "fsync");
    ::close(fd);
  }

  void add(std::int64_t n, std::string_view body, const Place& place) {
    std::int64_t number = n;
    if (variant_.schema == Schema::Today) {
      Query(writer_, "INSERT INTO body DEFAULT VALUES").step();
      number = sqlite3_last_insert_rowid(writer_.raw());
    }
    if (variant_.where == Where::Rows && variant_.schema != Schema::Inline) add_chunks(number, body);
    static const std::string prefix(350, 'R');
    const std::string id = id_of(n);
    const bool is_inline = variant_.schema == Schema::Inline && variant_.where == Where::Rows;
    Query(writer_,
          "INSERT INTO message VALUES (?, '0123456789abcdef', ?, 'joe@football.example.com', '', 0, ?, ?, ?, ?)")
        .text(id)
        .number(1'795'460'400'123)
        .number(number)
        .number(static_cast<std::int64_t>(body.size()))
        .blob(prefix)
        .blob(is_inline ? body : std::string_view(reinterpret_cast<const char*>(&place), sizeof place))
        .step();
    Query(writer_, "INSERT INTO recipient VALUES (?, 0, 'suzie@shopping.example.net', 0, 0, 0, ?, '')")
        .text(id)
        .number(1'795'460'400'123 + n)
        .step();
  }

  void add_chunks(std::int64_t number, std::string_view body) {
    constexpr std::size_t most = 1 << 20;
    for (std::int64_t at = number << 20; !body.empty(); ++at) {
      if (variant_.schema == Schema::Today) {  // what append_body() asks before it appends
        Query(writer_, "SELECT 1 FROM body WHERE id = ?").number(number).step();
        Query(writer_, "SELECT max(id) FROM chunk WHERE id BETWEEN ? AND ?")
            .number(number << 20)
            .number((number << 20) + most - 1)
            .step();
      }
      Query(writer_, "INSERT INTO chunk VALUES (?, ?)").number(at).blob(body.substr(0, most)).step();
      body.remove_prefix(std::min(body.size(), most));
    }
  }

  std::string read_body(Database& db, const Query& row, std::int64_t n) {
    if (variant_.where == Where::Segments) {
      Place place{};
      std::memcpy(&place, row.blob_at(4).data(), sizeof place);
      return segments_.read(place);
    }
    if (variant_.where == Where::Files) {
      std::ifstream file(file_of(n), std::ios::binary);
      std::string octets(static_cast<std::size_t>(row.number_at(1)), '\0');
      file.read(octets.data(), static_cast<std::streamsize>(octets.size()));
      return octets;
    }
    if (variant_.schema == Schema::Inline) return row.blob_at(4);
    std::string octets;
    for (std::int64_t at = row.number_at(0) << 20;; ++at) {
      Query chunk(db, "SELECT octets FROM chunk WHERE id = ?");
      if (!chunk.number(at).step()) return octets;
      octets += chunk.blob_at(0);
    }
  }

  void remove_one(std::int64_t n, std::vector<Place>& forgotten) {
    const std::string id = id_of(n);
    std::int64_t number = 0;
    {
      Query(writer_, "SELECT * FROM recipient WHERE message = ? ORDER BY number").text(id).step();  // is_done()
      Query row(writer_, "SELECT body, place FROM message WHERE id = ?");
      if (!row.text(id).step()) fail("lost");
      number = row.number_at(0);
      if (variant_.where == Where::Segments)
        std::memcpy(&forgotten.emplace_back(), row.blob_at(1).data(), sizeof(Place));
    }
    if (variant_.schema != Schema::Today) Query(writer_, "DELETE FROM recipient WHERE message = ?").text(id).step();
    Query(writer_, "DELETE FROM message WHERE id = ?").text(id).step();
    if (variant_.schema == Schema::Today) Query(writer_, "DELETE FROM body WHERE id = ?").number(number).step();
    if (variant_.where != Where::Rows || variant_.schema == Schema::Inline) return;
    Query(writer_, "DELETE FROM chunk WHERE id BETWEEN ? AND ?")
        .number(number << 20)
        .number((number << 20) + (1 << 20) - 1)
        .step();
  }

  const Variant& variant_;
  std::string directory_;
  Database writer_;
  std::unique_ptr<Database> reader_;
  Segments segments_;
  int directory_fd_ = -1;
};

// ---- Measuring ----

struct Figures {
  double user = 0;
  double system = 0;
  double asked = 0;
  double given = 0;
  double syncs = 0;
  std::chrono::steady_clock::time_point when = std::chrono::steady_clock::now();

  static double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  }
  static Figures now() {
    Figures f;
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    f.user = seconds(usage.ru_utime);
    f.system = seconds(usage.ru_stime);
    f.syncs = static_cast<double>(::syncs);
    std::ifstream io("/proc/self/io");
    std::string name;
    double value = 0;
    while (io >> name >> value) {
      if (name == "wchar:") f.asked = value;
      if (name == "write_bytes:") f.given = value;
    }
    return f;
  }
};

/// Messages are read and deleted when `lag` later ones have come: what is deleted at once would never leave the cache.
void live(Queue& queue, std::size_t messages, std::size_t group, std::size_t lag, std::string_view body) {
  std::size_t removed = 0;
  for (std::size_t n = 0; n < messages; n += group) {
    queue.commit(static_cast<std::int64_t>(n), group, body);
    while (removed + lag <= n || (n + group >= messages && removed < n + group)) {
      for (std::size_t m = 0; m < group; ++m) {
        if (queue.read(static_cast<std::int64_t>(removed + m)) != body.size()) fail("a body of another length");
      }
      queue.remove(static_cast<std::int64_t>(removed), group);
      removed += group;
    }
  }
}

void measure(const std::string& name, const std::string& directory, std::size_t octets, std::size_t group,
             std::size_t messages) {
  const auto found = variants().find(name);
  if (found == variants().end()) fail("no variant " + name);
  std::filesystem::create_directories(directory);
  std::string body(octets, '\0');
  for (std::size_t n = 0; n < octets; ++n) body[n] = static_cast<char>('a' + (n * 2654435761U >> 7) % 26);
  messages = (messages + group - 1) / group * group;
  {
    Queue queue(directory, found->second);
    const std::size_t lag = std::max<std::size_t>(group, octets > (1 << 20) ? 8 : 512);
    const auto before = Figures::now();
    live(queue, messages, group, lag, body);
    const auto after = Figures::now();
    const double n = static_cast<double>(messages);
    const double took = std::chrono::duration<double>(after.when - before.when).count();
    std::printf("%-24s %8zu %3zu  %9.1f msg/s  cpu %7.3f ms (%.3f + %.3f)  asked %10.0f  disk %10.0f  syncs %.3f\n",
                name.c_str(), octets, group, n / took,
                (after.user - before.user + after.system - before.system) * 1e3 / n,
                (after.user - before.user) * 1e3 / n, (after.system - before.system) * 1e3 / n,
                (after.asked - before.asked) / n, (after.given - before.given) / n, (after.syncs - before.syncs) / n);
    std::fflush(stdout);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) fail("body_bench DIRECTORY OCTETS GROUP MESSAGES VARIANT...");
  for (int n = 5; n < argc; ++n) {
    measure(argv[n], std::string(argv[1]) + "/body-bench-" + std::to_string(::getpid()),
            std::strtoul(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10), std::strtoul(argv[4], nullptr, 10));
  }
}
