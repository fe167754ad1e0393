// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The files of docs/vectors/ as another implementation would use them: read, and held against the code.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "auth/dkim_key.hpp"
#include "confirm/digest.hpp"
#include "confirm/receiver.hpp"
#include "confirm/token.hpp"
#include "smtp/data.hpp"

namespace cas {
namespace {

namespace json = boost::json;

std::string octets_of_file(const std::string& name) {
  std::ifstream in(std::string(CAS_VECTORS) + '/' + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The vectors of a file; a test without any would say nothing.
json::array vectors_of(const std::string& name) {
  json::array vectors = json::parse(octets_of_file(name)).at("vectors").as_array();
  EXPECT_FALSE(vectors.empty()) << name;
  return vectors;
}

std::string text_of(const json::value& vector, std::string_view member) {
  const auto& text = vector.at(json::string_view(member.data(), member.size())).as_string();
  return {text.data(), text.size()};
}

crypto::PublicKey key_in(const std::string& record) {
  return auth::parse_dkim_key(record).value().key.value();
}

std::string verifying_record(const std::string& algorithm) {
  for (const auto& key : vectors_of("keys.json")) {
    if (text_of(key, "algorithm") == algorithm) return text_of(key, "record");
  }
  ADD_FAILURE() << "no key for " << algorithm;
  return {};
}

TEST(Vectors, ValidIntentsAreReadPrintedBackAndVerified) {
  for (const auto& vector : vectors_of("intents-valid.json")) {
    SCOPED_TRACE(text_of(vector, "name"));
    const std::string line = text_of(vector, "line");
    const auto intent = confirm::parse_intent(line);
    ASSERT_TRUE(intent);
    EXPECT_EQ(confirm::print_intent(*intent), line);
    const json::value& tags = vector.at("tags");
    EXPECT_EQ(hex(intent->id), text_of(tags, "i"));
    EXPECT_EQ(intent->author.local().value(), text_of(tags.at("o"), "local"));
    EXPECT_EQ(intent->recipients.size(), tags.at("r").as_array().size());
    EXPECT_TRUE(confirm::verify_intent(*intent, line, key_in(verifying_record(text_of(tags, "a")))));
  }
}

TEST(Vectors, InvalidIntentsAreRefusedWithTheirWord) {
  for (const auto& vector : vectors_of("intents-invalid.json")) {
    SCOPED_TRACE(text_of(vector, "name"));
    const auto intent = confirm::read_intent(text_of(vector, "line"));
    ASSERT_FALSE(intent);
    const std::string said = confirm::reply_for(intent.error()).summary();
    EXPECT_TRUE(said.starts_with(text_of(vector, "reply"))) << said;
  }
}

TEST(Vectors, SignaturesVerifyOrDoNot) {
  for (const auto& vector : vectors_of("signatures.json")) {
    SCOPED_TRACE(text_of(vector, "name"));
    const std::string line = text_of(vector, "line");
    EXPECT_EQ(hex(confirm::signature_hash(line)), text_of(vector, "sha256"));
    EXPECT_EQ(confirm::verify_intent(confirm::parse_intent(line).value(), line, key_in(text_of(vector, "record"))),
              vector.at("verifies").as_bool());
  }
}

/// m of a message as it lies in a file or came through a decoder.
std::string digest_of(const std::string& message, const std::string& id_text) {
  const auto empty_line = message.starts_with("\r\n") ? 0 : message.find("\r\n\r\n");
  const bool has_fields = empty_line != 0;
  const std::size_t header_end = empty_line == std::string::npos ? message.size()
                                 : has_fields                    ? empty_line + 2
                                                                 : empty_line;
  const auto fields = parse_header(std::string_view(message).substr(0, header_end)).value();
  confirm::BodyHasher body;
  if (empty_line != std::string::npos) body.update(std::string_view(message).substr(header_end + 2));
  confirm::IntentId id{};
  std::ranges::copy(from_base64url(id_text).value(), id.begin());
  return "c1:" + base64url(confirm::digest_c1(id, {confirm::header_hash(fields), body.finish()}));
}

std::string through_data(const std::string& data) {
  std::string message;
  smtp::DataDecoder decoder([&](std::string_view octets) { message += octets; });
  const std::string wire = data + ".\r\n";
  EXPECT_EQ(decoder.feed(wire), wire.size());
  EXPECT_TRUE(decoder.finished() && !decoder.malformed());
  return message;
}

std::string through_bdat(const std::string& octets, const json::array& chunks) {
  std::string message;
  smtp::ChunkDecoder decoder([&](std::string_view part) { message += part; });
  std::size_t at = 0;
  for (const auto& chunk : chunks) {
    const auto size = chunk.to_number<std::size_t>();
    decoder.begin(size);
    EXPECT_EQ(decoder.feed(std::string_view(octets).substr(at, size)), size);
    at += size;
  }
  EXPECT_EQ(at, octets.size());
  decoder.end();
  EXPECT_FALSE(decoder.malformed());
  return message;
}

TEST(Vectors, DigestsAreTheSameThroughDataAndThroughBdat) {
  std::size_t by_data = 0, by_chunks = 0;
  for (const auto& vector : vectors_of("digests.json")) {
    SCOPED_TRACE(text_of(vector, "name"));
    const std::string octets = octets_of_file(text_of(vector, "message"));
    const std::string id = text_of(vector, "i"), m = text_of(vector, "m");
    EXPECT_EQ(digest_of(through_bdat(octets, {octets.size()}), id), m);
    const json::object& members = vector.as_object();
    if (members.contains("data")) {
      ++by_data;
      EXPECT_EQ(digest_of(through_data(text_of(vector, "data")), id), m);
    }
    if (members.contains("chunks")) {
      ++by_chunks;
      EXPECT_EQ(digest_of(through_bdat(octets, vector.at("chunks").as_array()), id), m);
    }
  }
  EXPECT_GT(by_data, 0U);
  EXPECT_GT(by_chunks, 0U);
}

TEST(Vectors, RightTokensAreWhatTheProgramMakes) {
  for (const auto& vector : vectors_of("tokens.json")) {
    SCOPED_TRACE(text_of(vector, "name"));
    const auto token = confirm::parse_token(text_of(vector, "token"));
    EXPECT_EQ(token.has_value(), text_of(vector, "verdict") != "form");
    if (text_of(vector, "verdict") != "ok") continue;
    const auto intent = confirm::parse_intent(text_of(vector, "line")).value();
    const std::string recipient = text_of(vector, "recipient");
    const auto listed = std::ranges::find_if(
        intent.recipients, [&](const LocalPart& local) { return confirm::percent_encode(local.value()) == recipient; });
    ASSERT_NE(listed, intent.recipients.end());
    Octets secret(32);
    for (std::size_t n = 0; n < secret.size(); ++n) secret[n] = static_cast<std::uint8_t>(n);
    ASSERT_EQ(hex(secret), text_of(vector, "secret"));
    const auto made = confirm::make_token(secret, token->kid, intent, *listed);
    ASSERT_TRUE(made);
    EXPECT_EQ(confirm::print_token(*made), text_of(vector, "token"));
  }
}

}  // namespace
}  // namespace cas
