// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Small messages.
#include "conformance/letter.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/encoding.hpp"
#include "message/date.hpp"

namespace cas::conformance {
namespace {

constexpr std::string_view crlf = "\r\n";

bool is_named(const std::string& field, std::string_view name) {
  return field.size() > name.size() && field.starts_with(name) && field[name.size()] == ':';
}

}  // namespace

std::string Letter::text() const {
  std::string out;
  for (const auto& field : fields) out.append(field).append(crlf);
  return out.append(crlf).append(body);
}

std::string& Letter::field(std::string_view name) {
  const auto found = std::ranges::find_if(fields, [&](const auto& f) { return is_named(f, name); });
  if (found == fields.end()) throw std::logic_error("no such field in the letter");
  return *found;
}

void Letter::remove(std::string_view name) {
  std::erase_if(fields, [&](const auto& f) { return is_named(f, name); });
}

Letter compose(const LetterFacts& facts) {
  const auto at = facts.from.rfind('@');
  Letter letter;
  letter.message_id = "<" + facts.unique + facts.from.substr(at) + ">";
  letter.fields = {"From: <" + facts.from + ">", "To: <" + facts.to + ">", "Subject: " + facts.subject,
                   "Date: " + format_date(facts.date), "Message-ID: " + letter.message_id};
  letter.body =
      "This message belongs to a run of `cas conformance`, which asks a mail server\r\n"
      "whether it keeps to the Confirm and Send protocol. It may be deleted.\r\n";
  return letter;
}

confirm::MessageHashes hashes_of(std::string_view message) {
  constexpr std::string_view boundary = "\r\n\r\n";
  std::string_view header = message;
  std::string_view body;
  if (message.starts_with(crlf)) {
    header = {};
    body = message.substr(crlf.size());
  } else if (const auto end = message.find(boundary); end != std::string_view::npos) {
    header = message.substr(0, end + crlf.size());
    body = message.substr(end + boundary.size());
  }
  confirm::BodyHasher hasher;
  hasher.update(body);
  confirm::MessageHashes hashes;
  if (const auto fields = parse_header(header)) hashes.header = confirm::header_hash(*fields);
  hashes.body = hasher.finish();
  return hashes;
}

std::string to_data(std::string_view message) {
  std::string out;
  bool line_start = true;
  for (std::size_t n = 0; n < message.size(); ++n) {
    if (line_start && message[n] == '.') out += '.';
    out += message[n];
    line_start = n > 0 && message[n - 1] == '\r' && message[n] == '\n';
  }
  if (!message.ends_with(crlf)) out += crlf;
  return out + ".\r\n";
}

}  // namespace cas::conformance
