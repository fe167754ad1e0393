// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The commented example of the configuration, read for what it says of each key. Its form: `key = value  # text`, or
// the same behind "# "; lines of prose belong to what follows them, and a paragraph of its own to nothing.
#include <algorithm>
#include <set>

#include "cmd/manual.hpp"

namespace cas::cmd {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// What stands before a "#" that is in no string, and what stands after it.
std::pair<std::string_view, std::string_view> split_comment(std::string_view line) {
  bool inside = false;
  for (std::size_t n = 0; n < line.size(); ++n) {
    if (line[n] == '"') inside = !inside;
    if (line[n] == '#' && !inside) return {trimmed(line.substr(0, n)), trimmed(line.substr(n + 1))};
  }
  return {trimmed(line), {}};
}

bool is_key(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string_view::npos;
}

struct Line {
  enum class Kind { Blank, Prose, Table, Key } kind = Kind::Prose;
  bool optional = false, list = false;
  std::string_view name, value, text;
};

Line read_line(std::string_view line) {
  Line read;
  if (trimmed(line).empty()) return {.kind = Line::Kind::Blank};
  read.optional = line.starts_with("# ");
  const auto [code, text] = split_comment(read.optional ? line.substr(2) : line);
  read.text = text;
  if (code.starts_with('[') && code.ends_with(']')) {
    read.list = code.starts_with("[[");
    const std::size_t width = read.list ? 2 : 1;
    read.name = code.substr(width, code.size() - 2 * width);
    read.kind = is_key(read.name) ? Line::Kind::Table : Line::Kind::Prose;
  } else if (const auto equals = code.find(" = "); equals != std::string_view::npos && is_key(code.substr(0, equals))) {
    read.name = code.substr(0, equals);
    read.value = code.substr(equals + 3);
    read.kind = Line::Kind::Key;
  }
  if (read.kind == Line::Kind::Prose) read.text = trimmed(line.substr(std::min(line.find('#') + 1, line.size())));
  return read;
}

void add_text(std::string& text, std::string_view more) {
  if (more.empty()) return;
  if (!text.empty()) text += ' ';
  text += more;
}

ExampleTable& table_of(std::vector<ExampleTable>& tables, const Line& line) {
  const auto found = std::ranges::find(tables, line.name, &ExampleTable::name);
  if (found != tables.end()) return *found;
  return tables.emplace_back(ExampleTable{
      .name = std::string(line.name), .list = line.list, .optional = line.optional, .text = {}, .keys = {}});
}

// A second [[listen]] shows another use of the same keys.
void add_key(ExampleTable& table, const Line& line, const std::string& prose) {
  const std::string name = table.name.empty() ? std::string(line.name) : table.name + "." + std::string(line.name);
  const auto before = std::ranges::find(table.keys, name, &ExampleKey::name);
  if (before != table.keys.end() && line.text.empty()) return;
  ExampleKey key{.name = name, .value = std::string(line.value), .optional = line.optional, .text = prose};
  add_text(key.text, line.text);
  table.keys.push_back(std::move(key));
}

}  // namespace

bool ExampleKey::is_default() const {
  return optional && !text.contains("left out");
}

std::vector<ExampleTable> parse_example(std::string_view example) {
  std::vector<ExampleTable> tables;
  tables.emplace_back();
  std::size_t table = 0;
  std::string prose;
  while (!example.empty()) {
    const auto end = std::min(example.find('\n'), example.size());
    const Line line = read_line(example.substr(0, end));
    example.remove_prefix(std::min(end + 1, example.size()));
    if (line.kind == Line::Kind::Prose) {
      add_text(prose, line.text);
      continue;
    }
    if (line.kind == Line::Kind::Table) {
      auto& found = table_of(tables, line);
      table = static_cast<std::size_t>(&found - tables.data());
      add_text(found.text, prose);
      add_text(found.text, line.text);
    } else if (line.kind == Line::Kind::Key) {
      add_key(tables[table], line, prose);
    }
    prose.clear();
  }
  return tables;
}

std::vector<std::string> disagreements(std::string_view example, const std::vector<app::KnownKey>& keys) {
  using Kind = app::KnownKey::Kind;
  std::vector<std::string> faults;
  std::set<std::string> described;
  const auto known = [&](std::string_view name) { return std::ranges::find(keys, name, &app::KnownKey::name); };
  for (const auto& table : parse_example(example)) {
    if (!table.name.empty() && known(table.name) == keys.end()) faults.push_back("[" + table.name + "] is not read");
    described.insert(table.name);
    for (const auto& key : table.keys) {
      if (known(key.name) == keys.end()) faults.push_back(key.name + " is not read");
      if (!described.insert(key.name).second) faults.push_back(key.name + " is described twice");
      if (key.text.empty()) faults.push_back(key.name + " stands there without a word about it");
    }
  }
  for (const auto& key : keys) {
    if (described.contains(key.name)) continue;
    const bool table = key.kind == Kind::Table || key.kind == Kind::Tables || key.kind == Kind::TableOrTables;
    faults.push_back((table ? "[" + key.name + "]" : key.name) + " is read and not described");
  }
  return faults;
}

}  // namespace cas::cmd
