// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Records as a zone file has them (RFC 1035 §5): one line to paste, or the whole fragment with comments.
#pragma once

#include <string>
#include <string_view>

#include "setup/records.hpp"

namespace cas::setup {

/// A TXT value in master-file syntax: character-strings of at most 255 octets (RFC 1035 §3.3.14), quoted and, when
/// there are several, in parentheses. Quotes, backslashes and what is not printable are escaped (§5.1).
[[nodiscard]] std::string txt_strings(std::string_view value);

/// "_dmarc.b.example. IN TXT \"v=DMARC1; p=none\"", without a line end.
[[nodiscard]] std::string record_line(const WantedRecord& record);
[[nodiscard]] std::string record_line(std::string_view name, std::string_view type, std::string_view value);

/// What to save and paste: the records of the domain's own zone, each below a comment that says why; what belongs
/// elsewhere (PTR, other zones, the policy file) is a comment, and so is TLSA, which needs a signed zone.
[[nodiscard]] std::string zone_text(const Site& site);

}  // namespace cas::setup
