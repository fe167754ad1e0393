// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Canonical bodies: the RFC's examples, the edges of a stream, and the same result wherever it is cut.
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "message/header.hpp"

namespace cas {
namespace {

using Form = BodyCanonicalizer::Form;

std::string canonical(Form form, const std::vector<std::string_view>& pieces) {
  std::string out;
  BodyCanonicalizer body(form, [&out](std::string_view octets) { out += octets; });
  for (const std::string_view piece : pieces) body.update(piece);
  body.finish();
  return out;
}

struct Case {
  std::string_view body, simple, relaxed;
};

constexpr Case kCases[] = {
    {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},  // RFC 6376 §3.4.5
    {"", "\r\n", ""},                                                     // RFC 6376 §3.4.3, §3.4.4
    {"\r\n", "\r\n", ""},
    {"\r\n\r\n\r\n", "\r\n", ""},
    {" \t\r\n", " \t\r\n", ""},
    {" ", " \r\n", ""},
    {"a", "a\r\n", "a\r\n"},
    {"a\r\n", "a\r\n", "a\r\n"},
    {"a\r\n\t", "a\r\n\t\r\n", "a\r\n"},
    {"a\r\n \r\n\r\nb \r\n \r\n", "a\r\n \r\n\r\nb \r\n \r\n", "a\r\n\r\n\r\nb\r\n"},
    {"\r\n\r\na", "\r\n\r\na\r\n", "\r\n\r\na\r\n"},
    {"a\t\tb", "a\t\tb\r\n", "a b\r\n"},
    {"a\rb\nc", "a\rb\nc\r\n", "a\rb\nc\r\n"},  // alone they end no line
    {"a \r b\r\n", "a \r b\r\n", "a \r b\r\n"},
    {"a \r\r\n", "a \r\r\n", "a \r\r\n"},
    {"a\r", "a\r\r\n", "a\r\r\n"},
    {"\r", "\r\r\n", "\r\r\n"},
    {" \r\n \r", " \r\n \r\r\n", "\r\n \r\r\n"},
    {"\n\n", "\n\n\r\n", "\n\n\r\n"},
};

TEST(BodyCanonicalizer, GivesTheCanonicalForms) {
  for (const Case& c : kCases) {
    EXPECT_EQ(canonical(Form::Simple, {c.body}), c.simple) << c.body;
    EXPECT_EQ(canonical(Form::Relaxed, {c.body}), c.relaxed) << c.body;
  }
}

TEST(BodyCanonicalizer, IsTheSameWhereverTheBodyIsCut) {
  for (const Case& c : kCases) {
    for (std::size_t i = 0; i <= c.body.size(); ++i) {
      for (std::size_t j = i; j <= c.body.size(); ++j) {
        const std::vector pieces{c.body.substr(0, i), c.body.substr(i, j - i), c.body.substr(j)};
        EXPECT_EQ(canonical(Form::Simple, pieces), c.simple) << c.body << " cut at " << i << ", " << j;
        EXPECT_EQ(canonical(Form::Relaxed, pieces), c.relaxed) << c.body << " cut at " << i << ", " << j;
      }
    }
  }
}

TEST(BodyCanonicalizer, IsTheSameForLargeBodiesInPiecesOfEverySize) {
  std::string body;
  std::uint32_t state = 1;
  constexpr std::string_view kAlphabet = "ab  \t\r\n";
  for (int i = 0; i < 60'000; ++i) {
    state = state * 1664525U + 1013904223U;
    const unsigned pick = (state >> 24) % 8;
    body += pick == 7 ? "\r\n" : std::string(1, kAlphabet[pick]);
  }
  body += std::string(20'000, 'x') + " " + std::string(9'000, ' ') + "y";
  for (const Form form : {Form::Simple, Form::Relaxed}) {
    const std::string whole = canonical(form, {body});
    for (const std::size_t size : {1U, 2U, 3U, 7U, 64U, 1000U, 4095U, 4096U, 8191U, 8192U, 8193U}) {
      std::vector<std::string_view> pieces;
      for (std::size_t at = 0; at < body.size(); at += size) pieces.push_back(std::string_view(body).substr(at, size));
      EXPECT_TRUE(canonical(form, pieces) == whole) << size;
    }
    EXPECT_TRUE(canonical(form, {whole}) == whole) << "twice is as once";
  }
}

/// The same, line by line as the RFC says it.
std::string by_the_letter(Form form, std::string body) {
  std::string out;
  std::string empty;
  if (!body.ends_with("\r\n") && !body.empty()) body += "\r\n";
  while (!body.empty()) {
    const std::size_t end = body.find("\r\n");
    std::string line;
    for (const char c : body.substr(0, end)) {
      const bool blank = form == Form::Relaxed && (c == ' ' || c == '\t');
      if (!blank || !line.ends_with(' ')) line += blank ? ' ' : c;
    }
    if (form == Form::Relaxed && line.ends_with(' ')) line.pop_back();
    body.erase(0, end + 2);
    if (!line.empty()) out += std::exchange(empty, "") + line;
    (line.empty() ? empty : out) += "\r\n";
  }
  return form == Form::Simple && out.empty() ? "\r\n" : out;
}

TEST(BodyCanonicalizer, IsWhatTheRfcSaysOfBodiesOfEveryKind) {
  std::uint32_t state = 7;
  const auto random = [&](std::uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 16) % below;
  };
  constexpr std::string_view kPieces[] = {" ",
                                          "\t",
                                          "\r",
                                          "\n",
                                          "\r\n",
                                          "\r\n\r\n",
                                          "a",
                                          "some words of text",
                                          " \r\n",
                                          "  ",
                                          " \t",
                                          "\xC3\xA9",
                                          "a long line of text that has nothing special in it"};
  for (int round = 0; round < 20'000; ++round) {
    // Some rounds with few kinds of pieces, so that long stretches are alike.
    const std::uint32_t kinds = 2 + random(std::size(kPieces) - 1);
    const std::uint32_t first = random(std::size(kPieces));
    std::string body;
    for (std::uint32_t n = random(30); n > 0; --n) body += kPieces[(first + random(kinds)) % std::size(kPieces)];
    const std::size_t cut = random(static_cast<std::uint32_t>(body.size()) + 1);
    for (const Form form : {Form::Simple, Form::Relaxed}) {
      const std::string_view whole = body;
      ASSERT_EQ(canonical(form, {whole.substr(0, cut), whole.substr(cut)}), by_the_letter(form, body))
          << testing::PrintToString(body) << " cut at " << cut;
    }
  }
}

TEST(BodyCanonicalizer, HandsOnLargePiecesAndKeepsNoEmptyLines) {
  std::size_t calls = 0;
  std::size_t octets = 0;
  BodyCanonicalizer body(Form::Relaxed, [&](std::string_view piece) {
    ++calls;
    octets += piece.size();
  });
  for (int i = 0; i < 100'000; ++i) body.update("a \r\n");
  for (int i = 0; i < 1'000'000; ++i) body.update(" \r\n");
  body.finish();
  EXPECT_EQ(octets, 300'000U);
  EXPECT_LT(calls, 100U);
}

}  // namespace
}  // namespace cas
