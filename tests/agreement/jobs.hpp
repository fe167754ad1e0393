// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The programs of these tests read jobs from standard input and answer each in turn: one JSON object a line, octets in
// base64.
#pragma once

#include <boost/json.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "base/encoding.hpp"

namespace cas::agreement {

namespace json = boost::json;

inline std::string octets_of(const json::value& text) {
  const auto octets = from_base64(std::string_view(text.as_string()));
  if (!octets) throw std::invalid_argument("not base64");
  return {octets->begin(), octets->end()};
}
inline json::string base64_of(std::string_view octets) {
  return json::string(base64(as_octets(octets)));
}
inline std::string text_of(const json::object& job, std::string_view name) {
  const auto* value = job.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}
inline std::vector<std::string> list_of(const json::value& list) {
  std::vector<std::string> texts;
  for (const auto& text : list.as_array()) texts.emplace_back(text.as_string());
  return texts;
}

/// Calls `answer` for each job; what it throws is the answer.
template <class Answer>
int run(Answer answer) {
  std::string line;
  while (std::getline(std::cin, line)) {
    json::object result;
    try {
      result = answer(json::parse(line).as_object());
    } catch (const std::exception& error) {
      result["error"] = error.what();
    }
    std::cout << json::serialize(result) << '\n';
  }
  return 0;
}

}  // namespace cas::agreement
