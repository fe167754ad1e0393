// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The version of this program; CMakeLists.txt and CHANGES.md say the same.
#pragma once

#include <string_view>

namespace cas::app {

inline constexpr std::string_view version = "0.1.0";
/// Of this version, or of the last change to what it says of itself: pages of the manual bear it.
inline constexpr std::string_view version_date = "2026-11-27";

}  // namespace cas::app
