// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Those who take turns: each stands in a ring once or not at all, and knows where.
#pragma once

#include <list>
#include <optional>

namespace cas::queue {

template <class T>
class Ring {
 public:
  /// Where somebody stands; a member of T, one for each ring that it may stand in.
  using Place = std::optional<typename std::list<T*>::iterator>;

  /// At the end, unless it is in already.
  void join(T& member, Place& place) {
    if (!place) place = members_.insert(members_.end(), &member);
  }
  void leave(Place& place) {
    if (place) members_.erase(*place);
    place.reset();
  }
  [[nodiscard]] T& front() { return *members_.front(); }
  /// The first becomes the last.
  void turn() { members_.splice(members_.end(), members_, members_.begin()); }

  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] auto begin() const { return members_.begin(); }
  [[nodiscard]] auto end() const { return members_.end(); }

 private:
  std::list<T*> members_;
};

}  // namespace cas::queue
