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

void Findings::add(ConfigPlace place, std::string key, std::string problem, std::string mend) {
  const auto order = static_cast<std::size_t>(std::ranges::find(files_, place.file) - files_.begin());
  const std::pair where(order, place.line);
  errors_.emplace(where, ConfigError{.file = std::move(place.file),
                                     .line = place.line,
                                     .key = std::move(key),
                                     .problem = std::move(problem),
                                     .mend = std::move(mend)});
}

void Findings::add_at(const std::string& key, std::string problem, std::string mend) {
  add(place_of_key(places_, key).value_or(ConfigPlace{.file = files_.front(), .line = 1}), key, std::move(problem),
      std::move(mend));
}

void Findings::remember(const std::string& key, const toml::node& node) {
  places_.emplace(key, place_of(node.source()));
}

ConfigPlace Findings::place_of(const toml::source_region& region) const {
  return {.file = region.path ? std::filesystem::path(*region.path) : files_.front(), .line = region.begin.line};
}

std::vector<ConfigError> Findings::take() {
  std::vector<ConfigError> result;
  for (auto& [where, error] : errors_) result.push_back(std::move(error));
  errors_.clear();
  return result;
}

// ---- Section ----

Section::Section(std::vector<const toml::table*> parts, std::string path, Findings& findings)
    : parts_(std::move(parts)), path_(std::move(path)), findings_(&findings) {
  if (!parts_.empty() && !path_.empty()) findings.remember(path_, *parts_.front());
}

Section::Section(const ConfigTables& tables, Findings& findings) : findings_(&findings) {
  for (const auto& table : tables.tables) parts_.push_back(&table);
}

bool Section::has(std::string_view key) const {
  return std::ranges::any_of(parts_, [&](const toml::table* part) { return part->contains(key); });
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

std::vector<const toml::node*> Section::find_all(std::string_view key) {
  known_.push_back(key);
  std::vector<const toml::node*> nodes;
  for (const auto* part : parts_) {
    if (const auto* node = part->get(key)) nodes.push_back(node);
  }
  if (!nodes.empty()) findings_->remember(full_key(key), *nodes.front());
  return nodes;
}

// Which of two values is meant nobody can tell: the last one would win only for who knows the order of the files.
const toml::node* Section::find(std::string_view key) {
  const auto nodes = find_all(key);
  if (nodes.empty()) return nullptr;
  const auto first = findings_->place_of(nodes.front()->source());
  for (const auto* again : std::span(nodes).subspan(1)) {
    findings_->add(findings_->place_of(again->source()), full_key(key),
                   "stands in " + in_quotes(first.file.string()) + ", line " + std::to_string(first.line) + ", too",
                   "remove one of the two");
  }
  return nodes.front();
}

// Without the numbers of lists, and once.
void Section::note(std::string_view key, KnownKey fact) {
  if (findings_->known == nullptr) return;
  fact.name = header_of(full_key(key));
  auto& known = *findings_->known;
  const auto before = std::ranges::find(known, fact.name, &KnownKey::name);
  if (before == known.end()) {
    known.push_back(std::move(fact));
  } else {
    *before = std::move(fact);
  }
}

std::optional<ConfigText> Section::text(std::string_view key) {
  note(key, {.kind = KnownKey::Kind::Text});
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_string()) return ConfigText{.value = value->get(), .key = full_key(key)};
  wrong_type(key, *node, "text", "put it in double quotes");
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  note(key, {.kind = KnownKey::Kind::Boolean});
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong_type(key, *node, "true or false", "write true or false, without quotes");
  return std::nullopt;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  note(key, {.kind = KnownKey::Kind::Integer, .least = least, .most = most});
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
  note(key, {.kind = KnownKey::Kind::Duration, .least = least.count(), .most = most.count()});
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
  note(key, {.kind = KnownKey::Kind::Texts});
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
    findings_->remember(full_key(name), element);
    if (const auto* value = element.as_string()) {
      result.push_back(ConfigText{.value = value->get(), .key = full_key(name)});
    } else {
      wrong_type(name, element, "text", "put it in double quotes");
    }
  }
  return result;
}

Section Section::section(std::string_view key) {
  note(key, {.kind = KnownKey::Kind::Table});
  std::vector<const toml::table*> parts;
  for (const auto* node : find_all(key)) {
    if (const auto* table = node->as_table()) {
      parts.push_back(table);
    } else {
      findings_->add(findings_->place_of(node->source()), full_key(key),
                     "is " + std::string(type_name(*node)) + ", not a table",
                     "write [" + header_of(full_key(key)) + "] and its keys on the lines below");
    }
  }
  return {std::move(parts), full_key(key), *findings_};
}

std::vector<Section> Section::sections(std::string_view key) {
  note(key, {.kind = KnownKey::Kind::Tables});
  const std::string header = "[[" + header_of(full_key(key)) + "]]";
  std::vector<Section> result;
  std::size_t number = 0;
  for (const auto* node : find_all(key)) {
    const auto* array = node->as_array();
    if (array == nullptr) {
      findings_->add(findings_->place_of(node->source()), full_key(key),
                     "is " + std::string(type_name(*node)) + ", not a list of tables",
                     "write " + header + ", with two brackets");
      continue;
    }
    for (const auto& element : *array) {
      const std::string name = full_key(std::string(key) + "[" + std::to_string(number++) + "]");
      if (const auto* table = element.as_table()) {
        result.emplace_back(std::vector{table}, name, *findings_);
      } else {
        findings_->add(findings_->place_of(element.source()), name,
                       "is " + std::string(type_name(element)) + ", not a table",
                       "write " + header + " and its keys on the lines below");
      }
    }
  }
  if (findings_->known != nullptr) result.emplace_back(std::vector<const toml::table*>(), full_key(key), *findings_);
  return result;
}

std::vector<Section> Section::one_or_more(std::string_view key) {
  const auto is_table = [&](const toml::table* part) { return part->contains(key) && part->get(key)->is_table(); };
  std::vector<Section> result;
  if (std::ranges::any_of(parts_, is_table)) {
    result.push_back(section(key));
  } else {
    result = sections(key);
  }
  note(key, {.kind = KnownKey::Kind::TableOrTables});
  return result;
}

std::optional<std::size_t> Section::choice(std::string_view key, std::span<const std::string_view> words) {
  const auto value = text(key);
  note(key, {.kind = KnownKey::Kind::Choice, .words = std::vector<std::string>(words.begin(), words.end())});
  if (!value) return std::nullopt;
  const auto place = std::ranges::find(words, value->value);
  if (place != words.end()) return static_cast<std::size_t>(place - words.begin());
  fail(key, in_quotes(value->value) + " is not known", "use " + one_of(words));
  return std::nullopt;
}

void Section::finish() {
  const auto tell = [this](const toml::key& name) {
    const auto meant = nearest(name.str(), known_);
    std::string mend =
        meant ? "did you mean \"" + std::string(*meant) + "\"?" : "remove it; the keys here are " + [this] {
          auto sorted = known_;
          std::ranges::sort(sorted);
          return one_of(sorted);
        }();
    findings_->add(findings_->place_of(name.source()), full_key(printable(name.str(), 64)), "is no key that CAS knows",
                   std::move(mend));
  };
  for (const auto* part : parts_) {
    for (const auto& [name, node] : *part) {
      if (std::ranges::find(known_, name.str()) == known_.end()) tell(name);
    }
  }
}

}  // namespace cas::app
