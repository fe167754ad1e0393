// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See exception_formats.hpp.
#include "policy/exception_formats.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/utc.hpp"
#include "policy/csv.hpp"

namespace cas::policy {
namespace {

constexpr std::size_t max_line = 8192;

struct Overrides {
  std::optional<ExceptionAction> action;
  std::optional<Scope> scope;
  std::optional<Proof> proof;
  std::optional<UnixTime> expires;
  std::optional<std::string> reason, owner;
  bool unauthenticated = false;
};

/// The next word, without the blanks around it.
std::string_view take_word(std::string_view& text) {
  text = trim_wsp(text);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  const auto word = text.substr(0, end);
  text = trim_wsp(text.substr(end));
  return word;
}

/// The next word, in which blanks between quotes are none: a quoted local part may hold them.
std::string_view take_quoted(std::string_view& text) {
  text = trim_wsp(text);
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (quoted || !is_wsp(text[end])); ++end) {
    if (text[end] == '"') quoted = !quoted;
    if (text[end] == '\\' && quoted) ++end;
  }
  end = std::min(end, text.size());
  const auto word = text.substr(0, end);
  text = trim_wsp(text.substr(end));
  return word;
}

/// "/REGEX/FLAGS" at the front of `text`, with its slashes; the flags apart. Empty: it does not end.
struct RegexWord {
  std::string_view pattern, flags;
};
RegexWord take_regex(std::string_view& text) {
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '/'; ++at) {
    if (text[at] == '\\') ++at;
  }
  if (at >= text.size()) return {};
  RegexWord word{.pattern = text.substr(0, at + 1), .flags = {}};
  text.remove_prefix(at + 1);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  word.flags = text.substr(0, end);
  text = trim_wsp(text.substr(end));
  return word;
}

/// "192.0" or "192.0.2." are networks in tables of Postfix and postgrey.
std::optional<std::string> network_of_prefix(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto dots = std::ranges::count(text, '.');
  const bool digits = std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; });
  if (text.empty() || !digits || dots > 2) return {};
  std::string address(text);
  for (auto n = dots; n < 3; ++n) address += ".0";
  const auto network = IpNetwork::parse(address + "/" + std::to_string((dots + 1) * 8));
  if (!network) return {};
  return network->text();
}

/// As other programs write what Pattern writes otherwise.
std::string our_spelling(std::string_view text) {
  if (text.starts_with("*.") && !text.contains('@')) return std::string(text.substr(1));
  if (text.starts_with('@')) return std::string(text.substr(1));
  if (text.starts_with('[') && text.ends_with(']')) return std::string(text.substr(1, text.size() - 2));
  return std::string(text);
}

class Collector {
 public:
  explicit Collector(const ListDefaults& defaults) : defaults_(defaults) {}

  void fault(std::size_t line, std::string why) { tell(list_.faults, faults_, line, std::move(why)); }
  void skip(std::size_t line, std::string why) { tell(list_.skipped, skipped_, line, std::move(why)); }

  void enter(std::size_t line, std::string_view text, Overrides given = {}) {
    auto pattern = Pattern::parse(text);
    if (!pattern) return fault(line, pattern.error().public_text);
    enter(line, *std::move(pattern), std::move(given));
  }
  /// A name stands for itself and what is below it.
  void enter_with_below(std::size_t line, std::string_view text, const Overrides& given = {}) {
    auto pattern = Pattern::parse(text);
    if (!pattern) return fault(line, pattern.error().public_text);
    const bool domain = pattern->kind() == Pattern::Kind::Domain;
    const std::string below = "." + pattern->text();
    enter(line, *std::move(pattern), given);
    if (domain) enter(line, below, given);
  }

  [[nodiscard]] const ListDefaults& defaults() const { return defaults_; }
  [[nodiscard]] ReadList finish() {
    count(list_.faults, faults_, "lines cannot be used");
    count(list_.skipped, skipped_, "lines are passed over");
    return std::move(list_);
  }

