// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The reference of the configuration: what the reader knows of each key (its type and range), and what the commented
// example says of it.
#include <algorithm>
#include <chrono>

#include "app/config_values.hpp"
#include "cmd/manual.hpp"

namespace cas::cmd {

namespace {

using app::KnownKey;

const KnownKey* known(const std::vector<KnownKey>& keys, std::string_view name) {
  const auto found = std::ranges::find(keys, name, &KnownKey::name);
  return found == keys.end() ? nullptr : &*found;
}

std::string range_of(const KnownKey& key) {
  const auto duration = [](std::int64_t seconds) { return app::duration_text(std::chrono::seconds(seconds)); };
  if (key.kind == KnownKey::Kind::Duration) return duration(key.least) + " to " + duration(key.most);
  return std::to_string(key.least) + " to " + std::to_string(key.most);
}

std::string type_of(const KnownKey* key) {
  if (key == nullptr) return "unknown";
  switch (key->kind) {
    case KnownKey::Kind::Text: return "text";
    case KnownKey::Kind::Boolean: return "true or false";
    case KnownKey::Kind::Integer: return "whole number, " + range_of(*key);
    case KnownKey::Kind::Duration: return "duration, " + range_of(*key);
    case KnownKey::Kind::Texts: return "list of texts";
    case KnownKey::Kind::Choice: {
      std::string words;
      for (const auto& word : key->words) words += (words.empty() ? "\"" : " | \"") + word + "\"";
      return words;
    }
    default: return "table";
  }
}

std::string header_of(const ExampleTable& table, const std::vector<KnownKey>& keys) {
  if (table.name.empty()) return "Top of the file";
  const auto* key = known(keys, table.name);
  if (key != nullptr && key->kind == KnownKey::Kind::TableOrTables)
    return "[" + table.name + "], [[" + table.name + "]]";
  return table.list ? "[[" + table.name + "]]" : "[" + table.name + "]";
}

std::string last_word(const std::string& name) {
  return name.substr(name.rfind('.') + 1);  // npos + 1 is 0
}

/// For a cell of a table.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

}  // namespace

std::string config_page(std::string_view example, const std::vector<KnownKey>& keys) {
  std::string page = roff_head("cas.toml", 5, "the configuration of the CAS mail gateway");
  page +=
      ".SH SYNOPSIS\n.I /etc/cas/cas.toml\n.br\n.I /etc/cas/conf.d/*.toml\n.SH DESCRIPTION\n" +
      roff(
          "One configuration in the language TOML: cas.toml, and the files of conf.d beside it in the order of their "
          "names. Tables go on from file to file, lists of tables ([[domain]]) are added to, and a key that stands "
          "in two files is an error. Relative paths are relative to the folder of cas.toml. A key that is not known, "
          "or whose value cannot be used, is told with its file, its line and what would be right: ") +
      "\n.BR \"cas config check\" .\n" +
      roff(
          "A duration is a whole number and one of s, m, h, d: \"90s\", \"5m\". The server reads all of it again at "
          "SIGHUP; either the whole comes into force, or nothing.") +
      "\n.PP\n.B \"cas config example\"\nprints a file with every key.\n";
  for (const auto& table : parse_example(example)) {
    page += ".SH " + roff(header_of(table, keys)) + "\n";
    if (!table.text.empty()) page += roff(table.text) + "\n";
    for (const auto& key : table.keys) {
      page += ".TP\n\\fB" + roff(last_word(key.name)) + "\\fR (" + roff(type_of(known(keys, key.name))) + ")\n" +
              roff(key.text) + ".\n.br\n" + (key.is_default() ? "Default: " : "Example: ") + roff(key.value) + "\n";
    }
  }
  return page + ".SH SEE ALSO\n.BR cas (1),\n.BR cas (8)\n";
}

std::string config_reference(std::string_view example, const std::vector<KnownKey>& keys) {
  std::string out =
      "# Configuration\n\n<!-- Made by `make manual` of packaging/cas.toml and of what the reader knows. Change the "
      "first. -->\n\n"
      "Every key, with its type and default. [packaging/cas.toml](../packaging/cas.toml) has them as one file (`cas "
      "config\n"
      "example` prints it), [operating.md](operating.md) says what they are for. A duration is a whole number and one "
      "of `s`, `m`, `h`,\n"
      "`d`. What has no default is needed, or does nothing when it is left out; then the example stands in italics.\n";
  for (const auto& table : parse_example(example)) {
    out += "\n## " + header_of(table, keys) + "\n\n";
    if (!table.text.empty()) out += table.text + "\n\n";
    out += "| key | type | default, or *example* | |\n|---|---|---|---|\n";
    for (const auto& key : table.keys) {
      const std::string value = "`" + cell(key.value) + "`";
      out += "| `" + last_word(key.name) + "` | " + cell(type_of(known(keys, key.name))) + " | " +
             (key.is_default() ? value : "*" + value + "*") + " | " + cell(key.text) + " |\n";
    }
  }
  return out;
}

}  // namespace cas::cmd
