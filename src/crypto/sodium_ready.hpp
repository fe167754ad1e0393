// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// libsodium wants to be started before its first use; this does it once, from whichever thread comes first.
#pragma once

namespace cas::crypto {

/// False when the library cannot be used at all (it found no source of randomness).
[[nodiscard]] bool sodium_ready();

}  // namespace cas::crypto
