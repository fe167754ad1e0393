// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which names nobody signs for.
#include "auth/public_suffix.hpp"

#include <gtest/gtest.h>

namespace cas::auth {
namespace {

bool is_suffix(std::string_view name) {
  return is_public_suffix(Domain::parse(name).value());
}

TEST(PublicSuffix, IsWhatRegistriesSellBelow) {
  for (const std::string_view name : {"com", "uk", "co.uk", "org", "test", "localhost", "xn--p1ai"}) {
    EXPECT_TRUE(is_suffix(name)) << name;
  }
}

TEST(PublicSuffix, IsNotWhatPeopleRegister) {
  for (const std::string_view name : {"example.com", "example.co.uk", "a.test", "mail.example.org", "blogspot.com"}) {
    EXPECT_FALSE(is_suffix(name)) << name;
  }
}

TEST(PublicSuffix, FollowsWildcardsAndTheirExceptions) {
  EXPECT_TRUE(is_suffix("anything.ck"));
  EXPECT_FALSE(is_suffix("www.ck"));
}

}  // namespace
}  // namespace cas::auth
