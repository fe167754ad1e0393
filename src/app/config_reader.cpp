// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// TOML tables, key by key.
#include "app/config_reader.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::app {

namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

// "domain[0].signing" stands in the file as [domain.signing].
std::string header_of(std::string_view key) {
  std::string header;
  bool inside = false;
  for (const char c : key) {
    inside = c == '[' || (inside && c != ']');
    if (!inside && c != ']') header += c;
  }
  return header;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return "\"" + printable(text, 200) + "\"";
}

// ---- Findings ----

void Findings::add(std::size_t line, std::string key, std::string problem, std::string mend) {
  errors_.emplace(
      line,
      ConfigError{
          .file = file_, .line = line, .key = std::move(key), .problem = std::move(problem), .mend = std::move(mend)});
}

void Findings::add_at(const std::string& key, std::string problem, std::string mend) {
  add(line_of(key), key, std::move(problem), std::move(mend));
}

std::size_t Findings::line_of(std::string key) const {
  return line_of_key(lines_, std::move(key));
}

std::vector<ConfigError> Findings::take() {
  std::vector<ConfigError> result;
  for (auto& [line, error] : errors_) result.push_back(std::move(error));
  errors_.clear();
  return result;
}

// ---- Section ----

Section::Section(const toml::table* table, std::string path, Findings& findings)
    : table_(table), path_(std::move(path)), findings_(&findings) {
  if (table_ != nullptr && !path_.empty()) findings.remember(path_, table_->source().begin.line);
}

std::string Section::full_key(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Section::fail(std::string_view key, std::string problem, std::string mend) {
  findings_->add_at(full_key(key), std::move(problem), std::move(mend));
}

void Section::missing(std::string_view key, std::string mend) {
  fail(key, "is missing", std::move(mend));
}

void Section::wrong_type(std::string_view key, const toml::node& node, std::string_view wanted, std::string mend) {
  fail(key, "is " + std::string(type_name(node)) + ", not " + std::string(wanted), std::move(mend));
}

const toml::node* Section::find(std::string_view key) {
  known_.push_back(key);
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  if (node != nullptr) findings_->remember(full_key(key), node->source().begin.line);
  return node;
}

std::optional<ConfigText> Section::text(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_string()) return ConfigText{.value = value->get(), .key = full_key(key)};
  wrong_type(key, *node, "text", "put it in double quotes");
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong_type(key, *node, "true or false", "write true or false, without quotes");
  return std::nullopt;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const std::string range = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const auto* value = node->as_integer();
  if (value == nullptr) {
    wrong_type(key, *node, "a whole number", "write " + range + ", without quotes");
    return std::nullopt;
  }
  if (value->get() < least || value->get() > most) {
    fail(key, std::to_string(value->get()) + " is out of range", "write " + range);
    return std::nullopt;
  }
  return value->get();
}

std::optional<std::chrono::seconds> Section::duration(std::string_view key, std::chrono::seconds least,
                                                      std::chrono::seconds most) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_string();
  if (value == nullptr) {
    wrong_type(key, *node, "a duration", "write a number with s, m, h or d in double quotes, like \"5m\"");
    return std::nullopt;
  }
  const auto duration = parse_duration(value->get());
  if (!duration) {
    fail(key, in_quotes(value->get()) + " is no duration", "write a number with s, m, h or d, like \"5m\"");
    return std::nullopt;
  }
  if (*duration < least || *duration > most) {
    fail(key, in_quotes(value->get()) + " is out of range",
         "write a duration from " + duration_text(least) + " to " + duration_text(most));
    return std::nullopt;
  }
  return duration;
}

std::optional<std::vector<ConfigText>> Section::texts(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong_type(key, *node, "an array of texts", "write [\"...\", \"...\"]");
    return std::nullopt;
  }
  std::vector<ConfigText> result;
  for (std::size_t n = 0; n < array->size(); ++n) {
    const auto& element = *array->get(n);
    const std::string name = std::string(key) + "[" + std::to_string(n) + "]";
    findings_->remember(full_key(name), element.source().begin.line);
    if (const auto* value = element.as_string()) {
      result.push_back(ConfigText{.value = value->get(), .key = full_key(name)});
    } else {
      wrong_type(name, element, "text", "put it in double quotes");
    }
  }
  return result;
}

Section Section::section(std::string_view key) {
  const auto* node = find(key);
  const auto* table = node == nullptr ? nullptr : node->as_table();
  if (node != nullptr && table == nullptr) {
    wrong_type(key, *node, "a table", "write [" + header_of(full_key(key)) + "] and its keys on the lines below");
  }
  return {table, full_key(key), *findings_};
}

std::vector<Section> Section::sections(std::string_view key) {
  std::vector<Section> result;
  const auto* node = find(key);
  if (node == nullptr) return result;
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong_type(key, *node, "a list of tables", "write [[" + header_of(full_key(key)) + "]], with two brackets");
    return result;
  }
  for (std::size_t n = 0; n < array->size(); ++n) {
    const std::string name = std::string(key) + "[" + std::to_string(n) + "]";
    if (const auto* table = array->get(n)->as_table()) {
      result.emplace_back(table, full_key(name), *findings_);
    } else {
      wrong_type(key, *array->get(n), "a table",
                 "write [[" + header_of(full_key(key)) + "]] and its keys on the lines below");
    }
  }
  return result;
}

std::vector<Section> Section::one_or_more(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr || !node->is_table()) return sections(key);
  std::vector<Section> result;
  result.push_back(section(key));
  return result;
}

std::optional<std::size_t> Section::choice(std::string_view key, std::span<const std::string_view> words) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto place = std::ranges::find(words, value->value);
  if (place != words.end()) return static_cast<std::size_t>(place - words.begin());
  fail(key, in_quotes(value->value) + " is not known", "use " + one_of(words));
  return std::nullopt;
}

void Section::finish() {
  if (table_ == nullptr) return;
  for (const auto& [name, node] : *table_) {
    if (std::ranges::find(known_, name.str()) != known_.end()) continue;
    const auto meant = nearest(name.str(), known_);
    std::string mend =
        meant ? "did you mean \"" + std::string(*meant) + "\"?" : "remove it; the keys here are " + [this] {
          auto sorted = known_;
          std::ranges::sort(sorted);
          return one_of(sorted);
        }();
    findings_->add(name.source().begin.line, full_key(printable(name.str(), 64)), "is no key that CAS knows",
                   std::move(mend));
  }
}

}  // namespace cas::app
