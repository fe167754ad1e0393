// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See exceptions_json.hpp.
#include "http/exceptions_json.hpp"

#include "base/utc.hpp"
#include "http/json_text.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;

std::string string_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->as_string().data(), value->as_string().size());
}

}  // namespace

json::object exception_object(const policy::Exception& entry) {
  json::object object;
  object["id"] = entry.id;
  object["action"] = text(to_string(entry.action));
  object["pattern"] = entry.pattern.text();
  object["for"] = entry.scope.text();
  object["proof"] = text(to_string(entry.proof));
  object["unauthenticated"] = policy::is_unauthenticated(entry.action, entry.proof);
  object["until"] = entry.expires ? json::value(utc_text(*entry.expires)) : json::value(nullptr);
  object["owner"] = entry.owner;
  object["reason"] = entry.reason;
  object["created"] = utc_text(entry.created);
  return object;
}

Result<policy::NewException> exception_of(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return permanent("an exception is an object");
  const auto action = policy::exception_action(string_in(*object, "action"));
  if (!action) return permanent("\"action\" is exempt, allow, block or forward");
  CAS_TRY(auto pattern, policy::Pattern::parse(string_in(*object, "pattern")));
  CAS_TRY(auto scope, policy::Scope::parse(string_in(*object, "for")));
  const std::string proof_word = string_in(*object, "proof");
  const auto proof = proof_word.empty() ? policy::usual_proof(*action, pattern) : policy::proof_named(proof_word);
  if (!proof) return permanent("\"proof\" is dkim, spf, certificate, client or none");
  const std::string until = string_in(*object, "until");
  const auto expires = read_utc(until);
  if (!until.empty() && !expires) return permanent("\"until\" is a time such as 2026-12-31T00:00:00Z");
  const auto* flag = object->if_contains("unauthenticated");
  return policy::NewException{.action = *action,
                              .pattern = std::move(pattern),
                              .scope = std::move(scope),
                              .proof = *proof,
                              .unauthenticated = flag != nullptr && flag->is_bool() && flag->as_bool(),
                              .reason = string_in(*object, "reason"),
                              .owner = string_in(*object, "owner"),
                              .expires = expires};
}

}  // namespace cas::http
