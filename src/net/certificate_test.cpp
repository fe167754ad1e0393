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
  const auto info = describe_certificate(made.certificate, "mx.north.example").value();
  const auto now = to_unix(SystemClock().now());
  EXPECT_LT(info.not_before, now);
  EXPECT_GT(info.not_after, now + std::chrono::days(3600));
  EXPECT_THAT(info.names, testing::ElementsAre("mx.north.example"));
  EXPECT_TRUE(info.self_signed);
  EXPECT_TRUE(info.covers_host);
  EXPECT_EQ(info.spki_sha256.size(), 32U);
}

TEST(Certificate, ForAnotherHostItIsNot) {
  const auto made = make_self_signed("mx.north.example").value();
  EXPECT_FALSE(describe_certificate(made.certificate, "mx.south.example").value().covers_host);
  EXPECT_FALSE(describe_certificate(made.certificate, "north.example").value().covers_host);
}

TEST(Certificate, WhatIsNoCertificateIsSaidToBeNone) {
  EXPECT_FALSE(describe_certificate("", "mx.north.example").has_value());
  EXPECT_FALSE(describe_certificate(make_self_signed("a.example").value().key, "a.example").has_value());
}

}  // namespace
}  // namespace cas::net
