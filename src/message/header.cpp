// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header fields as views, and their canonical forms. No octet is copied before a canonical form is asked for.
#include "message/header.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas {
namespace {

constexpr std::size_t kMaxFields = 10'000;
constexpr std::string_view kCrLf = "\r\n";

std::unexpected<Error> bad_header(std::string_view why) {
  return permanent("message header is not valid", "header: " + std::string(why));
}

/// The length of the line that opens `text`, CRLF included; 0 where a CR or an LF stands alone or none is there.
std::size_t line_length(std::string_view text) {
  const std::size_t lf = text.find('\n');
  if (lf == std::string_view::npos || lf == 0) return 0;
  return text.find('\r') == lf - 1 ? lf + 1 : 0;  // RFC 5322 §2.2: CR and LF only together
}

/// RFC 5322 §2.2 ftext: 33 to 126, without the colon.
bool is_field_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > 32 && c < 127 && c != ':'; });
}

/// The beginning of a line, for whoever has to find it.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 60;
  return printable(text.substr(0, text.find('\r')), longest);
}

/// `raw` cut at its colon.
Result<HeaderField> split_field(std::string_view raw) {
  const std::size_t colon = raw.find(':');
  if (colon == std::string_view::npos) return bad_header("a line is no field: \"" + shown(raw) + "\"");
  std::string_view name = raw.substr(0, colon);
  while (!name.empty() && is_wsp(name.back())) name.remove_suffix(1);  // RFC 5322 §4.5: obsolete blanks
  if (!is_field_name(name)) return bad_header("bad field name: \"" + shown(name) + "\"");
  return HeaderField{raw, name, raw.substr(colon + 1, raw.size() - colon - 1 - kCrLf.size())};
}

/// True where `text` continues with CRLF and white space at `at`.
bool is_fold(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && text[at + 1] == '\n' && is_wsp(text[at + 2]);
}

}  // namespace

Result<std::vector<HeaderField>> parse_header(std::string_view text) {
  std::vector<HeaderField> fields;
  fields.reserve(32);
  while (!text.empty() && !text.starts_with(kCrLf)) {
    if (is_wsp(text.front())) return bad_header("opens with a continuation");
    std::size_t length = 0;
    do {
      const std::size_t line = line_length(text.substr(length));
      if (line == 0) return bad_header("a line does not end in CRLF");
      length += line;
    } while (length < text.size() && is_wsp(text[length]));
    if (fields.size() == kMaxFields) return bad_header("too many fields");
    CAS_TRY(const HeaderField field, split_field(text.substr(0, length)));
    fields.push_back(field);
    text.remove_prefix(length);
  }
  return fields;
}

std::vector<HeaderField> fields_named(const std::vector<HeaderField>& fields, std::string_view name) {
  std::vector<HeaderField> found;
  std::ranges::copy_if(fields, std::back_inserter(found), [&](const HeaderField& f) { return iequals(f.name, name); });
  return found;
}

std::string unfold(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    const std::size_t cr = value.find('\r');
    out += value.substr(0, cr);
    if (cr == std::string_view::npos) break;
    if (!is_fold(value, cr)) out += '\r';
    value.remove_prefix(cr + (is_fold(value, cr) ? 2 : 1));
  }
  return out;
}

std::string relaxed_header(const HeaderField& field) {
  const auto write = [&](char* const start, std::size_t) {
    char* to = start;
    for (const char c : field.name) *to++ = to_lower(c);
    *to++ = ':';
    const char* const value_start = to;
    const std::string_view value = field.value;
    bool blank_before = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const char c = value[i];
      if (is_wsp(c)) {
        blank_before = true;
      } else if (c == '\r' && i + 1 < value.size() && is_fold(value, i)) {
        ++i;
      } else {
        if (blank_before && to > value_start) *to++ = ' ';
        blank_before = false;
        *to++ = c;
      }
    }
    to = std::ranges::copy(kCrLf, to).out;
    return static_cast<std::size_t>(to - start);
  };
  std::string out;
  out.resize_and_overwrite(field.name.size() + 1 + field.value.size() + kCrLf.size(), write);
  return out;
}

std::string simple_header(const HeaderField& field) {
  return std::string(field.raw);
}

}  // namespace cas
