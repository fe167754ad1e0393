// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// An exception as the store keeps it: memory of the kind "exception" under its number, one line of fields
// (base/fields.hpp).
#pragma once

#include "policy/exceptions.hpp"
#include "store/rows.hpp"

namespace cas::registry {

inline constexpr std::string_view exception_kind = "exception";

struct ExceptionRow {
  policy::Exception entry;
  std::uint64_t hits = 0;
  std::optional<UnixTime> last_hit;
};

/// The name of a row: twelve digits, so that names come in the order of the numbers.
[[nodiscard]] std::string exception_name(std::int64_t id);
/// 0: no such name.
[[nodiscard]] std::int64_t exception_id(std::string_view name);

[[nodiscard]] store::Memory memory_of(const ExceptionRow& row);
/// None when it cannot be understood.
[[nodiscard]] std::optional<ExceptionRow> read_exception(const store::Memory& memory);
/// Only what decides; reason, owner, hits stay empty.
[[nodiscard]] std::optional<policy::Exception> read_deciding(const store::Memory& memory);

/// For the audit log: "exempt #17 partner.example for suzie@south.example".
[[nodiscard]] std::string subject_of(const policy::Exception& entry);
/// "proof=dkim until=2026-12-31T00:00:00Z owner=... reason=..."
[[nodiscard]] std::string detail_of(const policy::Exception& entry);

}  // namespace cas::registry
