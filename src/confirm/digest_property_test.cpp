// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Digest c1 (CAS §4.4) under every change of one octet, held to a plain second reading of RFC 6376 §3.4.2 and §3.4.4:
// it stays exactly where the relaxed forms forgive the change.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "confirm/digest.hpp"

namespace cas::confirm {
namespace {

constexpr std::string_view message =
    "Received: from x by y;\r\n Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "From: Joe  SixPack <joe@football.example.com>\r\n"
    "To: suzie@shopping.example.net,\r\n\tbob@shopping.example.net\r\n"
    "Subject : Is dinner \r\n ready?\r\n"
    "Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "Message-ID: <1@football.example.com>\r\n"
    "X-Other: 1\r\n"
    "List-Id: <a.example>\r\n"
    "\r\n"
    "Hi. \r\n"
    "\r\n"
    "\tWe lost  the game.\r\n"
    "\r\n"
    "\r\n";

struct Parts {
  std::string_view header, body;
};
/// None without an empty line: such a message has no body, and is not what this is about.
std::optional<Parts> split(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos || text.starts_with("\r\n")) return std::nullopt;
  return Parts{text.substr(0, end + 2), text.substr(end + 4)};
}

bool has_bare_line_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && text.substr(i, 2) != "\r\n") return true;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
  }
  return false;
}

/// What the digest says of a message; none when a receiver refuses it.
std::optional<crypto::Sha256Digest> digest_of(std::string_view text) {
  const auto parts = split(text);
  if (!parts || has_bare_line_end(text)) return std::nullopt;
  const auto fields = parse_header(parts->header);
  if (!fields) return std::nullopt;
  BodyHasher body;
  body.update(parts->body);
  return digest_c1({}, {.header = header_hash(*fields), .body = body.finish()});
}

// ---- The second reading ----

std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_wsp(c)) {
      out += c;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find("\r\n"), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return lines;
}

std::string relaxed_reading(const Parts& parts) {
  std::vector<std::string> fields;
  for (const std::string& line : lines_of(parts.header)) {
    const bool continues = !line.empty() && is_wsp(line.front()) && !fields.empty();
    if (continues) {
      fields.back() += line;
    } else {
      fields.push_back(line);
    }
  }
  std::string out;
  for (const std::string_view wanted :
       {"from", "sender", "reply-to", "to", "cc", "date", "message-id", "subject", "in-reply-to", "references",
        "mime-version", "content-type", "content-transfer-encoding", "auto-submitted", "list-id", "list-unsubscribe",
        "list-unsubscribe-post"}) {
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
      const auto colon = field->find(':');
      const std::string name = to_lower(trim_wsp(std::string_view(*field).substr(0, colon)));
      if (name == wanted) out += name + ":" + squeezed(trim_wsp(std::string_view(*field).substr(colon + 1))) + "\n";
    }
  }
  std::vector<std::string> body;
  for (const std::string& line : lines_of(parts.body)) {
    std::string kept = squeezed(line);
    if (kept.ends_with(' ')) kept.pop_back();
    body.push_back(kept);
  }
  while (!body.empty() && body.back().empty()) body.pop_back();
  out += "\n";
  for (const std::string& line : body) out += line + "\n";
  return out;
}

std::vector<std::string> changes_at(std::size_t at) {
  std::vector<std::string> out;
  const auto with = [&](std::size_t size, std::string_view by) {
    out.push_back(std::string(message).replace(at, size, by));
  };
  for (const char* added : {" ", "\t", "x", "\r\n", "\r\n ", "  ", ":"}) with(0, added);
  if (at == message.size()) return out;
  for (const char* other : {" ", "\t", "x", "X", "\r\n"}) with(1, other);
  with(1, "");
  if (is_alpha(message[at])) with(1, std::string(1, static_cast<char>(message[at] ^ 0x20)));
  if (at + 2 <= message.size()) with(2, "");
  return out;
}

TEST(DigestProperty, ChangesWithEveryOctetThatRelaxedDoesNotForgiveCasSection44) {
  const auto original = digest_of(message);
  ASSERT_TRUE(original);
  const std::string reading = relaxed_reading(*split(message));
  std::size_t same = 0, other = 0;
  for (std::size_t at = 0; at <= message.size(); ++at) {
    for (const std::string& changed : changes_at(at)) {
      const auto digest = digest_of(changed);
      if (!digest) continue;
      const bool forgiven = relaxed_reading(*split(changed)) == reading;
      EXPECT_EQ(digest == original, forgiven) << changed;
      ++(forgiven ? same : other);
    }
  }
  EXPECT_GT(same, 500U);
  EXPECT_GT(other, 1500U);
}

TEST(DigestProperty, HoldsEveryVisibleOctetOfDigestedFieldsAndBodyCasSection44) {
  const auto original = digest_of(message);
  const std::size_t from = message.find("From:"), other = message.find("X-Other:"), list = message.find("List-Id:");
  for (std::size_t at = 0; at < message.size(); ++at) {
    const char c = message[at];
    if (c <= ' ' || c == ':') continue;
    const std::string changed = std::string(message).replace(at, 1, c == 'z' ? "y" : "z");
    const bool outside = at < from || (at >= other && at < list);
    const auto digest = digest_of(changed);
    if (digest) EXPECT_EQ(digest == original, outside) << changed;
  }
}

}  // namespace
}  // namespace cas::confirm
