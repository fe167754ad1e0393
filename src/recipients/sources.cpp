// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A set, a table, a folder.
#include "recipients/sources.hpp"

#include "base/encoding.hpp"

namespace cas::recipients {

namespace {

Found found(const AliasFile::Entry& entry) {
  return Found{.mailbox = entry.mailbox, .targets = entry.targets, .rule = "file:" + std::to_string(entry.line)};
}

Result<bool> is_folder(const std::filesystem::path& path) {
  std::error_code fault;
  const auto status = std::filesystem::status(path, fault);
  if (std::filesystem::is_directory(status)) return true;
  if (std::filesystem::status_known(status)) return false;
  return transient("the mailbox cannot be looked up now", "\"" + path.string() + "\": " + fault.message());
}

}  // namespace

ListSource::ListSource(const std::vector<LocalPart>& mailboxes) {
  for (const auto& local : mailboxes) mailboxes_.insert(to_lower(local.value()));
}

net::Task<Lookup> ListSource::find(std::string local) {
  if (!mailboxes_.contains(local)) co_return std::nullopt;
  co_return Found{.mailbox = true, .rule = "list"};
}

net::Task<Lookup> FileSource::find(std::string local) {
  const auto* entry = file_->find(local);
  if (entry == nullptr) co_return std::nullopt;
  co_return found(*entry);
}

std::optional<Found> FileSource::catch_all() const {
  if (file_->catch_all() == nullptr) return std::nullopt;
  return found(*file_->catch_all());
}

net::Task<Lookup> MaildirSource::find(std::string local) {
  auto look = [this, path = folder_ / folder_name(local)]() -> Result<bool> {
    CAS_TRY(const bool there, is_folder(path));
    if (there) return true;
    CAS_TRY(const bool around, is_folder(folder_));
    if (!around) return transient("the mailbox cannot be looked up now", "\"" + folder_.string() + "\" is not there");
    return false;
  };
  const auto there = co_await workers_.run<bool>(std::move(look));
  if (!there) co_return std::unexpected(there.error());
  if (!*there) co_return std::nullopt;
  co_return Found{.mailbox = true, .rule = "maildir"};
}

std::string folder_name(const std::string& local) {
  std::string name;
  for (const char c : local) {
    const auto octet = static_cast<std::uint8_t>(c);
    const bool special = octet <= ' ' || octet == 0x7f || c == '/' || c == '%' || (c == '.' && name.empty());
    if (special) {
      name += "%" + to_upper(hex(std::span(&octet, 1)));
    } else {
      name += c;
    }
  }
  return name;
}

}  // namespace cas::recipients
