// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For the files of the admin API: how it says yes and no, and what it reads from a request.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.hpp"
#include "http/json.hpp"
#include "http/message.hpp"
#include "registry/change.hpp"

namespace cas::http {

inline Response ok(std::string body) {
  return Response{.status = 200, .body = std::move(body)};
}

inline Response refuse(int status, std::string_view code, std::string_view message) {
  return Response{.status = status, .body = error_json(code, message)};
}

inline Response unavailable(const Error& error) {
  return refuse(503, "unavailable", error.public_text);
}

inline std::string parameter(const Request& request, const std::string& name) {
  const auto place = request.query.find(name);
  return place == request.query.end() ? std::string() : place->second;
}

/// None: there is none, or it is no number from `least` to `most`.
template <class Number>
std::optional<Number> number_in(std::string_view text, Number least, Number most) {
  Number number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = fault == std::errc{} && end == text.data() + text.size();
  return whole && number >= least && number <= most ? std::optional(number) : std::nullopt;
}
/// The same of a parameter, which is `usual` when it is left out.
template <class Number>
std::optional<Number> number_in(const Request& request, const std::string& name, Number usual, Number least,
                                Number most) {
  const std::string text = parameter(request, name);
  return text.empty() ? std::optional(usual) : number_in(text, least, most);
}

/// Who changes something, for the audit log.
inline registry::Change change_of(const Request& request, const Clock& clock) {
  return {.at = clock.now(), .by = printable(parameter(request, "by"), 64)};
}

/// Trace ids and queue ids: letters and digits.
inline bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) { return is_alnum(c); });
}

}  // namespace cas::http
