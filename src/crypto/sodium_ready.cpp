// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Starting libsodium: sodium_init() is thread-safe and says 1 when it had been called before.
#include "crypto/sodium_ready.hpp"

#include <sodium.h>

namespace cas::crypto {

bool sodium_ready() {
  static const bool ready = sodium_init() >= 0;
  return ready;
}

}  // namespace cas::crypto
