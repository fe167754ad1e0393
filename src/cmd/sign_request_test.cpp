// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the options of `cas sign` mean, and what they make.
#include "cmd/sign_request.hpp"

#include <gtest/gtest.h>
#include <sysexits.h>

namespace cas::cmd {
namespace {

constexpr UnixTime now{seconds{1'800'000'000}};
constexpr std::string_view message =
    "From: ada@north.example\r\nTo: a@south.example\r\nTo: b@south.example\r\n\r\nHi.\r\n\r\n";

SignOptions plain() {
  SignOptions options;
  options.domain = "north.example";
  options.selector = "s1";
  options.keys = {"key.pem"};
  return options;
}

/// The options with one change.
template <class Change>
Or<SignRequest> request(const Change& change) {
  SignOptions options = plain();
  change(options);
  return sign_request_of(options, now);
}

std::vector<crypto::PrivateKey> keys(std::size_t count = 1) {
  Octets seed(32, 7);
  return {count, crypto::PrivateKey::ed25519_from_seed(seed).value()};
}

template <class Change>
std::string fields(const Change& change) {
  const auto made = request(change).value();
  return signature_fields(message, made, keys(made.keys.size())).value();
}

/// The value of a tag in the first field, blanks and folds taken out.
std::string tag(std::string text, std::string_view name) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  std::string_view rest = text;
  rest.remove_prefix(rest.find(':') + 1);
  while (true) {
    const std::string_view spec = rest.substr(0, rest.find(';'));
    if (spec.starts_with(std::string(name) + '=')) return std::string(spec.substr(name.size() + 1));
    if (spec.size() == rest.size()) return "(none)";
    rest.remove_prefix(spec.size() + 1);
  }
}

TEST(SignRequest, takes_keys_with_and_without_a_selector) {
  const auto made = request([](auto& o) { o.keys = {"a.pem", "s2=b.pem", "/x/s3=c.pem"}; });
  EXPECT_FALSE(made) << "a path with = is a path: s1 twice";
  const auto three = request([](auto& o) { o.keys = {"/x/s3=c.pem", "s2=b.pem", "s3=./d=e.pem"}; }).value();
  ASSERT_EQ(three.keys.size(), 3U);
  EXPECT_EQ(three.keys[0].selector + ' ' + three.keys[0].file, "s1 /x/s3=c.pem");
  EXPECT_EQ(three.keys[1].selector + ' ' + three.keys[1].file, "s2 b.pem");
  EXPECT_EQ(three.keys[2].selector + ' ' + three.keys[2].file, "s3 ./d=e.pem");
}

TEST(SignRequest, refuses_what_makes_no_signature) {
  const auto code = [](const auto& change) {
    const auto made = request(change);
    return made ? EX_OK : made.error().code;
  };
  EXPECT_EQ(code([](auto&) {}), EX_OK);
  EXPECT_EQ(code([](auto& o) { o.domain = "a b"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.selector = ""; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.selector = "a..b"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.canonicalization = "nofws"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.canonicalization = "simple/simple/simple"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.headers = "from::to", o.has_headers = true; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.headers = "from;to", o.has_headers = true; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.oversign = "fr om", o.has_oversign = true; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.body_length = "-1", o.has_body_length = true; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.timestamp = "1234567890123"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.timestamp = "12x"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.expire = "0"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.arc = "mx; none", o.expire = "9"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.arc = "spf=pass"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.arc = "spf=pass; dkim=pass"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.arc = "mx.north.example"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.arc = "mx; none", o.arc_chain = "none"; }), EX_USAGE);
  EXPECT_EQ(code([](auto& o) { o.arc = "mx; none", o.keys = {"a=b", "c=d"}; }), EX_USAGE);
}

TEST(SignRequest, reads_the_four_canonicalizations) {
  EXPECT_EQ(tag(fields([](auto& o) { o.canonicalization = "relaxed/relaxed"; }), "c"), "relaxed/relaxed");
  EXPECT_EQ(tag(fields([](auto& o) { o.canonicalization = "simple/relaxed"; }), "c"), "simple/relaxed");
  EXPECT_EQ(tag(fields([](auto& o) { o.canonicalization = "relaxed/simple"; }), "c"), "relaxed/simple");
  EXPECT_EQ(tag(fields([](auto& o) { o.canonicalization = "Simple"; }), "c"), "simple/simple");
  EXPECT_EQ(tag(fields([](auto& o) { o.canonicalization = "relaxed"; }), "c"), "relaxed/simple");
}

TEST(SignRequest, signs_the_fields_that_are_named) {
  const auto h = [](const auto& change) { return tag(fields(change), "h"); };
  EXPECT_EQ(h([](auto& o) { o.headers = "from:to:cc", o.has_headers = true; }), "from:to:to");
  EXPECT_EQ(h([](auto& o) { o.headers = "to", o.has_headers = true; }), "From:to:to");
  EXPECT_EQ(h([](auto& o) {
              o.headers = "from:to:From", o.has_headers = true;
              o.oversign = "from:subject", o.has_oversign = true;
            }),
            "from:from:subject:to:to");
  EXPECT_EQ(h([](auto& o) { o.oversign = "", o.has_oversign = true; }), "From:To:To");
  EXPECT_TRUE(h([](auto&) {}).starts_with("From:From:Reply-To:To:To:To:Cc:"));
}

TEST(SignRequest, times_are_those_of_the_options) {
  EXPECT_EQ(tag(fields([](auto&) {}), "t"), "1800000000");
  EXPECT_EQ(tag(fields([](auto&) {}), "x"), "(none)");
  EXPECT_EQ(tag(fields([](auto& o) { o.timestamp = "5", o.expire = "60"; }), "x"), "65");
  EXPECT_EQ(tag(fields([](auto& o) { o.no_timestamp = true, o.expire = "60"; }), "x"), "1800000060");
  EXPECT_EQ(tag(fields([](auto& o) { o.no_timestamp = true; }), "t"), "(none)");
}

TEST(SignatureFields, the_body_length_is_that_of_the_canonical_body) {
  const auto with = [](std::string length) {
    return request([&](auto& o) { o.body_length = length, o.has_body_length = true; }).value();
  };
  EXPECT_EQ(tag(signature_fields(message, with(""), keys()).value(), "l"), "5");  // without the empty line
  EXPECT_EQ(tag(signature_fields(message, with("3"), keys()).value(), "l"), "3");
  EXPECT_EQ(signature_fields(message, with("6"), keys()).error().code, EX_DATAERR);
}

TEST(SignatureFields, one_for_each_key_in_their_order) {
  const std::string text = fields([](auto& o) { o.keys = {"s2=a", "s1=b"}; });
  const auto parsed = parse_header(text).value();
  ASSERT_EQ(parsed.size(), 2U);
  EXPECT_EQ(tag(std::string(parsed[0].raw), "s"), "s2");
  EXPECT_EQ(tag(std::string(parsed[1].raw), "s"), "s1");
}

TEST(SignatureFields, refuses_what_is_no_message) {
  const auto made = request([](auto&) {}).value();
  EXPECT_EQ(signature_fields("From ada Mon\r\nFrom: a@b.example\r\n\r\n", made, keys()).error().code, EX_DATAERR);
  EXPECT_EQ(signature_fields("To: a@b.example\r\n\r\nHi.\r\n", made, keys()).error().code, EX_DATAERR);
}

TEST(SignatureFields, seals_and_asks_what_was_found_of_the_sets_before) {
  const auto seal = [](std::string chain) {
    return request([&](auto& o) { o.arc = "mx.north.example; spf=pass", o.arc_chain = chain; }).value();
  };
  const std::string first = signature_fields(message, seal(""), keys()).value();
  EXPECT_EQ(tag(first, "cv"), "none");
  EXPECT_NE(first.find("ARC-Authentication-Results: i=1; mx.north.example; spf=pass\r\n"), std::string::npos);
  const std::string handed_on = first + std::string(message);
  EXPECT_EQ(signature_fields(handed_on, seal(""), keys()).error().code, EX_USAGE);
  EXPECT_EQ(tag(signature_fields(handed_on, seal("pass"), keys()).value(), "cv"), "pass");
  const std::string failed = signature_fields(handed_on, seal("fail"), keys()).value();
  EXPECT_EQ(tag(failed, "cv"), "fail");
  EXPECT_EQ(signature_fields(failed + handed_on, seal("fail"), keys()).error().code, EX_DATAERR);
}

}  // namespace
}  // namespace cas::cmd
