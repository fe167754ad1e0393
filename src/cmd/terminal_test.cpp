// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people read.
#include "cmd/terminal.hpp"

#include <gtest/gtest.h>

#include "cmd/dns_text.hpp"

namespace cas::cmd {
namespace {

TEST(Table, aligns_columns_by_characters_and_leaves_the_last_alone) {
  EXPECT_EQ(table({{"ID", "WHO", "WHAT"}, {"1", "jörg", "x"}, {"22", "ann", "long text"}}),
            "ID  WHO   WHAT\n"
            "1   jörg  x\n"
            "22  ann   long text\n");
  EXPECT_EQ(table({}), "");
}

TEST(SizeText, keeps_to_one_digit_after_the_point) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1000), "1.0 kB");
  EXPECT_EQ(size_text(999999), "1.0 MB");
  EXPECT_EQ(size_text(52428800), "52.4 MB");
}

TEST(TxtStrings, are_at_most_255_octets_each_RFC_1035_3_3_14) {
  EXPECT_EQ(txt_strings("v=DKIM1; p="), "\"v=DKIM1; p=\"");
  const auto text = txt_strings(std::string(300, 'a'));
  EXPECT_EQ(text, "( \"" + std::string(255, 'a') + "\" \"" + std::string(45, 'a') + "\" )");
}

TEST(KeyRecord, names_the_kind_of_key_RFC_8463) {
  EXPECT_EQ(key_record(crypto::KeyType::Ed25519, "AAAA"), "v=DKIM1; k=ed25519; p=AAAA");
  EXPECT_EQ(key_record(crypto::KeyType::Rsa, "AAAA"), "v=DKIM1; k=rsa; p=AAAA");
}

}  // namespace
}  // namespace cas::cmd
