// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// "tag=value; tag=value": RFC 6376 §3.2, as key records, signatures, DMARC and _cas records write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cas::auth {

/// In order, as views into the text. Values keep inner blanks and lose those at the ends. None on a syntax error or a
/// repeated tag (RFC 6376 §3.2: the whole list is invalid). A final ";" is allowed. More than 64 tags are an error too:
/// no record and no signature needs them.
using TagList = std::vector<std::pair<std::string_view, std::string_view>>;
[[nodiscard]] std::optional<TagList> parse_tag_list(std::string_view text);
[[nodiscard]] std::optional<std::string_view> find_tag(const TagList& tags, std::string_view name);

/// Without SP, HTAB, CR and LF: what is left where folding may stand anywhere.
[[nodiscard]] std::string without_blanks(std::string_view text);

}  // namespace cas::auth
