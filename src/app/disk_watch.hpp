// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Looks now and then how full the file systems are. On threads of its own, one for the state and one for mail: a file
// system whose server has died can hold up whoever asks.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "inbound/load.hpp"

namespace cas::app {

class DiskWatch {
 public:
  struct Places {
    std::filesystem::path state_dir;
    std::map<Domain, std::filesystem::path> maildirs;
  };
  /// `see` is told what was found, from a thread of the watch and never after the watch has gone. Looks once at the
  /// state before it returns.
  DiskWatch(Places places, std::chrono::milliseconds pause, std::function<void(const inbound::Room::Seen&)> see);
  /// Does not wait for a file system that does not answer.
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;
  /// From the next look on.
  void watch(Places places);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// None when it cannot be told: then nothing is refused for it.
[[nodiscard]] std::optional<policy::Space> space_of(const std::filesystem::path& folder);

}  // namespace cas::app
