// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Discovery records in DNS answers (CAS §7.1, §7.2).
#include "confirm/discovery.hpp"

#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "discovery.json";

struct Meaning {
  std::string_view m = "optional";
  std::string_view e = {};  // empty: none
  std::string_view p = "none";
  std::vector<std::string> rua = {};
};

struct Row {
  std::string_view name;
  std::vector<std::string> txt;
  std::optional<Meaning> record = std::nullopt;
};

std::vector<Row> rows() {
  std::string many = "v=CAS1; rua=";
  std::vector<std::string> ten;
  for (int n = 0; n < 12; ++n) {
    const std::string uri = "mailto:r" + std::to_string(n) + "@b.example";
    many += (n > 0 ? "," : "") + uri;
    if (n < 10) ten.push_back(uri);
  }
  return {
      {"whole",
       {"v=CAS1; m=required; e=mx.b.example; p=some; rua=mailto:cas@b.example"},
       Meaning{"required", "mx.b.example", "some", {"mailto:cas@b.example"}}},
      {"version-alone", {"v=CAS1"}, Meaning{}},
      {"final-semicolon", {"v=CAS1;"}, Meaning{}},
      {"off", {"v=CAS1; m=off"}, Meaning{.m = "off"}},
      {"optional", {"v=CAS1; m=optional"}, Meaning{}},
      {"promise-none", {"v=CAS1; p=none"}, Meaning{}},
      {"promise-all", {"v=CAS1; p=all"}, Meaning{.p = "all"}},
      {"promise-strict", {"v=CAS1; p=strict"}, Meaning{.p = "strict"}},
      {"without-blanks", {"v=CAS1;m=required;p=all"}, Meaning{.m = "required", .p = "all"}},
      {"blanks-around", {" v = CAS1 ; m = required "}, Meaning{.m = "required"}},
      {"other-order", {"v=CAS1; p=all; m=off"}, Meaning{.m = "off", .p = "all"}},
      {"unknown-tag", {"v=CAS1; x=1; m=off"}, Meaning{.m = "off"}},
      {"two-reports",
       {"v=CAS1; rua=mailto:a@b.example, mailto:c@b.example"},
       Meaning{.rua = {"mailto:a@b.example", "mailto:c@b.example"}}},
      {"twelve-reports", {many}, Meaning{.rua = ten}},
      {"no-record", {}},
      {"other-records", {"v=spf1 -all", "hello"}},
      {"among-other-records", {"v=spf1 -all", "v=CAS1; m=off"}, Meaning{.m = "off"}},
      {"two-records", {"v=CAS1; m=off", "v=CAS1; m=off"}},
      {"two-records-one-broken", {"v=CAS1; m=off", "v=CAS1; m=nonsense"}},
      {"another-version-beside", {"v=CAS2; m=required", "v=CAS1; m=off"}, Meaning{.m = "off"}},
      {"another-version", {"v=CAS2; m=required"}},
      {"version-that-begins-alike", {"v=CAS10; m=required"}},
      {"version-in-lower-case", {"v=cas1; m=required"}},
      {"version-not-first", {"m=required; v=CAS1"}},
      {"mode-unknown", {"v=CAS1; m=maybe"}},
      {"mode-in-upper-case", {"v=CAS1; m=Required"}},
      {"mode-empty", {"v=CAS1; m="}},
      {"mode-twice", {"v=CAS1; m=off; m=off"}},
      {"unknown-tag-twice", {"v=CAS1; x=1; x=2"}},
      {"promise-unknown", {"v=CAS1; p=most"}},
      {"host-empty", {"v=CAS1; e="}},
      {"host-with-blank", {"v=CAS1; e=mx b.example"}},
      {"no-tag-list", {"v=CAS1; hello"}},
      {"tag-without-name", {"v=CAS1; =1"}},
  };
}

json::object record_of(const Meaning& meaning) {
  json::object out;
  out["m"] = text(meaning.m);
  out["e"] = meaning.e.empty() ? json::value(nullptr) : json::value(text(meaning.e));
  out["p"] = text(meaning.p);
  out["rua"] = json::value_from(meaning.rua);
  return out;
}

std::string_view promise(confirm::Promise promise) {
  switch (promise) {
    case confirm::Promise::None: return "none";
    case confirm::Promise::Some: return "some";
    case confirm::Promise::All: return "all";
    case confirm::Promise::Strict: return "strict";
  }
  std::unreachable();
}

json::value read(const std::vector<std::string>& txt) {
  dns::Answer answer;
  answer.status = txt.empty() ? dns::Status::NoData : dns::Status::Ok;
  for (const auto& one : txt) answer.records.emplace_back(dns::Txt{one});
  const auto record = confirm::find_discovery(answer);
  if (!record) return nullptr;
  const std::string endpoint = record->endpoint ? record->endpoint->text() : std::string();
  return record_of({confirm::to_string(record->mode), endpoint, promise(record->promise), record->rua});
}

}  // namespace

void add_discovery(Book& book) {
  json::array vectors;
  for (const Row& row : rows()) {
    const json::value record = row.record ? json::value(record_of(*row.record)) : json::value(nullptr);
    book.expect(file, row.name, pretty(record), pretty(read(row.txt)));
    json::object out;
    out["name"] = text(row.name);
    out["txt"] = json::value_from(row.txt);
    out["record"] = record;
    vectors.push_back(std::move(out));
  }
  book.add(file, "7.1, 7.2",
           "TXT records at _cas.b.example, strings joined, and what they say together; null where they are no record.",
           std::move(vectors));
}

}  // namespace cas::vectors
