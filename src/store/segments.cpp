// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See segments.hpp.
#include "store/segments.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "store/checksum.hpp"

namespace cas::store {

/// One file. It goes with the last who can read it, once it is given up.
class SegmentFile {
 public:
  explicit SegmentFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~SegmentFile() {
    if (given_up_) ::unlink(path_.c_str());  // after a failure the next start removes it
  }
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void give_up() const { given_up_ = true; }

 private:
  std::filesystem::path path_;
  mutable std::atomic<bool> given_up_ = false;
};

namespace {

constexpr std::string_view suffix = ".seg";
constexpr std::size_t digits = 12;
constexpr std::uint64_t sparse_part = 4;

std::unexpected<Error> damaged(const std::filesystem::path& file, const Place& place, std::string_view what) {
  std::string reason = file.string();
  reason.append(" at ").append(std::to_string(place.offset)).append(": ").append(what);
  return permanent("a stored message is damaged", std::move(reason));
}

/// Whatever there is, up to the size of `octets`.
Result<std::size_t> read_up_to(int fd, const std::filesystem::path& file, std::uint64_t offset, std::string& octets) {
  std::size_t all = 0;
  while (all < octets.size()) {
    const auto got = ::pread(fd, octets.data() + all, octets.size() - all, static_cast<off_t>(offset + all));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error(file, "cannot be read", errno);
    if (got == 0) break;
    all += static_cast<std::size_t>(got);
  }
  return all;
}

Result<std::string> read_file(const std::filesystem::path& file, const Place& place) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) return damaged(file, place, "the file is not there: restore a backup");
  if (fd < 0) return disk_error(file, "cannot be opened", errno);
  struct stat about{};
  const bool long_enough = ::fstat(fd, &about) == 0 && static_cast<std::uint64_t>(about.st_size) >= place.offset &&
                           static_cast<std::uint64_t>(about.st_size) - place.offset >= place.octets;
  std::string octets(long_enough ? static_cast<std::size_t>(place.octets) : 0, '\0');
  auto got = read_up_to(fd, file, place.offset, octets);
  ::close(fd);
  if (!got) return std::unexpected(std::move(got).error());
  if (!long_enough || *got != octets.size()) return damaged(file, place, "the file is too short");
  if (checksum(octets) != place.sum) return damaged(file, place, "the octets have another checksum");
  return octets;
}

std::filesystem::path segment_file(const std::filesystem::path& directory, std::int64_t segment) {
  std::string name = std::to_string(segment);
  name.insert(0, digits - std::min(digits, name.size()), '0');
  return directory / name.append(suffix);
}

Result<void> make_directory(const std::filesystem::path& directory, Disk& disk) {
  const bool made = ::mkdir(directory.c_str(), 0700) == 0;
  if (made || (errno == EEXIST && std::filesystem::is_directory(directory) &&
               ::faccessat(AT_FDCWD, directory.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) == 0)) {
    // Also when it was there: who made it may have ended before its name was on the disk.
    return disk.sync_directory(directory.has_parent_path() ? directory.parent_path() : ".");
  }
  return permanent("storage is not available",
                   directory.string() +
                       " cannot be used for the bodies of messages: it must be a directory that the "
                       "user that runs cas can read and write");
}

}  // namespace

Result<std::string> read_piece(const std::filesystem::path& directory, const Place& place) {
  const auto file = segment_file(directory, place.segment);
  constexpr std::uint64_t most = std::uint64_t{1} << 30;  // a damaged row may say anything
  if (place.octets > most || place.offset > std::uint64_t{INT64_MAX} - most) {
    return damaged(file, place, "its place cannot be understood");
  }
  return read_file(file, place);
}

// ---- Opening ----

std::int64_t Segments::number_of(const std::string& file_name) {
  std::int64_t number = 0;
  if (file_name.size() != digits + suffix.size() || !file_name.ends_with(suffix)) return 0;
  const auto [end, error] = std::from_chars(file_name.data(), file_name.data() + digits, number);
  return error == std::errc() && end == file_name.data() + digits && number > 0 ? number : 0;
}

Segments::Segments(SegmentOptions options)
    : options_(std::move(options)),
      disk_(options_.disk != nullptr ? *options_.disk : real_disk()),
      files_(std::make_shared<const Files>()) {}

Result<std::unique_ptr<Segments>> Segments::open(SegmentOptions options, const std::vector<NamedSegment>& named) {
  std::unique_ptr<Segments> segments(new Segments(std::move(options)));
  CAS_CHECK(make_directory(segments->options_.directory, segments->disk_));
  CAS_CHECK(segments->take_stock(named));
  return segments;
}

