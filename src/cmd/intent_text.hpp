// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// An intent, and what is wrong with a line that is none, for people to read. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "confirm/explain.hpp"
#include "confirm/intent.hpp"

namespace cas::cmd {

/// One tag: "r", "recipients", "suzie, zoe".
struct TagText {
  std::string tag;
  std::string name;
  std::string value;
};
/// Every tag of the intent in its order, values decoded. Nothing in it is a control character.
[[nodiscard]] std::vector<TagText> describe_intent(const confirm::Intent& intent, UnixTime now);

/// "3 h 20 min ago", "in 59 s", "now": two units at most.
[[nodiscard]] std::string relative_time(UnixTime time, UnixTime now);
/// "2026-11-23 19:00:00 UTC"; what lies behind the year 9999 as seconds.
[[nodiscard]] std::string date_text(UnixTime time);
/// "personal"
[[nodiscard]] std::string_view class_name(confirm::Class klass);
/// "joe@a.example" or "<>"
[[nodiscard]] std::string sender_text(const std::optional<Mailbox>& sender);

/// Three lines: what is wrong and where (octets counted from 1), the place with a mark below it, what would be right.
[[nodiscard]] std::string fault_text(std::string_view line, const confirm::Fault& fault);

}  // namespace cas::cmd
