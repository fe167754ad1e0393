// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Where accounts lie in the store.
#pragma once

#include <string_view>

namespace cas::registry {

inline constexpr std::string_view account_kind = "user";

}  // namespace cas::registry
