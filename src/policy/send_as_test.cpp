// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// As whom somebody may write.
#include "policy/send_as.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

Mailbox mailbox(std::string_view text) {
  auto parsed = Mailbox::parse(text);
  if (!parsed) throw std::logic_error(std::string(text));
  return *parsed;
}

struct Case {
  const char* right;
  const char* address;
  bool covered;
};

TEST(SendAs, CoversWhatItSaysAndItsSubaddresses) {
  for (const auto& [right, address, covered] : std::initializer_list<Case>{
           {"joe@a.example", "joe@a.example", true},       {"joe@a.example", "JOE@A.Example", true},
           {"joe@a.example", "joe+news@a.example", true},  {"joe@a.example", "Joe+a+b@a.example", true},
           {"joe@a.example", "joe+@a.example", false},     {"joe@a.example", "joey@a.example", false},
           {"joe@a.example", "jo@a.example", false},       {"joe@a.example", "+joe@a.example", false},
           {"joe@a.example", "joe-news@a.example", false}, {"joe@a.example", "joe@b.example", false},
           {"joe@a.example", "joe@x.a.example", false},    {"joe@a.example", "joe@[192.0.2.1]", false},
           {"joe+news@a.example", "joe@a.example", false}, {"joe+news@a.example", "joe+news@a.example", true},
           {"*@a.example", "joe@a.example", true},         {"*@a.example", "\"any thing\"@A.EXAMPLE", true},
           {"*@a.example", "joe@b.example", false},        {"*@a.example", "joe@x.a.example", false},
           {"*@a.example", "joe@[192.0.2.1]", false},      {"\"*\"@a.example", "joe@a.example", false},
           {"\"*\"@a.example", "*@a.example", true},
       }) {
    const auto parsed = SendAs::parse(right);
    ASSERT_TRUE(parsed) << right;
    EXPECT_EQ(parsed->covers(mailbox(address)), covered) << right << " " << address;
  }
}

TEST(SendAs, HasOneSpellingThatItUnderstands) {
  for (const char* text : {"joe@a.example", "*@a.example", "\"joe blow\"@a.example", "joe+news@a.example"}) {
    const auto parsed = SendAs::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->text(), text);
    EXPECT_EQ(parsed->domain()->text(), "a.example");
  }
  EXPECT_EQ(SendAs::parse("*@A.Example")->text(), "*@a.example");
}

TEST(SendAs, RefusesWhatIsNeitherAnAddressNorEverybody) {
  for (const char* text : {"", "joe", "*", "*@", "@a.example", "joe@", "**@a.example@b", "*@[192.0.2.1]",
                           "joe@[192.0.2.1]", "joe@a.example ", "j*@a example", "*@.a.example"}) {
    EXPECT_FALSE(SendAs::parse(text)) << text;
  }
}

}  // namespace
}  // namespace cas::policy
