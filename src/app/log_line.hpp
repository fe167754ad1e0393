// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Events as lines: as administrators know them, or as JSON. Every value that may come from a peer is made printable;
// nothing here can be talked into a second line, or into moving the cursor of whoever reads it. Pure.
#pragma once

#include <string>

#include "base/time.hpp"
#include "base/trace.hpp"

namespace cas::app {

/// One line, without its end. After the time: level, trace id, queue id ("-" where there is none), name, fields as
/// key=value; values with blanks or quotes stand in double quotes, in which quotes and backslashes are \x22 and \x5C.
/// 2026-11-23T19:00:00.123Z info 0123456789abcdef 01J... delivered to=<joe@b.example> relay=mx.b.example status=sent
[[nodiscard]] std::string text_line(TimePoint at, const Event& event);
/// One object on one line: at, level, trace, queue_id, event and the fields under "fields".
[[nodiscard]] std::string json_line(TimePoint at, const Event& event);

}  // namespace cas::app
