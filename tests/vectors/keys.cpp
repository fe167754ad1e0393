// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Keys, and key records in DNS answers (CAS §6.1).
#include "confirm/receiver.hpp"
#include "material.hpp"
#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view keys_file = "keys.json";
constexpr std::string_view records_file = "key-records.json";

json::object key_entry(std::string_view name, std::string_view selector, std::string_view algorithm,
                       std::string_view record) {
  json::object out;
  out["name"] = text(name);
  out["algorithm"] = text(algorithm);
  out["selector"] = text(selector);
  out["domain"] = "football.example.com";
  out["record"] = text(record);
  return out;
}

enum class Signed { Ed25519, Rsa, Rsa1024, Rsa4096, RsaExponent3, Broken, BelowD, BelowDForwarded, Forwarded };

/// The intent that a row is about: CAS §A.1, or a relative.
std::string line_of(Signed how) {
  const auto rsa = [](std::string_view signature) {
    return std::string(material::rsa_unsigned) + std::string(signature);
  };
  const std::string below = "joe@team.football.example.com";
  switch (how) {
    case Signed::Ed25519: return signed_line({});
    case Signed::Rsa: return signed_line({.s = "test", .a = "rsa-sha256"});
    case Signed::Rsa1024: return rsa(material::signature_1024);
    case Signed::Rsa4096: return rsa(material::signature_4096);
    case Signed::RsaExponent3: return rsa(material::signature_exponent_3);
    case Signed::Broken: return with(signed_line({}), "r=suzie", "r=susie");
    case Signed::BelowD: return signed_line({.o = below});
    case Signed::BelowDForwarded: return signed_line({.o = below, .w = "fwd"});
    case Signed::Forwarded: return signed_line({.o = "ann@elsewhere.example", .w = "fwd"});
  }
  std::unreachable();
}

struct Row {
  std::string_view name;
  std::string_view status;  // of the DNS answer
  std::vector<std::string> txt;
  Signed how;
  std::string_view reply;
};

constexpr std::string_view ok = "250 2.7.0 [CAS:ok]";
constexpr std::string_view testing = "250 2.0.0 [CAS:testing]";
constexpr std::string_view forwarded = "250 2.0.0 [CAS:forwarded]";
constexpr std::string_view lookup = "451 4.7.5 [CAS:key-lookup]";
constexpr std::string_view missing = "550 5.7.5 [CAS:key-missing]";
constexpr std::string_view revoked = "550 5.7.5 [CAS:key-revoked]";
constexpr std::string_view align = "550 5.7.1 [CAS:align]";
constexpr std::string_view signature = "550 5.7.5 [CAS:signature]";

std::string ed(std::string_view tags) {
  return std::string(tags) + "p=" + std::string(material::ed25519_public);
}
std::string rsa(std::string_view p) {
  return "v=DKIM1; k=rsa; p=" + std::string(p);
}

