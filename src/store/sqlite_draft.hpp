// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A body on its way into the SQLite store: its chunks lie in segments, and no row knows of them.
#pragma once

#include <vector>

#include "store/segments.hpp"
#include "store/store.hpp"

namespace cas::store {

struct SqliteDraft final : Draft {
  std::vector<Held> chunks;  // the writer's alone
};

}  // namespace cas::store
