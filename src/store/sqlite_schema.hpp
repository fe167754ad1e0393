// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The tables, and how a file of an earlier version becomes one of this version.
#pragma once

#include "store/sqlite_database.hpp"

namespace cas::store {

/// "CASm": SQLite's application_id, by which file(1) and we know that the file is ours.
inline constexpr std::int64_t application_id = 0x4341536d;

/// What this program reads and writes; the file's is in user_version.
[[nodiscard]] int schema_version();

/// Whether the file may be touched: permanent errors for a newer schema, a database of another program and what is
/// no database at all. Changes nothing. `file` is for the reasons.
[[nodiscard]] Result<void> check_ours(Database& db, const std::filesystem::path& file);

/// Brings the file to schema_version(), each step in a transaction of its own.
[[nodiscard]] Result<void> migrate(Database& db);

}  // namespace cas::store