/// CAS §6.1, first and second row of the table: whether there is a record.
std::vector<Row> answers() {
  const std::string right = ed25519_record();
  return {
      {"right", "ok", {right}, Signed::Ed25519, ok},
      {"lookup-failed", "failed", {}, Signed::Ed25519, lookup},
      {"no-such-name", "nxdomain", {}, Signed::Ed25519, missing},
      {"no-such-record", "nodata", {}, Signed::Ed25519, missing},
      {"two-records", "ok", {right, right}, Signed::Ed25519, missing},
      {"two-records-one-of-something-else", "ok", {right, "v=spf1 -all"}, Signed::Ed25519, missing},
      {"longest", "ok", {right + "; n=" + std::string(4096 - right.size() - 4, 'x')}, Signed::Ed25519, ok},
      {"too-long", "ok", {right + "; n=" + std::string(4097 - right.size() - 4, 'x')}, Signed::Ed25519, missing},
      {"empty-record", "ok", {""}, Signed::Ed25519, missing},
      {"no-tag-list", "ok", {"hello"}, Signed::Ed25519, missing},
      {"tag-twice", "ok", {right + "; k=ed25519"}, Signed::Ed25519, missing},
      {"p-twice", "ok", {right + "; p="}, Signed::Ed25519, missing},
      {"no-p", "ok", {"v=DKIM1; k=ed25519"}, Signed::Ed25519, missing},
      {"final-semicolon", "ok", {right + ";"}, Signed::Ed25519, ok},
      {"blanks-around", "ok", {with(right, "k=ed25519;", "k = ed25519 ;")}, Signed::Ed25519, ok},
      {"blanks-in-p", "ok", {with(right, "CrfVS", "Crf VS")}, Signed::Ed25519, ok},
      {"unknown-tag", "ok", {right + "; zz=1"}, Signed::Ed25519, ok},
      {"no-v", "ok", {ed("k=ed25519; ")}, Signed::Ed25519, ok},
      {"v-not-first", "ok", {ed("k=ed25519; v=DKIM1; ")}, Signed::Ed25519, missing},
      {"v-other", "ok", {ed("v=DKIM2; k=ed25519; ")}, Signed::Ed25519, missing},
      {"v-lower-case", "ok", {ed("v=dkim1; k=ed25519; ")}, Signed::Ed25519, missing},
      {"k-unknown", "ok", {ed("v=DKIM1; k=ed448; ")}, Signed::Ed25519, missing},
      {"k-absent-is-rsa", "ok", {"v=DKIM1; p=" + std::string(material::spki_2048)}, Signed::Rsa, ok},
      {"k-absent-with-ed25519-key", "ok", {ed("v=DKIM1; ")}, Signed::Ed25519, missing},
      {"p-no-base64", "ok", {"v=DKIM1; k=ed25519; p=###"}, Signed::Ed25519, missing},
      {"p-too-short", "ok", {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg=="}, Signed::Ed25519, missing},
      {"p-of-the-other-kind", "ok", {rsa(material::ed25519_public)}, Signed::Rsa, missing},
      {"p-unreadable-in-testing", "ok", {"v=DKIM1; k=ed25519; t=y; p=###"}, Signed::Ed25519, missing},
  };
}

std::vector<Row> flags() {
  const std::string right = ed25519_record();
  return {
      {"revoked", "ok", {"v=DKIM1; k=ed25519; p="}, Signed::Ed25519, revoked},
      {"revoked-in-testing", "ok", {"v=DKIM1; k=ed25519; t=y; p="}, Signed::Ed25519, revoked},
      {"revoked-of-the-other-kind", "ok", {"v=DKIM1; k=rsa; p="}, Signed::Ed25519, revoked},
      {"testing", "ok", {right + "; t=y"}, Signed::Ed25519, testing},
      {"testing-among-flags", "ok", {right + "; t=s:y"}, Signed::BelowD, testing},
      {"testing-with-bad-signature", "ok", {right + "; t=y"}, Signed::Broken, testing},
      {"testing-of-the-other-kind", "ok", {rsa_record() + "; t=y"}, Signed::Ed25519, testing},
      {"flag-unknown", "ok", {right + "; t=q"}, Signed::Ed25519, ok},
      {"service-email", "ok", {right + "; s=email"}, Signed::Ed25519, ok},
      {"service-any", "ok", {right + "; s=tlsrpt:*"}, Signed::Ed25519, ok},
      {"service-other", "ok", {right + "; s=tlsrpt"}, Signed::Ed25519, missing},
      {"hash-sha256", "ok", {right + "; h=sha1:sha256"}, Signed::Ed25519, ok},
      {"hash-other", "ok", {right + "; h=sha1"}, Signed::Ed25519, missing},
      {"other-kind", "ok", {rsa_record()}, Signed::Ed25519, missing},
      {"other-kind-too", "ok", {right}, Signed::Rsa, missing},
      {"strict-and-exact", "ok", {right + "; t=s"}, Signed::Ed25519, ok},
      {"strict-and-below", "ok", {right + "; t=s"}, Signed::BelowD, align},
      {"below", "ok", {right}, Signed::BelowD, ok},
      {"strict-and-below-and-forwarded", "ok", {right + "; t=s"}, Signed::BelowDForwarded, forwarded},
      {"forwarded", "ok", {right}, Signed::Forwarded, forwarded},
      {"signature-wrong", "ok", {right}, Signed::Broken, signature},
      {"rsa", "ok", {rsa_record()}, Signed::Rsa, ok},
      {"rsa-as-pkcs1", "ok", {rsa(material::pkcs1_2048)}, Signed::Rsa, ok},
      {"rsa-4096", "ok", {rsa(material::spki_4096)}, Signed::Rsa4096, ok},
      {"rsa-1024", "ok", {rsa(material::spki_1024)}, Signed::Rsa1024, signature},
      {"rsa-exponent-3", "ok", {rsa(material::spki_exponent_3)}, Signed::RsaExponent3, signature},
      {"rsa-768", "ok", {rsa(material::spki_768)}, Signed::Rsa, missing},
      {"rsa-4224", "ok", {rsa(material::spki_4224)}, Signed::Rsa, missing},
      {"rsa-even", "ok", {rsa(material::spki_even)}, Signed::Rsa, missing},
  };
}

dns::Status status_of(std::string_view name) {
  if (name == "ok") return dns::Status::Ok;
  if (name == "nodata") return dns::Status::NoData;
  return name == "nxdomain" ? dns::Status::NxDomain : dns::Status::Failed;
}

std::string reply_of(const std::expected<confirm::KeyVerdict, confirm::Reason>& verdict) {
  if (!verdict) return brief(verdict.error());
  switch (*verdict) {
    case confirm::KeyVerdict::Ok: return std::string(ok);
    case confirm::KeyVerdict::Testing: return std::string(testing);
    case confirm::KeyVerdict::Forwarded: return std::string(forwarded);
  }
  std::unreachable();
}

json::object record(Book& book, const Row& row) {
  const std::string line = line_of(row.how);
  dns::Answer answer;
  answer.status = status_of(row.status);
  json::array txt;
  for (const auto& one : row.txt) {
    answer.records.emplace_back(dns::Txt{one});
    txt.push_back(text(one));
  }
  const auto intent = confirm::parse_intent(line);
  book.expect(records_file, row.name, row.reply,
              intent ? reply_of(confirm::check_key(*intent, line, answer)) : "no intent");
  json::object out;
  out["name"] = text(row.name);
  out["answer"] = text(row.status);
  out["txt"] = std::move(txt);
  out["line"] = text(line);
  out["reply"] = text(row.reply);
  return out;
}

}  // namespace

void add_keys(Book& book) {
  json::object ed25519 = key_entry("ed25519", "brisbane", "ed25519-sha256", ed25519_record());
  ed25519["seed"] = text(hex(from_base64(material::ed25519_seed).value()));
  json::object rsa = key_entry("rsa", "test", "rsa-sha256", rsa_record());
  rsa["pem"] = text(material::rsa_private);
  book.expect(keys_file, "ed25519", material::ed25519_public, ed25519_key().dkim_public_key());
  book.expect(keys_file, "rsa", material::spki_2048, rsa_key().dkim_public_key());
  book.add(keys_file, "6",
           "The keys that sign the intents of the other files. The first is that of RFC 8463 A.2 (seed: RFC 8032 "
           "secret key in hexadecimal), the second was made for these vectors. Both are public: never use them.",
           {std::move(ed25519), std::move(rsa)});
}

void add_key_records(Book& book) {
  json::array vectors;
  for (const auto& rows : {answers(), flags()}) {
    for (const Row& row : rows) vectors.push_back(record(book, row));
  }
  book.add(records_file, "6.1",
           "What a DNS answer for the key of an intent makes of it. answer: ok, nodata, nxdomain, failed; txt: the "
           "records, strings joined. reply [CAS:ok] means that steps 6 and 7 find no fault.",
           std::move(vectors));
}

}  // namespace cas::vectors
