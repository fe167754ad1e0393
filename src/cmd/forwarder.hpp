// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Resolvers as people write them.
#pragma once

#include <string>
#include <string_view>

namespace cas::cmd {

/// "192.0.2.53", "127.0.0.1@5353" and, as many write it, "127.0.0.1:5353" and "[::1]:5353", as libunbound takes it.
[[nodiscard]] std::string forwarder_of(std::string_view resolver);

}  // namespace cas::cmd
