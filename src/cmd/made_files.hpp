// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Files and folders made one after the other, of which all stay or none.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace cas::cmd {

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

class MadeFiles {
 public:
  MadeFiles() = default;
  /// Takes away what was made, unless keep() was called.
  ~MadeFiles();
  MadeFiles(MadeFiles&& other) noexcept : made_(std::exchange(other.made_, {})), kept_(other.kept_) {}
  MadeFiles& operator=(MadeFiles&&) = delete;

  /// A file that must not exist, whole or not there at all, synced. `owner`: none: whoever we are. Permanent error
  /// that names the file.
  [[nodiscard]] Result<void> write(const std::filesystem::path& file, std::string_view octets, mode_t mode,
                                   std::optional<Owner> owner);
  /// The folder and those around it, where they are missing; only the last has the mode and the owner, the others are
  /// as folders are. One that is there is left as it is.
  [[nodiscard]] Result<void> folder(const std::filesystem::path& folder, mode_t mode, std::optional<Owner> owner);
  /// Somebody else made it for us.
  void add(std::filesystem::path made) { made_.push_back(std::move(made)); }

  [[nodiscard]] const std::vector<std::filesystem::path>& all() const { return made_; }
  void keep() { kept_ = true; }
  /// In the reverse order; what it could not take away. A folder in which somebody else put something stays.
  std::vector<std::filesystem::path> undo();

 private:
  std::vector<std::filesystem::path> made_;
  bool kept_ = false;
};

}  // namespace cas::cmd
