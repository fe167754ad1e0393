// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8601 §2.7.1.
#include "auth/dkim_result.hpp"

#include <utility>

namespace cas::auth {

std::string_view to_string(DkimResult result) {
  switch (result) {
    case DkimResult::None: return "none";
    case DkimResult::Pass: return "pass";
    case DkimResult::Fail: return "fail";
    case DkimResult::Policy: return "policy";
    case DkimResult::Neutral: return "neutral";
    case DkimResult::TempError: return "temperror";
    case DkimResult::PermError: return "permerror";
  }
  std::unreachable();
}

}  // namespace cas::auth
