// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Texts in the JSON that this folder writes.
#pragma once

#include <boost/json.hpp>
#include <string_view>

namespace cas::http {

inline constexpr std::size_t max_value = 1024;  // of what others wrote

[[nodiscard]] inline boost::json::string text(std::string_view value) {
  return boost::json::string(value.data(), value.size());
}

}  // namespace cas::http
