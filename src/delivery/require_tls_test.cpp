// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The promise is kept where there is a place for it, and nobody is promised anything where there is none.
#include "delivery/require_tls.hpp"

#include <gtest/gtest.h>

namespace cas::delivery {
namespace {

struct WithPlace {
  bool require_tls = false;
};
struct Without {};

TEST(RequireTls, IsKeptWhereTheMessageHasAPlaceForItRfc8689) {
  WithPlace message;
  EXPECT_FALSE(requires_tls(message));
  set_require_tls(message, true);
  EXPECT_TRUE(requires_tls(message));
  EXPECT_TRUE(has_require_tls<WithPlace>);
}

TEST(RequireTls, IsNotKnownWhereThereIsNone) {
  Without message;
  set_require_tls(message, true);
  EXPECT_FALSE(requires_tls(message));
  EXPECT_FALSE(has_require_tls<Without>);
}

}  // namespace
}  // namespace cas::delivery
