// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas demo`: two mail domains on loopback, real servers, real mail, and a tap on the wire between them. What is
// printed was captured there; what is claimed was checked.
#pragma once

#include <string>

namespace cas::cmd {

struct DemoOptions {
  bool keep = false;      // leave the servers running and say how to send to them
  std::string directory;  // where to work; must not exist yet. Empty: a fresh private one under the temporary directory
};

/// Plays every scene. 0 only when every expectation held; 1 when one did not; 70 (EX_SOFTWARE) when the world could not
/// be set up. Starts child processes: call it before the process has any other thread.
[[nodiscard]] int run_demo(const DemoOptions& options);

}  // namespace cas::cmd
