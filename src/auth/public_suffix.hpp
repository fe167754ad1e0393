// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The Public Suffix List (libpsl, the copy built into it).
#pragma once

#include "message/address.hpp"

namespace cas::auth {

/// True for "com", "co.uk" and unknown top-level names; false for what people register below them. Only the list's
/// ICANN section counts: "blogspot.com" belongs to somebody who may sign for it.
[[nodiscard]] bool is_public_suffix(const Domain& domain);

}  // namespace cas::auth