 private:
  void enter(std::size_t line, Pattern pattern, Overrides given) {
    const auto action = given.action.value_or(defaults_.action);
    Proof proof = usual_proof(action, pattern);
    // What is asked of names cannot be asked of networks.
    const bool named = action != ExceptionAction::Block && pattern.kind() != Pattern::Kind::Network;
    if (given.proof) {
      proof = *given.proof;
    } else if (named && defaults_.proof) {
      proof = *defaults_.proof;
    }
    NewException entry{.action = action,
                       .pattern = std::move(pattern),
                       .scope = std::move(given.scope).value_or(defaults_.scope),
                       .proof = proof,
                       .unauthenticated = defaults_.unauthenticated || given.unauthenticated,
                       .reason = std::move(given.reason).value_or(defaults_.reason),
                       .owner = std::move(given.owner).value_or(defaults_.owner),
                       .expires = given.expires ? given.expires : defaults_.expires};
    const auto fits = check_exception(exception_of(entry, {}), entry.unauthenticated);
    if (!fits) return fault(line, fits.error().public_text);
    list_.entries.push_back(std::move(entry));
    list_.lines.push_back(line);
  }
  static void tell(std::vector<ListLine>& told, std::size_t& all, std::size_t line, std::string text) {
    if (++all <= max_faults) told.push_back({.line = line, .text = std::move(text)});
  }
  static void count(std::vector<ListLine>& told, std::size_t all, const char* what) {
    if (all <= max_faults) return;
    told.push_back({.line = 0, .text = std::to_string(all) + " " + what + " in all"});
  }

  const ListDefaults& defaults_;
  ReadList list_;
  std::size_t faults_ = 0, skipped_ = 0;
};

/// What "for=", "until=" and so on say. An error says what is wrong with it.
Result<void> read_setting(std::string_view name, std::string_view value, Overrides& given) {
  if (name == "for") {
    CAS_TRY(given.scope, Scope::parse(value));
  } else if (name == "proof") {
    given.proof = proof_named(value);
    if (!given.proof) return permanent("proof is dkim, spf, certificate, client or none");
  } else if (name == "action") {
    given.action = exception_action(value);
    if (!given.action) return permanent("action is exempt, allow, block or forward");
  } else if (name == "until") {
    given.expires = read_utc(value);
    if (!given.expires) return permanent("until is a time such as 2026-12-31T00:00:00Z");
  } else if (name == "owner") {
    given.owner = std::string(value);
  } else if (name == "reason") {
    given.reason = std::string(value);
  } else if (name == "unauthenticated") {
    if (value != "yes" && value != "no") return permanent("unauthenticated is yes or no");
    given.unauthenticated = value == "yes";
  } else {
    return permanent("nothing is called \"" + printable(name, 40) + "\"; a comment begins with #");
  }
  return {};
}

/// The pattern of a line of one pattern a line, in our spelling; none: it was told.
std::optional<std::string> take_pattern(Collector& out, std::size_t line, std::string_view& text) {
  if (text.starts_with('"')) return std::string(take_quoted(text));
  if (!text.starts_with('/')) return our_spelling(take_word(text));
  const RegexWord word = take_regex(text);
  if (word.pattern.empty()) {
    out.fault(line, "a regular expression stands between two \"/\"");
    return {};
  }
  if (word.flags.find_first_not_of("iu") != word.flags.npos) {
    out.fault(line, "the flag \"" + printable(word.flags, 20) + "\" of a regular expression is not known; \"i\" is");
    return {};
  }
  return std::string(word.pattern);
}

void read_plain(Collector& out, std::size_t line, std::string_view text) {
  const auto pattern = take_pattern(out, line, text);
  if (!pattern) return;
  Overrides given;
  while (!text.empty()) {
    if (text.starts_with('#')) {
      const auto reason = trim_wsp(text.substr(1));
      if (!reason.empty() && out.defaults().reason.empty()) given.reason = std::string(reason);
      break;
    }
    const auto word = text.starts_with("for=") ? take_quoted(text) : take_word(text);
    const auto sign = std::min(word.find('='), word.size());
    const auto value = word == "unauthenticated" ? "yes" : word.substr(std::min(word.size(), sign + 1));
    const auto read = read_setting(word.substr(0, sign), value, given);
    if (!read) return out.fault(line, read.error().public_text);
  }
  out.enter(line, *pattern, std::move(given));
}

void read_rspamd(Collector& out, std::size_t line, std::string_view text) {
  if (const auto pattern = take_pattern(out, line, text)) out.enter(line, *pattern);
}

void read_postgrey(Collector& out, std::size_t line, std::string_view text) {
  auto pattern = take_pattern(out, line, text);
  if (!pattern) return;
  if (const auto network = network_of_prefix(*pattern)) return out.enter(line, *network);
  if (pattern->starts_with("/^")) *pattern = "/@" + pattern->substr(2);  // a whole name: what stands behind the "@"
  out.enter_with_below(line, *pattern);
}

