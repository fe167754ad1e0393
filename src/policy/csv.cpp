// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See csv.hpp.
#include "policy/csv.hpp"

#include <algorithm>

namespace cas::policy {
namespace {

constexpr std::size_t max_fields = 64;
constexpr std::size_t max_field = 8192;

}  // namespace

void CsvReader::skip_line() {
  const auto end = rest_.find('\n');
  rest_.remove_prefix(end == rest_.npos ? rest_.size() : end);
}

/// False: a quote that does not end, or something behind one that did.
bool CsvReader::read_field(std::string& field) {
  if (!rest_.starts_with('"')) {
    const auto end = std::min(rest_.find_first_of(",\n"), rest_.size());
    field = rest_.substr(0, end);
    if (field.ends_with('\r')) field.pop_back();
    rest_.remove_prefix(end);
    return !field.contains('"') && field.size() <= max_field;
  }
  std::size_t at = 1;
  std::size_t lines = 0;
  for (;; ++at) {
    if (at >= rest_.size() || field.size() > max_field) return false;
    if (rest_[at] == '\n') ++lines;
    if (rest_[at] != '"') {
      field += rest_[at];
    } else if (at + 1 < rest_.size() && rest_[at + 1] == '"') {
      field += rest_[at++];
    } else {
      break;
    }
  }
  line_ += lines;
  rest_.remove_prefix(at + 1);
  if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
  return rest_.empty() || rest_.front() == ',' || rest_.front() == '\n';
}

std::optional<CsvReader::Record> CsvReader::next() {
  if (rest_.empty()) return {};
  Record record{.line = line_, .fields = {}, .broken = false};
  for (;;) {
    std::string field;
    if (!read_field(field) || record.fields.size() >= max_fields) {
      record.broken = true;
      skip_line();
      break;
    }
    record.fields.push_back(std::move(field));
    if (!rest_.starts_with(',')) break;
    rest_.remove_prefix(1);
  }
  if (!rest_.empty()) rest_.remove_prefix(1);  // the line end
  ++line_;
  return record;
}

std::string csv_field(std::string_view value) {
  const bool plain = value.find_first_of(",\"\r\n") == value.npos;
  if (plain) return std::string(value);
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace cas::policy
