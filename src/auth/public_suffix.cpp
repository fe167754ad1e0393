// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The list's ICANN section only: who runs a private suffix ("blogspot.com") owns that zone and may sign for it.
#include "auth/public_suffix.hpp"

#include <libpsl.h>

namespace cas::auth {

bool is_public_suffix(const Domain& domain) {
  // Without a list nothing tells com from example.com: only a single label is then surely no one's own.
  const psl_ctx_t* const list = psl_builtin();
  if (list == nullptr) return domain.text().find('.') == std::string::npos;
  return psl_is_public_suffix2(list, domain.text().c_str(), PSL_TYPE_ICANN) == 1;
}

}  // namespace cas::auth
