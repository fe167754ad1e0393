// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Encodings: the RFC 4648 vectors, one spelling for each value, UTF-8 at its edges, text made safe.
#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace cas {
namespace {

std::string text_of(const Octets& octets) {
  return {octets.begin(), octets.end()};
}

TEST(Base64, GivesTheVectorsOfRfc4648Section10) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64(as_octets(plain)), encoded);
    const auto decoded = from_base64(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(text_of(*decoded), plain);
  }
}

TEST(Base64, RefusesEverySecondSpelling) {
  for (const std::string_view bad : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=", "Zm 9v", "Zm9v\r\n",
                                     "Zg==Zg==", "Zm9-", "Zm9_", "Zm=9", "Z"}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(Base64, FoldedMayHoldBlanksAndLackPaddingRfc6376Section35) {
  const auto octets = from_base64("Zm9vYg==").value();
  for (const std::string_view text : {"Zm9vYg==", "Zm9vYg", " Zm9\r\n\tvYg = =", "Zm9vYh=="}) {
    EXPECT_EQ(from_base64_folded(text), octets) << text;
  }
  for (const std::string_view text : {"Zm9vYg=", "Zm9vYg===", "Zm9v=Yg=", "Z", "Zm9v*", "=", "Zm9v===="}) {
    EXPECT_EQ(from_base64_folded(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_base64_folded(" \r\n"), Octets());
}

TEST(Base64Url, HasNoPaddingAndTheUrlSafeAlphabet) {
  const Octets octets{0xFB, 0xFF, 0xFE, 0xFF};
  EXPECT_EQ(base64url(octets), "-__-_w");
  EXPECT_EQ(base64(octets), "+//+/w==");
  EXPECT_EQ(from_base64url("-__-_w"), octets);
  for (const std::string_view bad : {"Zg==", "Z", "Zh", "Zm9", "+A", "/w", "Zg\n"}) {
    EXPECT_FALSE(from_base64url(bad)) << bad;
  }
}

TEST(Base64, ComesBackForEveryOctetAndLength) {
  Octets octets;
  for (unsigned i = 0; i < 259; ++i) {
    EXPECT_EQ(from_base64(base64(octets)), octets);
    EXPECT_EQ(from_base64url(base64url(octets)), octets);
    octets.push_back(static_cast<std::uint8_t>(i * 7 + 3));
  }
}

TEST(Hex, IsLowerCase) {
  EXPECT_EQ(hex(Octets{0x00, 0x9F, 0xAB, 0xFF}), "009fabff");
}

TEST(Ascii, CaseIsAsciiOnly) {
  EXPECT_EQ(to_lower("AbZ-\xC3\x84"), "abz-\xC3\x84");
  EXPECT_EQ(to_upper("aBz-\xC3\xA4"), "ABZ-\xC3\xA4");
  EXPECT_TRUE(iequals("Subject", "sUBJECT"));
  EXPECT_FALSE(iequals("Subject", "Subjec"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_TRUE(is_ascii("\x7F"));
  EXPECT_FALSE(is_ascii("\x80"));
  for (const std::size_t size : {255UL, 256UL, 257UL, 1000UL}) {
    std::string text(size, 'x');
    EXPECT_TRUE(is_ascii(text)) << size;
    for (std::size_t place = 0; place < size; ++place) {
      text[place] = '\xC3';
      EXPECT_FALSE(is_ascii(text)) << size << ' ' << place;
      text[place] = 'x';
    }
  }
}

TEST(Ascii, TrimTakesBlanksOnly) {
  EXPECT_EQ(trim_wsp(" \t a b \t"), "a b");
  EXPECT_EQ(trim_wsp("\r\n"), "\r\n");
  EXPECT_EQ(trim_wsp(" \t "), "");
}

TEST(Utf8, AcceptsTheEdgesOfRfc3629) {
  for (const std::string_view good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                      "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good)) << hex(as_octets(good));
  }
}

TEST(Utf8, RefusesOverlongSurrogatesAndBeyondUnicode) {
  for (const std::string_view bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xFE", "\xFF", "ok\xC3"}) {
    EXPECT_FALSE(is_utf8(bad)) << hex(as_octets(bad));
  }
}

TEST(Printable, ShowsWhatCannotHurtALogOrATerminal) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"plain text", "plain text"},
      {"a\r\nb", "a\\x0D\\x0Ab"},
      {"\x1B[31m", "\\x1B[31m"},
      {"\x7F", "\\x7F"},
      {"back\\slash", "back\\x5Cslash"},
      {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      {"bad\xC3", "bad\\xC3"},
      {"\xC2\x9B"
       "31m",
       "\\xC2\\x9B"
       "31m"},  // CSI as a C1 control
      {std::string_view("\0x", 2), "\\x00x"},
  };
  for (const auto& [given, shown] : cases) EXPECT_EQ(printable(given), shown);
}

TEST(Printable, IsCutAtTheLimitNeverInsideACharacterOrEscape) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abc...");
  EXPECT_EQ(printable("ab\xC3\xBC"
                      "cdef",
                      6),
            "ab...");
  EXPECT_EQ(printable("a\n\n\n", 8), "a\\x0A...");
  EXPECT_EQ(printable("abcdef", 2), "..");
  EXPECT_EQ(printable("abcdef", 0), "");
  EXPECT_EQ(printable(std::string(5000, 'x')).size(), 512U);
}

}  // namespace
}  // namespace cas
