// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses out of mail folders: Maildirs (with the folders below them, Maildir++) and mbox files.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "message/address.hpp"

namespace cas::cmd {

/// Of each message: who wrote it (From), or whom it was for (To, Cc, Bcc).
enum class FolderFields { Authors, Recipients };

struct MailFolder {
  std::filesystem::path path;
  FolderFields fields = FolderFields::Authors;
};

/// Gives each address of each message to `use`, and tells how many files of how many it has read. Of a Maildir the
/// folders Junk, Trash, Drafts and Screener are passed over: what lies there was not wanted. A message that cannot be
/// read, or whose header is longer than 256 KiB, is passed over. Why a folder cannot be read; empty: all could.
[[nodiscard]] std::string read_mail_folders(const std::vector<MailFolder>& folders,
                                            const std::function<void(const Mailbox&)>& use,
                                            const std::function<void(std::size_t done, std::size_t all)>& progress);

/// The addresses that a header names in those fields; `text` is a header with any line ends.
void addresses_in_header(std::string_view text, FolderFields fields, const std::function<void(const Mailbox&)>& use);

}  // namespace cas::cmd
