// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The signing keys of a domain on disk: KEYS_DIR/DOMAIN/SELECTOR.pem, .next.pem, .old.pem (app/signing_keys.hpp).
// Blocking: for start-up and tools.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "app/signing_keys.hpp"
#include "base/result.hpp"
#include "message/address.hpp"

namespace cas::app {

struct SigningKey {
  KeyFacts facts;
  crypto::PrivateKey key;
};

struct KeyFault {
  std::filesystem::path file;
  std::string problem;  // what is wrong
  std::string mend;     // what would be right
};

struct DomainKeys {
  std::vector<SigningKey> keys;  // by selector
  std::vector<KeyFault>
      faults;  // every file that ends in .pem and cannot be used, and the folder where it cannot be read
  [[nodiscard]] std::vector<KeyFacts> facts() const;
};

/// Nothing where the folder does not exist. Files that do not end in .pem, or begin with a dot, are nobody's business.
[[nodiscard]] DomainKeys read_keys(const std::filesystem::path& keys_dir, const Domain& domain);

/// The domains that have a folder. A folder whose name is no domain, as CAS spells it, is a fault.
[[nodiscard]] std::expected<std::vector<Domain>, KeyFault> key_domains(const std::filesystem::path& keys_dir);

/// Changes a domain's keys. Holds a lock on the folder while it lives, so that two commands do not mix.
class KeyFolder {
 public:
  /// Makes both folders (0700) where they are missing, but none above them. What root makes belongs to whom the folder
  /// around it belongs to: the server reads it without being root. Transient when another command is at work.
  [[nodiscard]] static Result<KeyFolder> open(const std::filesystem::path& keys_dir, const Domain& domain);
  KeyFolder(KeyFolder&& other) noexcept;
  KeyFolder& operator=(KeyFolder&&) = delete;
  ~KeyFolder();

  /// A new file, 0600, synced, whole or not there at all; never over one that exists.
  [[nodiscard]] Result<void> add(const KeyName& name, const std::string& pem) const;
  /// One rename, synced; never over a file that exists. An old key's file is given the time of its retirement.
  [[nodiscard]] Result<void> take(const KeyStep& step) const;
  [[nodiscard]] Result<void> remove(const KeyName& name) const;

 private:
  KeyFolder(std::filesystem::path folder, int fd) : folder_(std::move(folder)), fd_(fd) {}
  [[nodiscard]] Result<void> move(const std::string& from, const std::string& to) const;

  std::filesystem::path folder_;
  int fd_;
};

}  // namespace cas::app
