// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people read: tables, and complaints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cas::cmd {

/// Rows of cells as columns, two blanks apart; the first row is the heading. The last column is not padded. Widths are
/// counted in UTF-8 characters.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

/// "1.2 MB", "340 B"
[[nodiscard]] std::string size_text(std::uint64_t octets);

/// "cas: MESSAGE" on standard error; gives `exit_code` back.
int complain(int exit_code, std::string_view message);

/// On standard output; false when it could not be written (a full disk, a closed pipe).
bool print(std::string_view text);

}  // namespace cas::cmd
