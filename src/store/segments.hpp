// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The octets of larger bodies: an append-only log, cut into files (segments). It knows nothing of rows. Who names a
// piece in a transaction syncs first: the octets are on the disk before the row that says where they are. What no row
// names is of no meaning, so a torn tail does no harm and nothing is repaired.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "base/result.hpp"
#include "store/disk.hpp"

namespace cas::store {

/// Where octets lie. `sum` is their checksum.
struct Place {
  std::int64_t segment = 0;  // from 1; a number is not used twice while the store is open
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;
  std::uint64_t sum = 0;
};

/// A segment that rows name, and how much of it.
struct NamedSegment {
  std::int64_t segment = 0;
  std::uint64_t octets = 0;
};

struct SegmentOptions {
  std::filesystem::path directory;
  std::uint64_t size = std::uint64_t{64} << 20;  // a segment is ended when the next piece would not fit
  std::uint64_t step = std::uint64_t{8} << 20;   // reserved ahead, so that a sync writes little but the octets
  Disk* disk = nullptr;                          // null: the machine's
};

/// Who has one keeps its segment from being given up, though no row names what is in it.
struct SegmentHold {
  bool lost = false;  // a sync of the segment failed; the writer's
};

/// Octets in a segment that no row names yet.
struct Held {
  Place place;
  std::shared_ptr<const SegmentHold> hold;
};

/// A piece of a directory of segments that somebody else may have open. Permanent error: it is not what was written.
[[nodiscard]] Result<std::string> read_piece(const std::filesystem::path& directory, const Place& place);

class SegmentFile;

/// What can be read: a view keeps the segments that were there when it was taken, even those that are given up later.
/// Taken before a transaction begins, it can read whatever that transaction sees.
class Segments {
 public:
  using Files = std::map<std::int64_t, std::shared_ptr<const SegmentFile>>;

  class View {
   public:
    View(const Segments& segments, std::shared_ptr<const Files> files)
        : segments_(&segments), files_(std::move(files)) {}
    /// Permanent error: the segment is not there, is too short, or the octets have another checksum; the private
    /// reason names file and offset. Transient error: it could not be read, or was given up meanwhile.
    [[nodiscard]] Result<std::string> read(const Place& place) const;

   private:
    const Segments* segments_;
    std::shared_ptr<const Files> files_;
  };

  /// Creates the directory (mode 0700) if need be. Removes segments that are not among `named`: what a crash left.
  /// Permanent error: the directory cannot be used; the private reason says what would be right.
  [[nodiscard]] static Result<std::unique_ptr<Segments>> open(SegmentOptions options,
                                                              const std::vector<NamedSegment>& named);
  ~Segments();
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;

  /// Any thread.
  [[nodiscard]] View view() const;
  /// Which segment a file of that name is; 0: it is none.
  [[nodiscard]] static std::int64_t number_of(const std::string& file_name);

  // ---- One thread: the writer ----

  /// For a row of this transaction. Not empty, at most a segment's size. Not durable before sync(). Errors are
  /// transient; nothing of it counts then.
  [[nodiscard]] Result<Place> append(std::string_view octets);
  /// For a row of a later transaction, which says name(). Before the first append() of this one.
  [[nodiscard]] Result<Held> append_unnamed(std::string_view octets);
  /// A row of this transaction names what was appended before. Transient error: a sync of it failed.
  [[nodiscard]] Result<void> name(const Held& held);
  /// What this transaction's rows name is on the disk. After an error what was appended since the last sync may be
  /// lost, whatever a later sync says: the current segment is ended, and append() and sync() fail until rolled_back().
  [[nodiscard]] Result<void> sync();
  /// The transaction takes these octets' name away.
  void forget(std::int64_t segment, std::uint64_t octets);

  /// append() and forget() count when the transaction is committed. undo() takes back what came after that mark; its
  /// place is used again.
  [[nodiscard]] std::size_t mark() const { return changes_.size(); }
  void undo(std::size_t mark);
  /// Segments that nothing names any more are given up; their files go when no view holds them.
  void committed();
  /// The whole transaction failed. Its places are not used again: a log may still hold rows that name them.
  void rolled_back();

  /// An ended segment of which less than a quarter is named: worth copying what is left.
  [[nodiscard]] std::optional<std::int64_t> sparse();
  /// Something in it cannot be read: it stays as it is.
  void leave_alone(std::int64_t segment);

 private:
  struct Change {
    std::int64_t segment;
    std::int64_t octets;   // negative: forgotten
    std::uint64_t offset;  // of what was appended
    bool reusable;         // its place, when it is taken back
  };
  struct Count {
    std::int64_t named = 0;
    std::uint64_t size = 0;  // what of it was written
    bool left_alone = false;
    std::shared_ptr<SegmentHold> hold = std::make_shared<SegmentHold>();

    [[nodiscard]] bool is_held() const { return hold.use_count() > 1; }
  };

  explicit Segments(SegmentOptions options);
  [[nodiscard]] std::filesystem::path file_of(std::int64_t segment) const;
  [[nodiscard]] Result<void> take_stock(const std::vector<NamedSegment>& named);
  [[nodiscard]] Result<void> make_room(std::uint64_t octets);
  [[nodiscard]] Result<void> begin_segment();
  [[nodiscard]] Result<Place> write(std::string_view octets);
  void add_change(const Place& place, bool reusable);
  [[nodiscard]] Result<void> sync_file();
  void end_segment();
  void give_up_if_empty(std::int64_t segment);
  void publish(std::int64_t segment, std::shared_ptr<const SegmentFile> file);
  [[nodiscard]] std::shared_ptr<const SegmentFile> find(std::int64_t segment) const;

  SegmentOptions options_;
  Disk& disk_;
  Guarded<std::shared_ptr<const Files>> files_;
  std::map<std::int64_t, Count> counts_;
  std::vector<Change> changes_;
  std::int64_t last_ = 0;  // the highest number that was ever used
  bool look_for_sparse_ = true;

  int fd_ = -1;  // of the current segment, last_; negative: the next append() begins one
  std::uint64_t end_ = 0;
  std::uint64_t reserved_ = 0;
  std::optional<Error> lost_;  // the sync that failed
  bool unsynced_ = false;
  bool was_full_ = false;   // since the current segment began, there was no room
  bool must_sync_ = false;  // rows of this transaction name something unsynced
  bool name_unsynced_ = false;
};

}  // namespace cas::store
