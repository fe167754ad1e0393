// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Running what callers gave: nothing of theirs may end a thread of the store.
#pragma once

#include "store/store.hpp"

namespace cas::store {

/// The work's own result; an exception in it is a transient error.
[[nodiscard]] Result<void> run_work(Store::WriteWork& work, Tx& tx);
[[nodiscard]] Result<void> run_work(Store::ReadWork& work, Reader& reader);

/// A callback that throws is a bug of its owner; the others still get theirs.
void call_back(Store::Done& done, Result<void> result) noexcept;

/// Of a length that a body's chunk may have.
[[nodiscard]] inline bool is_chunk(std::string_view octets) {
  return !octets.empty() && octets.size() <= max_chunk;
}

}  // namespace cas::store
