// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See mail_folder.hpp.
#include "cmd/mail_folder.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "base/encoding.hpp"
#include "message/header.hpp"

namespace cas::cmd {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_header = 256UL * 1024;
constexpr std::array<std::string_view, 6> unwanted{".Junk",   ".Spam",     ".Trash",
                                                   ".Drafts", ".Screener", ".Deleted Items"};

using Use = std::function<void(const Mailbox&)>;

struct Source {
  fs::path file;
  FolderFields fields;
  bool mbox = false;
};

bool is_unwanted(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return std::ranges::any_of(
      unwanted, [&](std::string_view one) { return name == one || name.starts_with(std::string(one) + "."); });
}

// The files of one folder of a Maildir.
void list_messages(const fs::path& folder, FolderFields fields, std::vector<Source>& found) {
  for (const char* part : {"new", "cur"}) {
    std::error_code error;
    for (fs::directory_iterator file(folder / part, error), end; !error && file != end; file.increment(error)) {
      if (file->is_regular_file(error)) found.push_back({.file = file->path(), .fields = fields});
    }
  }
}

std::string list_folder(const MailFolder& folder, std::vector<Source>& found) {
  std::error_code error;
  const auto status = fs::status(folder.path, error);
  if (fs::is_regular_file(status)) {
    found.push_back({.file = folder.path, .fields = folder.fields, .mbox = true});
    return {};
  }
  if (!fs::is_directory(folder.path / "cur", error)) {
    return printable(folder.path.string()) +
           " is neither a Maildir (a folder with cur/, new/ and tmp/) nor an mbox file";
  }
  list_messages(folder.path, folder.fields, found);
  for (fs::directory_iterator below(folder.path, error), end; !error && below != end; below.increment(error)) {
    const auto& path = below->path();
    if (path.filename().string().starts_with(".") && !is_unwanted(path)) list_messages(path, folder.fields, found);
  }
  return {};
}

// Up to the empty line that ends it; empty when it is too long.
std::string read_header(std::istream& in) {
  std::string header;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line == "\r") return header;
    header += line + "\n";
    if (header.size() > longest_header) return {};
  }
  return header;
}

void read_mbox(std::istream& in, FolderFields fields, const Use& use) {
  bool after_empty = true;
  for (std::string line; std::getline(in, line);) {
    if (after_empty && line.starts_with("From ")) addresses_in_header(read_header(in), fields, use);
    after_empty = line.empty() || line == "\r";
  }
}

}  // namespace

void addresses_in_header(std::string_view text, FolderFields fields, const Use& use) {
  std::string header;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') header += '\r';
    header += c;
  }
  const auto parsed = parse_header(header);
  if (!parsed) return;
  std::vector<std::string_view> names{"from"};
  if (fields == FolderFields::Recipients) names = {"to", "cc", "bcc"};
  for (const auto name : names) {
    for (const auto& field : fields_named(*parsed, name)) {
      const auto mailboxes = parse_mailbox_list(field.value);
      if (!mailboxes) continue;
      for (const auto& mailbox : *mailboxes) use(mailbox);
    }
  }
}

std::string read_mail_folders(const std::vector<MailFolder>& folders, const Use& use,
                              const std::function<void(std::size_t done, std::size_t all)>& progress) {
  std::vector<Source> sources;
  for (const auto& folder : folders) {
    if (auto fault = list_folder(folder, sources); !fault.empty()) return fault;
  }
  for (std::size_t n = 0; n < sources.size(); ++n) {
    const auto& source = sources[n];
    std::ifstream in(source.file, std::ios::binary);
    if (!in && source.mbox) return printable(source.file.string()) + " cannot be read";
    if (source.mbox) {
      read_mbox(in, source.fields, use);
    } else {
      addresses_in_header(read_header(in), source.fields, use);
    }
    progress(n + 1, sources.size());
  }
  return {};
}

}  // namespace cas::cmd
