// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the parts of `cas-vectors` share. Expectations are written by hand, from the text of the specification; the code
// is asked whether it agrees, and every disagreement is told.
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "confirm/intent.hpp"
#include "confirm/reason.hpp"
#include "crypto/keys.hpp"
#include "dns/record.hpp"

namespace cas::vectors {

namespace json = boost::json;

/// One file of the directory that is written: its name and all its octets.
struct OutputFile {
  std::string name;
  std::string octets;
};

/// Where the code does not do what a vector says.
struct Disagreement {
  std::string where;  // "file.json: name"
  std::string what;
};

/// Collects files, and places where the code does not do what a vector says.
class Book {
 public:
  /// A file of vectors. Each vector is an object with a name of its own.
  void add(std::string_view name, std::string_view section, std::string_view about, json::array vectors);
  void add_octets(std::string name, std::string octets);
  /// Tells a disagreement where `expected` is not `actual`.
  void expect(std::string_view file, std::string_view vector, std::string_view expected, std::string_view actual);

  [[nodiscard]] const std::vector<OutputFile>& files() const { return files_; }
  [[nodiscard]] const std::vector<Disagreement>& disagreements() const { return disagreements_; }

 private:
  std::vector<OutputFile> files_;
  std::vector<Disagreement> disagreements_;
};

void add_keys(Book& book);
void add_key_records(Book& book);
void add_valid_intents(Book& book);
void add_invalid_intents(Book& book);
void add_digests(Book& book);
void add_signatures(Book& book);
void add_statements(Book& book);
void add_messages_against_intents(Book& book);
void add_recipients(Book& book);
void add_discovery(Book& book);
void add_replies(Book& book);
void add_tokens(Book& book);

/// Indented by two blanks, members in the order in which they were put in, octets above 0x7F as they are.
[[nodiscard]] std::string pretty(const json::value& value);

[[nodiscard]] json::string text(std::string_view value);
/// "550 5.7.5 [CAS:signature]": a reply without the words for people.
[[nodiscard]] std::string brief(const smtp::Reply& reply);
[[nodiscard]] std::string brief(confirm::Reason reason);

/// An intent as its tags, to be put together as CAS §4.2 says and signed as CAS §4.5 says. Nothing is checked.
struct Tags {
  std::string v = "CAS1", i = "AAECAwQFBgcICQoLDA0ODw", d = "football.example.com", s = "brisbane",
              a = "ed25519-sha256", t = "1795460400", x = "1795546800", f = "joe@football.example.com",
              q = "shopping.example.net", r = "suzie", o = "joe@football.example.com", k = "p", l = {}, w = {},
              m = "c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI";
};
/// Through ";b=". `l` and `w` are left out where they are empty.
[[nodiscard]] std::string unsigned_line(const Tags& tags);
/// Signed with the key that `a` names; "brisbane" is the Ed25519 key, "test" the RSA key.
[[nodiscard]] std::string signed_line(const Tags& tags);
[[nodiscard]] std::string signature_input(std::string_view line);

[[nodiscard]] const crypto::PrivateKey& ed25519_key();
[[nodiscard]] const crypto::PrivateKey& rsa_key();
[[nodiscard]] std::string ed25519_record();
[[nodiscard]] std::string rsa_record();

/// What an intent means, as intents-valid.json writes it.
[[nodiscard]] json::object meaning_of(const confirm::Intent& intent);

/// One occurrence replaced; it must be there.
[[nodiscard]] std::string with(std::string_view whole, std::string_view from, std::string_view to);

}  // namespace cas::vectors
