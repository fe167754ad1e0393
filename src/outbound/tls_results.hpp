// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the results of sessions are counted for TLSRPT.
#pragma once

#include "tlspolicy/tlsrpt.hpp"

namespace cas::outbound {

/// Thread-safe.
class TlsResults {
 public:
  virtual ~TlsResults() = default;
  virtual void add(tlspolicy::SessionResult result) = 0;
};

}  // namespace cas::outbound