Result<void> Segments::take_stock(const std::vector<NamedSegment>& named) {
  Files files;
  for (const auto& [segment, octets] : named) {
    files.emplace(segment, std::make_shared<const SegmentFile>(file_of(segment)));
    counts_[segment] = {.named = static_cast<std::int64_t>(octets), .left_alone = true};  // until the file is seen
    last_ = std::max(last_, segment);
  }
  std::error_code error;
  for (std::filesystem::directory_iterator at(options_.directory, error), end; !error && at != end;
       at.increment(error)) {
    const auto segment = number_of(at->path().filename().string());
    if (segment == 0) continue;
    const auto count = counts_.find(segment);
    if (count == counts_.end()) {
      // Nothing names it. If it stays, the next start tries again.
      if (::unlink(at->path().c_str()) != 0) last_ = std::max(last_, segment);
      continue;
    }
    std::error_code unknown;
    const auto size = at->file_size(unknown);
    if (!unknown) count->second = {.named = count->second.named, .size = size};
  }
  if (error) return disk_error(options_.directory, "cannot be listed", error.value());
  files_.with([&](auto& all) { all = std::make_shared<const Files>(std::move(files)); });
  return {};
}

Segments::~Segments() {
  if (fd_ >= 0) end_segment();
}

std::filesystem::path Segments::file_of(std::int64_t segment) const {
  return segment_file(options_.directory, segment);
}

// ---- Reading ----

Segments::View Segments::view() const {
  return {*this, files_.with([](const auto& files) { return files; })};
}

std::shared_ptr<const SegmentFile> Segments::find(std::int64_t segment) const {
  return files_.with([&](const auto& files) {
    const auto found = files->find(segment);
    return found == files->end() ? nullptr : found->second;
  });
}

Result<std::string> Segments::View::read(const Place& place) const {
  const auto held = files_->find(place.segment);
  const auto file = held == files_->end() ? segments_->find(place.segment) : held->second;
  if (file) return read_file(file->path(), place);
  // What rows name is known from the start on: it was given up since this transaction began.
  return transient("storage is not available", segments_->file_of(place.segment).string() + ": given up meanwhile");
}

// ---- Appending ----

Result<Place> Segments::append(std::string_view octets) {
  CAS_TRY(const auto place, write(octets));
  must_sync_ = true;
  add_change(place, true);
  return place;
}

Result<Held> Segments::append_unnamed(std::string_view octets) {
  CAS_TRY(const auto place, write(octets));
  return Held{.place = place, .hold = counts_[place.segment].hold};
}

Result<void> Segments::name(const Held& held) {
  const Place& place = held.place;
  if (held.hold->lost) return transient("storage is not available", file_of(place.segment).string() + ": not synced");
  must_sync_ = must_sync_ || (place.segment == last_ && unsynced_);  // an ended one was synced when it ended
  add_change(place, false);
  return {};
}

void Segments::add_change(const Place& place, bool reusable) {
  changes_.push_back({.segment = place.segment,
                      .octets = static_cast<std::int64_t>(place.octets),
                      .offset = place.offset,
                      .reusable = reusable});
}

Result<Place> Segments::write(std::string_view octets) {
  if (octets.empty() || octets.size() > options_.size) return permanent("internal error", "a piece of no length");
  if (lost_) return std::unexpected(*lost_);
  auto done = make_room(octets.size());
  if (done) done = disk_.write(fd_, file_of(last_), octets, end_);
  if (!done) {
    look_for_sparse_ = was_full_ = true;
    return std::unexpected(std::move(done).error());
  }
  unsynced_ = true;
  const Place place{.segment = last_, .offset = end_, .octets = octets.size(), .sum = checksum(octets)};
  end_ += octets.size();
  return place;
}

Result<void> Segments::make_room(std::uint64_t octets) {
  if (fd_ >= 0 && end_ + octets > options_.size) {
    CAS_CHECK(sync_file());  // a sync is of one file: what is in this one is done with
    end_segment();
  }
  if (fd_ < 0) CAS_CHECK(begin_segment());
  if (end_ + octets <= reserved_) return {};
  const auto steps = (end_ + octets + options_.step - 1) / options_.step;
  const auto needed = end_ + octets;
  for (const auto wanted : {std::max(std::min(steps * options_.step, options_.size), needed), needed}) {
    const auto reserved = disk_.reserve(fd_, file_of(last_), wanted);
    if (!reserved && wanted > needed) continue;  // a disk that is almost full has room for what is needed, perhaps
    CAS_CHECK(reserved);
    reserved_ = wanted;
    break;
  }
  return {};
}

