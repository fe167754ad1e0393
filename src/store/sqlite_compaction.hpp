// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is left of segments that are mostly gone is copied to the current one, so that one old message does not hold
// the place of thousands.
#pragma once

#include "store/segments.hpp"
#include "store/sqlite_database.hpp"

namespace cas::store {

/// Moves a few MiB in a transaction of its own, as durable as new mail; on the writer's thread, while nobody waits.
/// False: nothing is left to move. An error leaves everything where it was.
[[nodiscard]] Result<bool> compact_a_little(Database& db, Segments& segments);

}  // namespace cas::store
