// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The scenes of the demo: what is sent, what is expected, what the wire says about it.
#pragma once

#include <stdexcept>

#include "base/random.hpp"
#include "base/time.hpp"
#include "cmd/demo_screen.hpp"
#include "cmd/demo_tap.hpp"
#include "cmd/demo_world.hpp"

namespace cas::cmd {

/// Ctrl-C between or during scenes.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

struct Stage {
  World& world;
  Screen& screen;
  net::Executor executor;
  Tap& submission;
  Tap& south;
  Tap& west;
  const Clock& clock;
  Random& random;
  Transcript confirmed;  // transactions as they went over the wire, for replaying and comparing
  Transcript plain;
};

/// All of them, in order; they build on each other. Expectations are counted by the screen.
void play_scenes(Stage& stage);

}  // namespace cas::cmd
