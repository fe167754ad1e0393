// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header editing at the boundary.
#include "policy/boundary.hpp"

#include "auth/authentication_results.hpp"
#include "base/encoding.hpp"
#include "confirm/intent_grammar.hpp"
#include "message/date.hpp"

namespace cas::policy {

namespace {

/// RFC 5322 §3.2.2. A comment without an end is none.
std::string without_comments(std::string_view value) {
  std::string out;
  std::size_t depth = 0;
  for (std::size_t n = 0; n < value.size(); ++n) {
    if (value[n] == '\\' && depth > 0) {
      ++n;
    } else if (value[n] == '(') {
      ++depth;
    } else if (value[n] == ')' && depth > 0) {
      --depth;
    } else if (depth == 0) {
      out += value[n];
    }
  }
  return depth == 0 ? out : std::string(value);
}

bool has(const std::vector<HeaderField>& fields, std::string_view name) {
  return !fields_named(fields, name).empty();
}

}  // namespace

bool is_dropped(const HeaderField& field, const BoundaryFacts& facts) {
  if (iequals(field.name, "Authentication-Results")) return auth::is_forged_result(field, facts.authserv_id);
  if (iequals(field.name, "Return-Path")) return true;
  if (iequals(field.name, "CAS-Confirmation")) return true;
  return facts.origin == Origin::User && (iequals(field.name, "Bcc") || iequals(field.name, "Resent-Bcc"));
}

std::string edit_header(const std::vector<HeaderField>& fields, const BoundaryFacts& facts) {
  std::string edited;
  for (const auto& field : fields) {
    if (is_dropped(field, facts)) continue;
    edited += field.raw;
    if (!edited.ends_with("\r\n")) edited += "\r\n";
  }
  if (facts.origin == Origin::User && !has(fields, "Date")) edited += "Date: " + format_date(facts.now) + "\r\n";
  if (facts.origin == Origin::User && !has(fields, "Message-ID"))
    edited += "Message-ID: <" + facts.message_id + ">\r\n";
  edited += "\r\n";
  return edited;
}

confirm::MessageFacts message_facts(const std::vector<HeaderField>& fields) {
  confirm::MessageFacts facts;
  for (const auto& field : fields_named(fields, "From")) {
    ++facts.from_fields;
    auto mailboxes = parse_authors(field.value);
    if (!mailboxes) {
      facts.from_is_malformed = true;
      continue;
    }
    facts.from.insert(facts.from.end(), mailboxes->begin(), mailboxes->end());
  }
  facts.date_fields = fields_named(fields, "Date").size();
  facts.message_id_fields = fields_named(fields, "Message-ID").size();
  facts.klass = classify(fields);
  return facts;
}

std::string list_identifier(std::string_view value) {
  const auto open = value.rfind('<');
  const auto close = value.rfind('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close <= open) return {};
  std::string id = to_lower(trim_wsp(value.substr(open + 1, close - open - 1)));
  return confirm::grammar::is_list_id(id) ? id : std::string();
}

confirm::MessageClass classify(const std::vector<HeaderField>& fields) {
  if (const auto lists = fields_named(fields, "List-Id"); lists.size() == 1) {
    // Unfolded, so that folding on the way changes the class no more than it changes the digest.
    if (auto id = list_identifier(unfold(lists.front().value)); !id.empty())
      return {confirm::Class::Bulk, std::move(id)};
  }
  // It is sent to many and names no list: no intent can claim it (CAS §4.8).
  for (const std::string_view sign : {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"}) {
    if (has(fields, sign)) return {confirm::Class::Bulk, {}};
  }
  if (const auto autos = fields_named(fields, "Auto-Submitted"); !autos.empty()) {
    const std::string value = without_comments(unfold(autos.front().value));
    const auto word = trim_wsp(std::string_view(value).substr(0, value.find(';')));
    if (!iequals(word, "no")) return {confirm::Class::Automatic, {}};
  }
  return {};
}

std::size_t count_hops(const std::vector<HeaderField>& fields) {
  return fields_named(fields, "Received").size();
}

}  // namespace cas::policy