// ---- Postfix access tables (access(5), cidr_table(5), regexp_table(5)) ----

/// What an action means; none: nothing that an exception could say.
struct Meaning {
  ExceptionAction action = ExceptionAction::Block;
  std::string reason;
};
std::optional<Meaning> meaning_of(std::string_view action, const ListDefaults& defaults) {
  const std::string verb = to_upper(take_word(action));
  const bool digits = !verb.empty() && std::ranges::all_of(verb, is_digit);
  const bool refuses = verb.size() == 3 && digits && (verb[0] == '4' || verb[0] == '5');
  if (refuses || verb == "REJECT") return Meaning{.action = ExceptionAction::Block, .reason = std::string(action)};
  if (defaults.action == ExceptionAction::Block) return {};
  if (verb == "OK" || verb == "PERMIT" || verb == "RELAY" || digits) {
    return Meaning{.action = defaults.action, .reason = {}};
  }
  return {};
}

void enter_postfix_key(Collector& out, std::size_t line, std::string_view key, const Overrides& given) {
  if (const auto network = network_of_prefix(key)) return out.enter(line, *network, given);
  if (!key.ends_with('@')) return out.enter_with_below(line, our_spelling(key), given);
  if (given.action != ExceptionAction::Block) return out.skip(line, "a local part of any domain is nobody's name");
  std::string regex = "/^";
  for (const char c : key) regex += is_alnum(c) || c == '@' ? std::string(1, c) : std::string("\\") + c;
  out.enter(line, regex + "/", given);
}

void read_postfix(Collector& out, std::size_t line, std::string_view text) {
  const auto word = text.substr(0, text.find_first_of(" \t"));
  if (iequals(word, "if") || iequals(word, "endif") || text.starts_with('!')) {
    return out.skip(line, "conditions cannot be said with exceptions");
  }
  RegexWord regex;
  std::string_view key;
  if (text.starts_with('/')) {
    regex = take_regex(text);
    if (regex.pattern.empty()) return out.fault(line, "a regular expression stands between two \"/\"");
    if (regex.flags.find_first_not_of("i") != regex.flags.npos) {
      return out.skip(line, "the flag \"" + printable(regex.flags, 20) + "\" cannot be said with exceptions");
    }
  } else {
    key = take_word(text);
  }
  if (text.empty()) return out.fault(line, "an action is missing behind " + printable(key, 80));
  auto meaning = meaning_of(text, out.defaults());
  if (!meaning) {
    return out.skip(line, "\"" + printable(text, 60) + "\" is nothing that " +
                              std::string(to_string(out.defaults().action)) + " could say");
  }
  Overrides given;
  given.action = meaning->action;
  if (!meaning->reason.empty() && out.defaults().reason.empty()) given.reason = std::move(meaning->reason);
  if (!regex.pattern.empty()) return out.enter(line, regex.pattern, std::move(given));
  enter_postfix_key(out, line, key, given);
}

/// Calls `read` for each line that says something. A line that begins with a blank goes on with the one before it in
/// tables of Postfix.
template <class Read>
void for_each_line(Collector& out, std::string_view text, bool continued, Read read) {
  std::string logical;
  std::size_t begun = 0;
  const auto finish = [&] {
    const auto trimmed = trim_wsp(logical);
    if (trimmed.size() > max_line) {
      out.fault(begun, "the line is longer than " + std::to_string(max_line) + " octets");
    } else if (!trimmed.empty()) {
      read(out, begun, trimmed);
    }
    logical.clear();
  };
  for (std::size_t line = 1; !text.empty(); ++line) {
    auto one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.ends_with('\r')) one.remove_suffix(1);
    const auto trimmed = trim_wsp(one);
    if (trimmed.empty() || trimmed.front() == '#') continue;
    const bool goes_on = continued && is_wsp(one.front()) && !logical.empty();
    if (!goes_on) {
      finish();
      begun = line;
    }
    if (logical.size() <= max_line) logical.append(goes_on ? " " : "").append(trimmed.substr(0, max_line + 1));
  }
  finish();
}

