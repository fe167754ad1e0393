// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Words for a shell.
#include "base/shell_text.hpp"

#include <gtest/gtest.h>

namespace cas {
namespace {

TEST(ShellText, AWordIsOneWord) {
  EXPECT_EQ(shell_word("/etc/cas/cas.toml"), "/etc/cas/cas.toml");
  EXPECT_EQ(shell_word("it's"), "'it'\"'\"'s'");
  EXPECT_EQ(shell_word("$(reboot)"), "'$(reboot)'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace cas
