// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Digest c1, CAS §4.4: the vector, what it forgives and what it does not.
#include "confirm/digest.hpp"

#include <gtest/gtest.h>

#include "confirm/intent_samples.hpp"

namespace cas::confirm {
namespace {

using namespace samples;

crypto::Sha256Digest header_hash_of(std::string_view text) {
  return header_hash(parse_header(text).value());
}

crypto::Sha256Digest body_hash_of(std::string_view text) {
  BodyHasher hasher;
  hasher.update(text);
  return hasher.finish();
}

std::string header_with(std::string_view from, std::string_view to) {
  return with(std::string(vector_header), from, to);
}
std::string body_with(std::string_view from, std::string_view to) {
  return with(std::string(vector_body), from, to);
}

TEST(DigestVector, HasTheHashesOfCasSectionA1) {
  const MessageHashes hashes{.header = header_hash_of(vector_header), .body = body_hash_of(vector_body)};
  EXPECT_EQ(base64url(hashes.header), vector_header_hash);
  EXPECT_EQ(base64url(hashes.body), vector_body_hash);
  EXPECT_EQ(base64url(digest_c1(vector_intent().id, hashes)), "a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI");
  EXPECT_EQ(digest_c1(vector_intent().id, hashes), vector_intent().digest);
}

TEST(DigestC1, IsSaltedByTheIntentsId) {
  const MessageHashes hashes{.header = header_hash_of(vector_header), .body = body_hash_of(vector_body)};
  IntentId other = vector_intent().id;
  other[15] ^= 1;
  EXPECT_NE(digest_c1(other, hashes), digest_c1(vector_intent().id, hashes));
}

TEST(HeaderHash, ForgivesRefoldingCaseBlanksOrderAndTraceFields) {
  const auto original = header_hash_of(vector_header);
  const std::string received = "Received: from a by b; Mon, 23 Nov 2026 19:00:05 +0000\r\n";
  const std::string to_line = "To: Suzie Q <suzie@shopping.example.net>\r\n";
  for (const std::string& same :
       {header_with("Is dinner\r\n ready?", "Is dinner ready?"), header_with("Subject:", "SUBJECT \t:"),
        header_with("Joe SixPack", " Joe\t \tSixPack"), received + std::string(vector_header),
        std::string(vector_header) + "X-Spam: no\r\nAuthentication-Results: x; none\r\n",
        to_line + header_with(to_line, ""), header_with("ready?", "ready? \t")}) {
    EXPECT_EQ(header_hash_of(same), original) << same;
  }
}

TEST(HeaderHash, NoticesEveryDigestedFieldAddedOrRepeatedOnEitherSide) {
  const auto original = header_hash_of(vector_header);
  for (const std::string_view name :
       {"From", "Sender", "Reply-To", "To", "Cc", "Date", "Message-ID", "Subject", "In-Reply-To", "References",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted", "List-Id", "List-Unsubscribe",
        "List-Unsubscribe-Post"}) {
    const std::string added = std::string(name) + ": x\r\n";
    const auto before = header_hash_of(added + std::string(vector_header));
    const auto after = header_hash_of(std::string(vector_header) + added);
    EXPECT_NE(before, original) << name;
    EXPECT_NE(after, original) << name;
    EXPECT_EQ(before == after, !fields_named(parse_header(vector_header).value(), name).size()) << name;
  }
}

TEST(HeaderHash, NoticesChangedValues) {
  const auto original = header_hash_of(vector_header);
  EXPECT_NE(header_hash_of(header_with("joe@", "Joe@")), original);
  EXPECT_NE(header_hash_of(header_with("dinner", "din ner")), original);
  EXPECT_NE(header_hash_of(header_with("To: ", "Cc: ")), original);
}

TEST(BodyHash, DoesNotCareHowTheBodyIsCutCasSection21) {
  for (std::size_t first = 0; first <= vector_body.size(); ++first) {
    for (std::size_t second = first; second <= vector_body.size(); ++second) {
      BodyHasher hasher;
      hasher.update(vector_body.substr(0, first));
      hasher.update(vector_body.substr(first, second - first));
      hasher.update(vector_body.substr(second));
      ASSERT_EQ(base64url(hasher.finish()), vector_body_hash) << first << ' ' << second;
    }
  }
}

TEST(BodyHash, ForgivesWhiteSpaceAsRelaxedDoesAndNothingElse) {
  const auto original = body_hash_of(vector_body);
  EXPECT_EQ(body_hash_of(body_with("game.  Are", "game. \t Are")), original);
  EXPECT_EQ(body_hash_of(body_with("Hi.", "Hi.  ")), original);
  EXPECT_EQ(body_hash_of(std::string(vector_body) + "\r\n\r\n"), original);
  EXPECT_NE(body_hash_of(body_with("game.  Are", "game.Are")), original);
  EXPECT_NE(body_hash_of(body_with("Hi.", " Hi.")), original);
  EXPECT_NE(body_hash_of(body_with("\r\n\r\n", "\r\n")), original);
  EXPECT_NE(body_hash_of(body_with("Joe", "joe")), original);
}

}  // namespace
}  // namespace cas::confirm
