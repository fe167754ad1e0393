// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The line from its beginning to its first fault (CAS §4.2): first the order of the tags, then their values, then what
// they say together.
#include "confirm/explain.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/encoding.hpp"
#include "confirm/explain_values.hpp"
#include "confirm/intent.hpp"
#include "confirm/intent_grammar.hpp"

namespace cas::confirm {
namespace {

using faults::Detail;
using faults::in_quotes;

constexpr std::string_view version_tag = "v=CAS1;";
constexpr std::string_view order = "v i d s a t x f q r o k l w m b";
constexpr std::string_view names = "idsatxfqroklwmb";

constexpr bool is_optional(char name) {
  return name == 'l' || name == 'w';
}

struct Value {
  char name = 0;
  std::size_t at = 0;
  std::string_view text;
};
using Values = std::vector<Value>;

Fault fault(std::string tag, std::size_t at, std::string what, std::string mend) {
  return {.reason = Reason::Syntax, .tag = std::move(tag), .at = at, .what = std::move(what), .mend = std::move(mend)};
}

const Value* find(const Values& values, char name) {
  const auto at = std::ranges::find(values, name, &Value::name);
  return at == values.end() ? nullptr : &*at;
}

// ---- The version ----

Fault explain_version(std::string_view line) {
  const std::string_view first = line.substr(0, line.find(';'));
  const bool other = first.size() > 2 && first.size() < line.size() && first.starts_with("v=") &&
                     std::ranges::all_of(first.substr(2), is_alnum);
  if (other) {
    return {.reason = Reason::Version,
            .tag = "v",
            .at = 2,
            .what = in_quotes(first.substr(2)) + " is a version that is not known here",
            .mend = "write v=CAS1"};
  }
  if (iequals(line.substr(0, 8), "CONFIRM ")) {
    return fault("", 0, "the command stands before the intent", "give what follows \"CONFIRM \"");
  }
  return fault("v", 0, "the line does not begin with \"v=CAS1;\"", "begin with v=CAS1;i=");
}

// ---- The order of the tags ----

/// What stands at `at` instead of the tag `expected` (0: instead of the end).
Fault explain_stranger(std::string_view line, std::size_t at, char expected, const Values& seen) {
  const std::string wanted = expected == 0 ? "the line ends behind b" : "the order is " + std::string(order);
  if (at > line.size()) {
    const std::string missing(1, expected);
    return fault(missing, line.size(), missing + " is missing: the line ends before it", wanted);
  }
  const std::string_view part = line.substr(at, line.find(';', at) - at);
  if (part.empty()) {
    return fault("", at, at == line.size() ? "the line ends in \";\"" : "there is nothing between two \";\"",
                 "write one \";\" between two tags, and none at the end");
  }
  if (is_wsp(part.front())) return fault("", at, "there is white space before a tag", "write no white space anywhere");
  const auto equals = part.find('=');
  if (equals == std::string_view::npos)
    return fault("", at, in_quotes(part) + " is no tag: there is no \"=\" in it", wanted);
  const std::string name(part.substr(0, equals));
  const std::string shown = printable(name, 16);
  if (name.size() == 1 && (find(seen, name[0]) != nullptr || name == "v"))
    return fault(shown, at, shown + " stands twice", "write each tag once");
  if (names.contains(name) && name.size() == 1) {
    const std::string instead =
        expected == 0 ? " stands behind b" : " stands where " + std::string(1, expected) + " should";
    return fault(shown, at, shown + instead, wanted);
  }
  if (name.size() == 1 && names.contains(to_lower(name)))
    return fault(shown, at, "the tag " + in_quotes(name) + " is in upper case", "write " + in_quotes(to_lower(name)));
  if (!name.empty() && is_wsp(name.back()))
    return fault("", at + equals - 1, "there is white space before \"=\"", "write no white space anywhere");
  return fault(shown, at, "there is no tag " + in_quotes(name), wanted);
}

/// The values in their order, or what breaks it. One octet behind the line stands for "no ';' announced more".
std::optional<Fault> cut(std::string_view line, Values& values) {
  std::size_t at = version_tag.size();
  for (const char name : names) {
    const bool here = at <= line.size() && line.substr(at).starts_with(std::string{name, '='});
    if (!here) {
      if (is_optional(name)) continue;
      return explain_stranger(line, at, name, values);
    }
    const auto end = std::min(line.find(';', at), line.size());
    values.push_back({.name = name, .at = at + 2, .text = line.substr(at + 2, end - at - 2)});
    at = end + 1;
  }
  if (at <= line.size()) return explain_stranger(line, at, 0, values);
  return std::nullopt;
}

// ---- The values ----

/// What the grammar's reader says of a value, and how to explain it.
struct Rule {
  char name;
  std::function<bool(std::string_view)> holds;
  std::function<Detail(std::string_view)> explain;
};

bool is_class(std::string_view text) {
  return text.size() == 1 && std::string_view("ptba").contains(text);
}
bool is_algorithm(std::string_view text) {
  return text == "ed25519-sha256" || text == "rsa-sha256";
}
/// A name that a later version may know.
bool may_be_algorithm(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; });
}

