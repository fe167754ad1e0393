// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The store without a disk: for tests of what stands above it. Same contract as sqlite.hpp, nothing survives.
#pragma once

#include <memory>

#include "store/store.hpp"

namespace cas::store {

[[nodiscard]] std::unique_ptr<Store> open_memory();

}  // namespace cas::store
