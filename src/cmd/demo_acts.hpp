// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the scenes of the demo are made of: sending, listening on the wire, looking into mailboxes, asking a server.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/demo_scenes.hpp"

namespace cas::cmd {

/// Throws Interrupted after Ctrl-C.
void stop_when_interrupted();
/// False when it still does not hold after 30 seconds. Throws Interrupted.
[[nodiscard]] bool wait_until(const std::function<bool()>& holds);

/// All answers of a dialog, for who looks why something did not hold.
[[nodiscard]] std::string text_of(const Result<Played>& played);
[[nodiscard]] Letter letter(std::string_view from, std::string_view to, std::string_view subject,
                            std::string_view text);
/// Gives a letter to the sender's server as a mail program does: AUTH over STARTTLS, command by command.
bool submit(Stage& stage, const Letter& mail);
/// The one session that a tap heard since clear(), when both sides have closed it.
Transcript heard(Tap& tap);
/// So many messages are in the inbox, or in a folder beside it.
[[nodiscard]] bool arrives(Stage& stage, std::string_view mailbox, std::size_t count, std::string_view folder = {});
/// The Authentication-Results of the last message in the mailbox say that.
void expect_results(Stage& stage, std::string_view mailbox, std::string_view result);

/// Runs one of the program's own commands on the receiving server, as its operator does, and shows what it says: it
/// must end well and say `answer`.
bool command(Stage& stage, std::vector<std::string> arguments, std::string_view answer);

}  // namespace cas::cmd
