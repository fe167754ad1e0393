// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The `cas` command.
#include "cmd/command_line.hpp"

int main(int argc, char** argv) {
  return cas::cmd::run(argc, argv);
}
