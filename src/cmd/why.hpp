// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas why`: what would become of a message, or became of one, and what would have to change.
#pragma once

#include <string>

#include "cmd/commands.hpp"

namespace cas::cmd {

/// As given on the command line; empty: not given.
struct WhyOptions {
  AdminOptions admin;
  std::string from, to, mail_from, client, list_id, message, trace, resolver;
  bool intent = false, is_signed = false, unproven = false;
};
/// Without a message, a trace or an assumption: what becomes of it with an intent, signed, and with nothing proven.
[[nodiscard]] int explain_decision(const WhyOptions& options);

}  // namespace cas::cmd