void read_csv(Collector& out, std::string_view text) {
  CsvReader reader(text);
  std::vector<std::string> columns;
  while (auto record = reader.next()) {
    if (record->broken) {
      out.fault(record->line, "this is no CSV (RFC 4180), or a field is longer than 8192 octets");
      continue;
    }
    if (record->fields.size() == 1 && record->fields.front().empty()) continue;
    if (columns.empty()) {
      columns = std::move(record->fields);
      if (std::ranges::find(columns, "pattern") != columns.end()) continue;
      return out.fault(record->line, "the first line names the columns; one is \"pattern\"");
    }
    if (record->fields.size() != columns.size()) {
      out.fault(record->line, std::to_string(columns.size()) + " columns have a name, and here are " +
                                  std::to_string(record->fields.size()));
      continue;
    }
    constexpr std::array known{"action", "for", "proof", "until", "reason", "owner", "unauthenticated"};
    Overrides given;
    std::string pattern;
    Result<void> read;
    for (std::size_t n = 0; n < columns.size() && read; ++n) {
      if (columns[n] == "pattern") pattern = record->fields[n];
      const bool says = std::ranges::find(known, columns[n]) != known.end() && !record->fields[n].empty();
      if (says) read = read_setting(columns[n], record->fields[n], given);
    }
    if (read && given.action && *given.action != out.defaults().action) {
      read = permanent("this is one of \"" + std::string(to_string(*given.action)) + "\", not of \"" +
                       std::string(to_string(out.defaults().action)) + "\"");
    }
    if (read) {
      out.enter(record->line, pattern, std::move(given));
    } else {
      out.fault(record->line, read.error().public_text);
    }
  }
}

bool is_postfix_verb(std::string_view word) {
  constexpr std::array verbs{"OK", "PERMIT", "RELAY", "REJECT", "DUNNO", "DISCARD", "HOLD", "WARN", "DEFER"};
  const std::string upper = to_upper(word);
  const bool digits = upper.size() == 3 && std::ranges::all_of(upper, is_digit);
  return digits || std::ranges::find(verbs, upper) != verbs.end();
}

}  // namespace

ListFormat guess_format(std::string_view text) {
  const auto first = text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
  const std::string columns = "," + std::string(first) + ",";
  if (columns.contains(",pattern,")) return ListFormat::Csv;
  for (std::size_t n = 0; n < 1000 && !text.empty(); ++n) {
    auto line = trim_wsp(text.substr(0, std::min(text.find('\n'), text.size())));
    text.remove_prefix(std::min(text.size(), std::min(text.find('\n'), text.size()) + 1));
    if (line.empty() || line.starts_with('#')) continue;
    static_cast<void>(line.starts_with('/') ? take_regex(line).pattern : take_word(line));
    const auto second = take_word(line);
    if (second.ends_with('\r') ? is_postfix_verb(second.substr(0, second.size() - 1)) : is_postfix_verb(second)) {
      return ListFormat::PostfixAccess;
    }
  }
  return ListFormat::Plain;
}

ReadList read_list(std::string_view text, ListFormat format, const ListDefaults& defaults) {
  Collector out(defaults);
  switch (format) {
    case ListFormat::Plain: for_each_line(out, text, false, read_plain); break;
    case ListFormat::PostfixAccess: for_each_line(out, text, true, read_postfix); break;
    case ListFormat::Postgrey: for_each_line(out, text, false, read_postgrey); break;
    case ListFormat::Rspamd: for_each_line(out, text, false, read_rspamd); break;
    case ListFormat::Csv: read_csv(out, text); break;
  }
  return out.finish();
}

std::string plain_line(const Exception& entry) {
  std::string line = entry.pattern.text();
  if (!entry.scope.text().empty()) line += " for=" + entry.scope.text();
  if (entry.proof != usual_proof(entry.action, entry.pattern)) line += " proof=" + std::string(to_string(entry.proof));
  if (is_unauthenticated(entry.action, entry.proof)) line += " unauthenticated";
  if (entry.expires) line += " until=" + utc_text(*entry.expires);
  if (!entry.owner.empty() && entry.owner.find_first_of(" \t") == entry.owner.npos) line += " owner=" + entry.owner;
  if (!entry.reason.empty()) line += " # " + entry.reason;
  return line + "\n";
}

std::string csv_heading() {
  return "action,pattern,for,proof,until,owner,reason,unauthenticated\n";
}

std::string csv_line(const Exception& entry) {
  std::string line(to_string(entry.action));
  const auto add = [&](std::string_view value) { line += "," + csv_field(value); };
  add(entry.pattern.text());
  add(entry.scope.text());
  add(to_string(entry.proof));
  add(entry.expires ? utc_text(*entry.expires) : std::string());
  add(entry.owner);
  add(entry.reason);
  add(is_unauthenticated(entry.action, entry.proof) ? "yes" : "");
  return line + "\n";
}

}  // namespace cas::policy
