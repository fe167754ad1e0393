// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The scenes about who gets through: the Screener, exceptions, and mail that is expected.
#pragma once

#include "cmd/demo_scenes.hpp"

namespace cas::cmd {

void held_for_its_owner(Stage& stage);
void exempt_sender(Stage& stage);
void blocked_sender(Stage& stage);
void expected_mail(Stage& stage);

}  // namespace cas::cmd
