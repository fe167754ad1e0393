// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who is an author, by the grammar and beside it.
#include "auth/authors.hpp"

#include <gmock/gmock.h>

namespace cas::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}

Authors authors_of(std::string_view header) {
  return read_authors(parse_header(header).value());
}

TEST(Authors, AreDomainsAsALabelsRfc9989Section531) {
  EXPECT_THAT(authors_of("Subject: x\r\nFrom: \"a@b.example\" <joe@Bücher.Example>\r\n").domains,
              ElementsAre(domain("xn--bcher-kva.example")));
  EXPECT_THAT(authors_of("From: a@one.example, b@two.example, c@ONE.example\r\n").domains,
              ElementsAre(domain("one.example"), domain("two.example")));
  EXPECT_THAT(authors_of("From: team: a@one.example;\r\n").domains, ElementsAre(domain("one.example")))
      << "RFC 6854: a group";
}

TEST(Authors, AnUnclearFromIsAFault) {
  for (const char* header :
       {"Subject: x\r\n", "From: a@one.example\r\nFrom: a@one.example\r\n", "From: nobody:;\r\n", "From: \r\n",
        "From: joe\r\n", "From: a@[192.0.2.1]\r\n", "From: a@one.example, b@[192.0.2.1]\r\n",
        "From: a@a.example, a@b.example, a@c.example, a@d.example, a@e.example\r\n"}) {
    const auto authors = authors_of(header);
    EXPECT_FALSE(authors.fault.empty()) << header;
    EXPECT_THAT(authors.domains, IsEmpty()) << header;
  }
}

TEST(Authors, WhatIsClearAllTheSameIsRead) {
  for (const char* from : {"ann@a.example <ann@a.example>", "Doe, Ann <ann@a.example>", "Ann [x] <ann@a.example>",
                           "Ann: B <ann@a.example>", "Ann <'ann@a.example'>", "Ann <ann.@a.example>",
                           "Ann <a..b@A.example>;", "Doe, Ann\r\n <ann@a.example> "}) {
    EXPECT_THAT(authors_of("From: " + std::string(from) + "\r\n").domains, ElementsAre(domain("a.example"))) << from;
  }
}

TEST(Authors, WhatTwoProgramsCouldReadInTwoWaysIsAFault) {
  for (const char* from : {"boss@bank.example <x@evil.example>", "boss@bank.example, <x@evil.example> x",
                           "x <x@evil.example> <boss@bank.example>", "x@evil.example> <boss@bank.example>",
                           "Doe, Ann <x@evil.example@bank.example>", "Doe, Ann <@evil.example>",
                           "Doe, Ann (<x@evil.example>) <boss@bank.example>", "Doe, Ann <ann>",
                           "Doe, Ann <ann@a.example", "boss@bank.example.evil.example; x <x@evil.example>",
                           "Doe, boss@ <x@evil.example>", "Doe, \"boss@bank.example <x@evil.example>"}) {
    EXPECT_FALSE(authors_of("From: " + std::string(from) + "\r\n").fault.empty()) << from;
  }
}

}  // namespace
}  // namespace cas::auth
