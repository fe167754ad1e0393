// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a certificate says.
#include "net/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/system.hpp"
#include "net/tls.hpp"

namespace cas::net {
namespace {

TEST(Certificate, OneMadeHereSaysWhoseItIsAndForHowLong) {
  const auto made = make_self_signed("mx.north.example").value();
  const auto info = parse_certificate(made.certificate).value();
  const auto now = to_unix(SystemClock().now());
  EXPECT_LT(info.not_before, now);
  EXPECT_GT(info.not_after, now + std::chrono::days(3600));
  EXPECT_THAT(info.names, testing::ElementsAre("mx.north.example"));
  EXPECT_TRUE(info.self_signed);
  EXPECT_TRUE(info.covers("mx.north.example"));
  EXPECT_FALSE(info.public_key.empty());
  EXPECT_LT(info.public_key.size(), info.der.size());
}

TEST(Certificate, ForAnotherHostItIsNot) {
  const auto made = make_self_signed("mx.north.example").value();
  const auto info = parse_certificate(made.certificate).value();
  EXPECT_FALSE(info.covers("mx.south.example"));
  EXPECT_FALSE(info.covers("north.example"));
}

TEST(Certificate, WhatIsNoCertificateIsSaidToBeNone) {
  EXPECT_FALSE(parse_certificate("").has_value());
  EXPECT_FALSE(parse_certificate(make_self_signed("a.example").value().key).has_value());
}

}  // namespace
}  // namespace cas::net
