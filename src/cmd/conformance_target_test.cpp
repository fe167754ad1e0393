// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The words of `cas conformance`.
#include "cmd/conformance_target.hpp"

#include <gtest/gtest.h>

namespace cas::cmd {
namespace {

ConformanceOptions options() {
  ConformanceOptions out;
  out.recipient = "suzie@south.example";
  out.domain = "west.example";
  return out;
}

std::string complaint(const ConformanceOptions& wrong) {
  bool made_key = false;
  const auto target = read_target(wrong, made_key);
  return target ? "" : target.error().private_reason;
}

TEST(ConformanceTarget, ReadsHostsWithPorts) {
  EXPECT_EQ(parse_host_and_port("mx.example:2525")->text(), "mx.example:2525");
  EXPECT_EQ(parse_host_and_port("mx.example")->text(), "mx.example:25");
  EXPECT_EQ(parse_host_and_port("[2001:db8::1]:26")->text(), "[2001:db8::1]:26");
  EXPECT_EQ(parse_host_and_port("[2001:db8::1]")->text(), "[2001:db8::1]:25");
  for (const std::string_view text : {"", ":25", "mx:", "mx:0", "mx:70000", "mx:x", "[::1", "[::1]25", "2001:db8::1"}) {
    EXPECT_FALSE(parse_host_and_port(text)) << text;
  }
}

TEST(ConformanceTarget, FillsInWhatIsNotGiven) {
  bool made_key = false;
  const auto target = read_target(options(), made_key);
  ASSERT_TRUE(target);
  EXPECT_TRUE(made_key);
  EXPECT_EQ(target->author.wire(), "cas-conformance@west.example");
  EXPECT_EQ(target->unknown.wire(), "cas-conformance-nobody@south.example");
  EXPECT_FALSE(target->second);
}

TEST(ConformanceTarget, NamesTheOptionThatIsWrong) {
  EXPECT_EQ(complaint(options()), "");
  const auto starts = [](std::string_view option, auto change) {
    ConformanceOptions wrong = options();
    change(wrong);
    EXPECT_TRUE(complaint(wrong).starts_with(std::string(option) + ": ")) << complaint(wrong);
  };
  starts("--domain", [](auto& o) { o.domain = ""; });
  starts("--recipient", [](auto& o) { o.recipient = ""; });
  starts("--recipient", [](auto& o) { o.recipient = "suzie@[192.0.2.1]"; });
  starts("--second", [](auto& o) { o.second = "bob@other.example"; });
  starts("--second", [](auto& o) { o.second = "suzie@south.example"; });
  starts("--unknown", [](auto& o) { o.unknown = "nobody@other.example"; });
  starts("--required-recipient", [](auto& o) { o.required_recipient = "bob@south.example"; });
  starts("--off-recipient", [](auto& o) { o.off_recipient = "bob@south.example"; });
  starts("--from", [](auto& o) { o.from = "ada@other.example"; });
  starts("--selector", [](auto& o) { o.selector = "a b"; });
  starts("--rsa-key", [](auto& o) { o.rsa_key = "does-not-exist.pem"; });
}

TEST(ConformanceTarget, AsksTheNamedDnsServerAlone) {
  EXPECT_EQ(resolver_options("127.0.0.1@5353").forwarders, std::vector<std::string>{"127.0.0.1@5353"});
}

}  // namespace
}  // namespace cas::cmd
