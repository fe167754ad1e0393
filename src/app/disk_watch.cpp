// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// statvfs, again and again.
#include "app/disk_watch.hpp"

#include <sys/statvfs.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace cas::app {

struct DiskWatch::State {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  Places places;
  inbound::Room::Seen seen;
  std::chrono::milliseconds pause{};
  std::function<void(const inbound::Room::Seen&)> see;

  // Looks without the lock: it may take long.
  static void look_at_state(State& self, std::unique_lock<std::mutex>& lock);
  static void look_at_mail(State& self, std::unique_lock<std::mutex>& lock);
  static void repeat(const std::shared_ptr<State>& self, void (*look)(State&, std::unique_lock<std::mutex>&));
};

void DiskWatch::State::look_at_state(State& self, std::unique_lock<std::mutex>& lock) {
  const auto folder = self.places.state_dir;
  lock.unlock();
  const auto space = space_of(folder);
  lock.lock();
  self.seen.state = space.value_or(inbound::Room::Seen{}.state);
}

void DiskWatch::State::look_at_mail(State& self, std::unique_lock<std::mutex>& lock) {
  const auto maildirs = self.places.maildirs;
  lock.unlock();
  std::map<Domain, policy::Space> found;
  for (const auto& [domain, folder] : maildirs) {
    if (const auto space = space_of(folder)) found.emplace(domain, *space);
  }
  lock.lock();
  self.seen.mail = std::move(found);
}

void DiskWatch::State::repeat(const std::shared_ptr<State>& self, void (*look)(State&, std::unique_lock<std::mutex>&)) {
  std::unique_lock lock(self->mutex);
  while (!self->stopping) {
    look(*self, lock);
    if (self->stopping) return;
    self->see(self->seen);
    self->changed.wait_for(lock, self->pause, [&] { return self->stopping; });
  }
}

DiskWatch::DiskWatch(Places places, std::chrono::milliseconds pause,
                     std::function<void(const inbound::Room::Seen&)> see)
    : state_(std::make_shared<State>()) {
  state_->places = std::move(places);
  state_->pause = pause;
  state_->see = std::move(see);
  {
    std::unique_lock lock(state_->mutex);
    State::look_at_state(*state_, lock);
    state_->see(state_->seen);
  }
  // Detached, since one that hangs in statvfs cannot be joined; they own what they touch.
  for (const auto look : {&State::look_at_state, &State::look_at_mail}) {
    std::thread([self = state_, look] { State::repeat(self, look); }).detach();
  }
}

DiskWatch::~DiskWatch() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
}

void DiskWatch::watch(Places places) {
  const std::scoped_lock lock(state_->mutex);
  state_->places = std::move(places);
}

// The folder, or the one around it where it has not been made yet.
std::optional<policy::Space> space_of(const std::filesystem::path& folder) {
  struct statvfs found{};
  for (auto place = folder;; place = place.parent_path()) {
    if (::statvfs(place.c_str(), &found) == 0) break;
    if (!place.has_relative_path()) return std::nullopt;
  }
  return policy::Space{.octets = std::uint64_t{found.f_bavail} * found.f_frsize,
                       .inodes = found.f_favail,
                       .counts_inodes = found.f_files != 0};
}

}  // namespace cas::app
