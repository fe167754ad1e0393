// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who sent a message that lies in a file, and what of that is proven: for `cas why`.
#pragma once

#include <string>

#include "cmd/commands.hpp"
#include "confirm/intent.hpp"

namespace cas::cmd {

struct IdentifiedMessage {
  int exit_code = 0;  // of sysexits.h, with `fault`
  std::string fault;
  std::string author;  // empty: the message shows none, or several
  bool author_proven = false;
  bool spf_pass = false;
  confirm::Class klass = confirm::Class::Personal;
  std::string list_id;
  bool list_proven = false;
};
/// Asks the DNS as a receiver would. `options.message` must be given.
[[nodiscard]] IdentifiedMessage identify_message(const CheckAuthOptions& options);

}  // namespace cas::cmd
