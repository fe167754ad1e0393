// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The two configuration files of the demo, as text. Pure.
#pragma once

#include <string>

#include "cmd/demo_world.hpp"

namespace cas::cmd {

struct ConfigFacts {
  Addresses addresses;
  std::string run_as;  // the user who runs the demo
  std::string password_hash;
  std::string north_key_record, evil_key_record;  // DKIM key records
};

/// The sender: north.example, which signs, and quiet.example, which does not. Relative paths are the directory's.
[[nodiscard]] std::string north_config(const ConfigFacts& facts);
/// The receivers: south.example, strict.south.example, west.example.
[[nodiscard]] std::string south_config(const ConfigFacts& facts);

}  // namespace cas::cmd
