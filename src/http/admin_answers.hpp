// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For the files of the admin API: how it says yes and no, and what it reads from a request.
#pragma once

#include <algorithm>

#include "base/encoding.hpp"
#include "http/json.hpp"
#include "http/message.hpp"

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

/// Trace ids and queue ids: letters and digits.
inline bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) { return is_alnum(c); });
}

}  // namespace cas::http
