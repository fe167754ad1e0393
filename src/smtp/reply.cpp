// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Replies as octets and back.
#include "smtp/reply.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"

namespace cas::smtp {
namespace {

constexpr std::size_t max_reply_line = 512;  // RFC 5321 §4.5.3.1.5, CRLF included
constexpr std::size_t max_reply_lines = 128;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// One number of an enhanced code: 1 to 3 digits (RFC 3463 §2). Consumes them.
std::optional<int> take_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits == 0 || digits > 3) return {};
  int value = 0;
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// The enhanced code at the start of `text`, which then holds what follows it. Its class must be the reply's
/// (RFC 2034 §4); anything else is ordinary text.
std::optional<EnhancedCode> take_enhanced(std::string_view& text, int code) {
  std::string_view rest = text;
  const auto klass = take_number(rest);
  if (!klass || *klass != code / 100 || !take(rest, '.')) return {};
  const auto subject = take_number(rest);
  if (!subject || !take(rest, '.')) return {};
  const auto detail = take_number(rest);
  if (!detail || !(rest.empty() || take(rest, ' '))) return {};
  text = rest;
  return EnhancedCode{*klass, *subject, *detail};
}

/// The code of a reply line, or 0 (RFC 5321 §4.2: 2-5, 0-5, 0-9).
int code_of(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '5' || !is_digit(line[2])) {
    return 0;
  }
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return 0;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/// The last place up to `at`, inside the text, that splits no character of UTF-8.
std::size_t border_before(std::string_view text, std::size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U) --at;
  return at;
}

}  // namespace

std::string EnhancedCode::text() const {
  if (klass == 0) return {};
  return std::to_string(klass) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

std::string Reply::wire() const {
  std::string out;
  const std::string enhanced_text = enhanced.text();
  const std::size_t count = std::max<std::size_t>(lines.size(), 1);
  for (std::size_t n = 0; n < count; ++n) {
    const std::string_view text = lines.empty() ? std::string_view{} : std::string_view{lines[n]};
    const std::size_t start = out.size();
    out += std::to_string(code);
    out += n + 1 < count ? '-' : ' ';  // the SP also before an empty text: RFC 4954 §4 asks for it after 334
    out += enhanced_text;
    if (!enhanced_text.empty() && !text.empty()) out += ' ';
    const std::size_t room = max_reply_line - 2 - (out.size() - start);
    for (const char c : text.substr(0, room)) {
      out += is_control(c) || static_cast<unsigned char>(c) > 0x7f ? '?' : c;
    }
    out += "\r\n";
  }
  return out;
}

std::string Reply::summary() const {
  std::string out = std::to_string(code);
  if (enhanced.klass != 0) out += ' ' + enhanced.text();
  for (const auto& line : lines) {
    if (!line.empty()) out += ' ' + line;
  }
  std::ranges::replace_if(out, is_control, '?');
  return out;
}

Reply Reply::shortened(std::size_t most) const {
  Reply cut;
  cut.code = code;
  cut.enhanced = enhanced;
  std::size_t room = most;
  for (const auto& line : lines) {
    const bool full = room == 0 && !cut.lines.empty();
    if (full || line.size() > room) {
      cut.lines.push_back(line.substr(0, border_before(line, room)) + " [cut]");
      break;
    }
    cut.lines.push_back(line);
    room -= std::min(room, line.size() + 1);
  }
  return cut;
}

Reply reply_for(const Error& error) {
  if (error.lasting == Lasting::Permanent) return {554, {5, 3, 0}, error.public_text};
  return {451, {4, 3, 0}, error.public_text};
}

Result<std::optional<Reply>> ReplyParser::on_line(std::string_view line) {
  const int code = code_of(line);
  if (code == 0) return transient("the server's reply is not understood", "no reply line: " + printable(line, 100));
  const bool first = partial_.lines.empty();
  if (!first && code != partial_.code) {  // RFC 5321 §4.2.1
    return transient("the server's reply is not understood", "code changes within a reply: " + printable(line, 100));
  }
  if (partial_.lines.size() == max_reply_lines) return transient("the server's reply is too long");

  std::string_view text = line.substr(std::min<std::size_t>(4, line.size()));
  std::string_view rest = text;
  const auto enhanced = take_enhanced(rest, code);
  if (first) {
    partial_.code = code;
    partial_.enhanced = enhanced.value_or(EnhancedCode{});
  }
  if (enhanced && *enhanced == partial_.enhanced) text = rest;
  partial_.lines.emplace_back(text);
  if (line.size() > 3 && line[3] == '-') return std::nullopt;
  return std::exchange(partial_, Reply{});
}

}  // namespace cas::smtp
