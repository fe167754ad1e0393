// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Sources that answer from what this machine has: a list, a file, the folders of Maildirs.
#pragma once

#include <filesystem>
#include <memory>
#include <set>

#include "net/workers.hpp"
#include "recipients/alias_file.hpp"
#include "recipients/source.hpp"

namespace cas::recipients {

class ListSource final : public Source {
 public:
  explicit ListSource(const std::vector<LocalPart>& mailboxes);
  [[nodiscard]] net::Task<Lookup> find(std::string local) override;

 private:
  std::set<std::string> mailboxes_;
};

class FileSource final : public Source {
 public:
  explicit FileSource(std::shared_ptr<const AliasFile> file) : file_(std::move(file)) {}
  [[nodiscard]] net::Task<Lookup> find(std::string local) override;
  [[nodiscard]] std::optional<Found> catch_all() const override;

 private:
  std::shared_ptr<const AliasFile> file_;
};

/// A mailbox is there when its folder is. That the folder around them is missing says nothing of mailboxes: an error.
class MaildirSource final : public Source {
 public:
  /// `workers` outlive it.
  MaildirSource(std::filesystem::path folder, net::Workers& workers) : folder_(std::move(folder)), workers_(workers) {}
  [[nodiscard]] net::Task<Lookup> find(std::string local) override;

 private:
  std::filesystem::path folder_;
  net::Workers& workers_;
};

/// The folder of a mailbox: one path component for any local part, neither "." nor ".." and without "/": such octets
/// are percent-encoded. Two local parts never share one.
[[nodiscard]] std::string folder_name(const std::string& local);

}  // namespace cas::recipients
