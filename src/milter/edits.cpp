// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See edits.hpp.
#include "milter/edits.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "message/header.hpp"

namespace cas::milter {

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] == '\r') {
      if (n + 1 < text.size() && text[n + 1] == '\n') ++n;
      out += "\r\n";
    } else if (text[n] == '\n') {
      out += "\r\n";
    } else {
      out += text[n];
    }
  }
  return out;
}

Result<HeaderEdits> HeaderEdits::of(const std::string& header) {
  CAS_TRY(const auto fields, parse_header(header));
  HeaderEdits edits;
  for (const auto& field : fields) edits.fields_.push_back({std::string(field.name), std::string(field.raw)});
  return edits;
}

std::vector<Header> HeaderEdits::packets(bool leading_space) const {
  std::vector<Header> all;
  for (const auto& field : fields_) {
    std::string_view value = field.raw;
    value.remove_prefix(value.find(':') + 1);
    if (value.ends_with("\r\n")) value.remove_suffix(2);
    if (!leading_space && value.starts_with(' ')) value.remove_prefix(1);
    Header packet{.name = field.name, .value = {}};
    std::ranges::copy_if(value, std::back_inserter(packet.value), [](char c) { return c != '\r'; });
    all.push_back(std::move(packet));
  }
  return all;
}

Result<HeaderEdits::Field> HeaderEdits::made(std::string_view name, std::string_view value, bool leading_space) const {
  if (fields_.size() >= most_fields) return permanent("a filter makes too many fields");
  Field field{.name = std::string(name), .raw = std::string(name) + ':'};
  if (!leading_space) field.raw += ' ';
  field.raw += with_crlf(value) + "\r\n";
  std::size_t octets = field.raw.size();
  for (const auto& other : fields_) octets += other.raw.size();
  if (octets > most) return permanent("a filter makes the header too long");
  const auto parsed = parse_header(field.raw);
  const bool one = parsed && parsed->size() == 1 && parsed->front().raw.size() == field.raw.size();
  if (!one) return permanent("a filter makes a field that is none");
  return field;
}

Result<void> HeaderEdits::add(const AddHeader& added, bool leading_space) {
  CAS_TRY(auto field, made(added.name, added.value, leading_space));
  fields_.push_back(std::move(field));
  return {};
}

Result<void> HeaderEdits::insert(const InsertHeader& inserted, bool leading_space) {
  CAS_TRY(auto field, made(inserted.name, inserted.value, leading_space));
  const auto at = std::min<std::size_t>(inserted.index, fields_.size());
  fields_.insert(fields_.begin() + static_cast<std::ptrdiff_t>(at), std::move(field));
  return {};
}

Result<void> HeaderEdits::change(const ChangeHeader& changed, bool leading_space) {
  std::uint32_t left = std::max<std::uint32_t>(changed.index, 1);  // 0 is 1, as Sendmail has it
  const auto found = std::ranges::find_if(
      fields_, [&](const Field& field) { return iequals(field.name, changed.name) && --left == 0; });
  if (changed.value.empty()) {
    if (found != fields_.end()) fields_.erase(found);
    return {};
  }
  if (found == fields_.end()) return add({.name = changed.name, .value = changed.value}, leading_space);
  CAS_TRY(*found, made(changed.name, changed.value, leading_space));
  return {};
}

std::string HeaderEdits::text() const {
  std::string text;
  for (const auto& field : fields_) text += field.raw;
  return text;
}

}  // namespace cas::milter