Result<void> Segments::begin_segment() {
  ++last_;  // also when it fails: the next try takes another name
  CAS_TRY(fd_, disk_.create(file_of(last_)));
  end_ = 0;
  reserved_ = 0;
  name_unsynced_ = true;
  counts_[last_] = {};
  publish(last_, std::make_shared<const SegmentFile>(file_of(last_)));
  return {};
}

void Segments::end_segment() {
  static_cast<void>(::ftruncate(fd_, static_cast<off_t>(end_)));  // a courtesy: what was reserved ahead
  ::close(fd_);
  fd_ = -1;
  unsynced_ = false;
  name_unsynced_ = false;
  counts_[last_].size = end_;
  give_up_if_empty(last_);
}

Result<void> Segments::sync() {
  if (lost_) return std::unexpected(*lost_);
  return must_sync_ ? sync_file() : Result<void>();
}

Result<void> Segments::sync_file() {
  if (!unsynced_) return {};
  auto synced = disk_.sync(fd_, file_of(last_));
  if (synced && name_unsynced_) synced = disk_.sync_directory(options_.directory);
  if (!synced) {
    lost_ = synced.error();
    counts_[last_].hold->lost = true;
    end_segment();
    return synced;
  }
  unsynced_ = false;
  name_unsynced_ = false;
  return {};
}

// ---- Counting ----

void Segments::forget(std::int64_t segment, std::uint64_t octets) {
  changes_.push_back(
      {.segment = segment, .octets = -static_cast<std::int64_t>(octets), .offset = 0, .reusable = false});
}

void Segments::undo(std::size_t mark) {
  while (changes_.size() > mark) {
    const Change change = changes_.back();
    changes_.pop_back();
    if (change.reusable && change.segment == last_ && fd_ >= 0) end_ = change.offset;
    give_up_if_empty(change.segment);
  }
}

void Segments::committed() {
  for (const Change& change : changes_) {
    const auto count = counts_.find(change.segment);
    if (count == counts_.end()) continue;
    count->second.named += change.octets;
    look_for_sparse_ = look_for_sparse_ || change.octets < 0;
  }
  rolled_back();  // what is left of it
}

void Segments::rolled_back() {
  lost_.reset();
  must_sync_ = false;
  const auto changes = std::exchange(changes_, {});
  for (const Change& change : changes) give_up_if_empty(change.segment);
}

void Segments::give_up_if_empty(std::int64_t segment) {
  const auto count = counts_.find(segment);
  if (count == counts_.end() || count->second.named > 0 || (segment == last_ && fd_ >= 0)) return;
  if (std::ranges::find(changes_, segment, &Change::segment) != changes_.end()) return;  // not yet known
  if (count->second.is_held()) {
    look_for_sparse_ = true;
    return;
  }
  counts_.erase(count);
  if (const auto file = find(segment)) file->give_up();
  publish(segment, nullptr);
}

/// Readers keep the map they have; the next ones see this change.
void Segments::publish(std::int64_t segment, std::shared_ptr<const SegmentFile> file) {
  auto before = files_.with([](const auto& files) { return files; });
  auto changed = std::make_shared<Files>(*before);
  if (file) {
    changed->insert_or_assign(segment, std::move(file));
  } else {
    changed->erase(segment);
  }
  files_.with([&](auto& files) { files = std::move(changed); });
}

std::optional<std::int64_t> Segments::sparse() {
  if (!look_for_sparse_) return std::nullopt;
  if (was_full_ && fd_ >= 0 && !counts_[last_].is_held()) {
    end_segment();  // what nobody names in it is part of what fills the disk
    was_full_ = false;
  }
  bool held = false;
  for (auto at = counts_.begin(); at != counts_.end();) {
    const auto& [segment, count] = *at++;  // it may be given up
    if (count.left_alone || (segment == last_ && fd_ >= 0)) continue;
    if (count.is_held()) {
      held = true;
    } else if (count.named == 0) {
      give_up_if_empty(segment);
    } else if (static_cast<std::uint64_t>(count.named) < count.size / sparse_part) {
      return segment;
    }
  }
  look_for_sparse_ = held || was_full_;
  return std::nullopt;
}

void Segments::leave_alone(std::int64_t segment) {
  if (const auto count = counts_.find(segment); count != counts_.end()) count->second.left_alone = true;
}

}  // namespace cas::store
