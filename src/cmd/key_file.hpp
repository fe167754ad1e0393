// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The private key that --key names.
#pragma once

#include <filesystem>

#include "cmd/intent_request.hpp"
#include "crypto/keys.hpp"

namespace cas::cmd {

/// Refused with 66 for a file that cannot be read, with 65 for one that holds no key which can be used.
[[nodiscard]] Or<crypto::PrivateKey> read_key_file(const std::filesystem::path& file);

}  // namespace cas::cmd