Rule choice(char name, std::function<bool(std::string_view)> holds, std::string mend) {
  auto say = [mend = std::move(mend)](std::string_view text) {
    return Detail{0, text.empty() ? std::string("the value is empty") : in_quotes(text) + " is not known", mend};
  };
  return {name, std::move(holds), std::move(say)};
}

const std::vector<Rule>& rules() {
  const auto id = [](std::string_view text) { return faults::in_octets(text, IntentId{}.size()); };
  const auto host = [](std::string_view text) { return faults::in_domain(text, false); };
  const auto selector = [](std::string_view text) { return faults::in_domain(text, true); };
  const auto is_host = [](std::string_view text) { return grammar::read_host(text).has_value(); };
  const auto is_time = [](std::string_view text) { return grammar::read_seconds(text).has_value(); };
  const auto is_addr = [](std::string_view text) { return grammar::read_addr(text).has_value(); };
  static const std::vector<Rule> table{
      {'i', [](std::string_view text) { return grammar::read_octets<16>(text).has_value(); }, id},
      {'d', is_host, host},
      {'s', grammar::is_selector, selector},
      choice('a', may_be_algorithm, "write ed25519-sha256 or rsa-sha256"),
      {'t', is_time, faults::in_seconds},
      {'x', is_time, faults::in_seconds},
      {'f', [is_addr](std::string_view text) { return text.empty() || is_addr(text); }, faults::in_addr},
      {'q', is_host, host},
      {'r', [](std::string_view text) { return grammar::read_recipients(text).has_value(); }, faults::in_recipients},
      {'o', is_addr, faults::in_addr},
      choice('k', is_class, "write p (personal), t (transactional), b (bulk) or a (automatic)"),
      {'l', [](std::string_view text) { return grammar::read_list_id(text).has_value(); }, faults::in_list_id},
      choice(
          'w', [](std::string_view text) { return text == "fwd"; }, "write w=fwd, or leave w out"),
      {'m', [](std::string_view text) { return text == "-" || grammar::read_digest(text).has_value(); },
       faults::in_digest},
      {'b', [](std::string_view text) { return grammar::read_signature(text).has_value(); }, faults::in_signature}};
  return table;
}

std::optional<Fault> explain_values(const Values& values) {
  for (const Rule& rule : rules()) {
    const Value* const value = find(values, rule.name);
    if (value == nullptr || rule.holds(value->text)) continue;
    Detail detail = rule.explain(value->text);
    return fault(std::string(1, rule.name), value->at + detail.at, std::move(detail.what), std::move(detail.mend));
  }
  return std::nullopt;
}

/// CAS §4.3, rule 6.
std::optional<Fault> explain_list(const Values& values) {
  const Value& klass = *find(values, 'k');
  const Value* const list = find(values, 'l');
  if (klass.text == "b" && list == nullptr)
    return fault("k", klass.at, "k=b says bulk, and there is no l", "write ;l= and the List-Id behind k=b");
  if (klass.text != "b" && list != nullptr)
    return fault("l", list->at, "l goes with k=b only", "write k=b, or leave l out");
  return std::nullopt;
}

}  // namespace

std::optional<Fault> explain(std::string_view line) {
  if (line.size() > max_intent_line) {
    return Fault{.reason = Reason::TooLong,
                 .tag = {},
                 .at = max_intent_line,
                 .what = "the intent has " + std::to_string(line.size()) + " octets",
                 .mend = "an intent has at most " + std::to_string(max_intent_line) +
                         "; put recipients into several with the same i"};
  }
  if (!line.starts_with(version_tag)) return explain_version(line);
  Values values;
  if (auto found = cut(line, values)) return found;
  if (auto found = explain_values(values)) return found;
  if (auto found = explain_list(values)) return found;
  const Value& algorithm = *find(values, 'a');
  if (is_algorithm(algorithm.text)) return std::nullopt;
  return Fault{.reason = Reason::Algorithm,
               .tag = "a",
               .at = algorithm.at,
               .what = in_quotes(algorithm.text) + " is an algorithm that is not known here",
               .mend = "write ed25519-sha256 or rsa-sha256"};
}

}  // namespace cas::confirm
