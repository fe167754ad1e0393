// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Maildir, the way its readers expect: written under tmp/, synced, renamed into new/, the folder synced. Blocking: on a
// worker.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cas::inbound {

/// One delivery. The file's name comes from the queue entry: a delivery that is repeated after a crash replaces its own
/// half or whole, and never doubles.
class MaildirFile {
 public:
  /// `name`: unique, without "/" and ":". `folder`: one below the inbox, as Maildir++ names it (".Junk"); empty: the
  /// inbox itself.
  MaildirFile(std::filesystem::path maildir, std::string name, std::string_view folder = {});
  ~MaildirFile();  // removes what was begun and not committed
  MaildirFile(const MaildirFile&) = delete;
  MaildirFile& operator=(const MaildirFile&) = delete;

  /// Whether the message is there already, in new/ or, read, in cur/. Reads cur/: only when a crash may have happened.
  [[nodiscard]] Result<bool> exists() const;
  /// Makes the Maildir and its folder (mode 0700) where needed and opens tmp/NAME.
  [[nodiscard]] Result<void> open();
  /// CRLF line ends become LF: what Maildir readers expect. Cut anywhere.
  [[nodiscard]] Result<void> write(std::string_view octets);
  /// Durable when it succeeds: fsync of the file, rename, fsync of new/.
  [[nodiscard]] Result<void> commit();

 private:
  [[nodiscard]] Result<void> write_all(std::string_view octets);

  std::filesystem::path inbox_;
  std::filesystem::path maildir_;  // where the message goes: the inbox, or a folder of it
  std::string name_;
  int fd_ = -1;
  bool cr_pending_ = false;
};

/// Moves a message from one folder of a mailbox to another, as new mail, durably; flags that a reader gave it are lost.
/// False: it is not there (any more): its owner moved or removed it, or this was done before.
[[nodiscard]] Result<bool> move_maildir_file(const std::filesystem::path& maildir, const std::string& name,
                                             std::string_view from, std::string_view to);
[[nodiscard]] Result<bool> has_maildir_file(const std::filesystem::path& maildir, const std::string& name,
                                            std::string_view folder);
/// Removes it from that folder. False: it is not there.
[[nodiscard]] Result<bool> remove_maildir_file(const std::filesystem::path& maildir, const std::string& name,
                                               std::string_view folder);

}  // namespace cas::inbound
