// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The words of replies and their codes (CAS §15).
#include "confirm/reason.hpp"

#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "replies.json";

struct Row {
  std::string_view word, codes;
  std::optional<confirm::Reason> reason = std::nullopt;  // none: the reply is an acceptance
};

std::vector<Row> rows() {
  using enum confirm::Reason;
  return {
      {"required", "530 5.7.0", Required},
      {"syntax", "501 5.5.4", Syntax},
      {"too-long", "500 5.5.2", TooLong},
      {"sequence", "503 5.5.1", Sequence},
      {"version", "504 5.7.6", Version},
      {"algorithm", "504 5.7.6", Algorithm},
      {"expired", "451 4.7.0", Expired},
      {"future", "451 4.7.0", Future},
      {"lifetime", "550 5.7.1", Lifetime},
      {"key-lookup", "451 4.7.5", KeyLookup},
      {"busy", "451 4.3.2", Busy},
      {"key-missing", "550 5.7.5", KeyMissing},
      {"key-revoked", "550 5.7.5", KeyRevoked},
      {"signature", "550 5.7.5", Signature},
      {"align", "550 5.7.1", Alignment},
      {"envelope", "550 5.7.1", Envelope},
      {"rcpt", "550 5.7.1", NotListed},
      {"from", "550 5.7.1", FromMismatch},
      {"spf", "550 5.7.23", Spf},
      {"rate", "451 4.7.28", Rate},
      {"pending", "451 4.7.0", Pending},
      {"unknown", "550 5.1.1", NoSuchUser},
      {"refused", "550 5.7.1", Refused},
      {"consent", "550 5.7.1", Consent},
      {"class", "550 5.7.1", Class},
      {"digest", "550 5.7.7", Digest},
      {"replay", "550 5.7.1", Replay},
      {"in-progress", "451 4.3.0", InProgress},
      {"unavailable", "451 4.3.0", LedgerDown},
      {"ok", "250 2.7.0"},
      {"testing", "250 2.0.0"},
      {"forwarded", "250 2.0.0"},
      {"off", "250 2.0.0"},
      {"confirmed", "250 2.1.5"},
      {"held", "250 2.1.5"},
      {"exempt", "250 2.1.5"},
  };
}

}  // namespace

void add_replies(Book& book) {
  json::array vectors;
  const auto add = [&](std::string_view name, std::string_view word, const std::string& reply,
                       const json::value& retry) {
    json::object out;
    out["name"] = text(name);
    out["word"] = text(word);
    out["retry"] = retry;
    out["reply"] = text(reply);
    vectors.push_back(std::move(out));
  };
  for (const Row& row : rows()) {
    const std::string reply = std::string(row.codes) + " [CAS:" + std::string(row.word) + "]";
    if (row.reason) book.expect(file, row.word, reply, brief(*row.reason));
    add(row.word, row.word, reply, nullptr);
  }
  for (const int retry : {0, 1800, 999999999}) {
    const std::string name = "pending-" + std::to_string(retry);
    const std::string reply = "451 4.7.0 [CAS:pending retry=" + std::to_string(retry) + "]";
    book.expect(file, name, reply, brief(confirm::reply_for(confirm::Reason::Pending, seconds(retry))));
    add(name, "pending", reply, retry);
  }
  book.add(
      file, "15.1, 15.2",
      "Every word with its codes, and the seconds of retry. As everywhere in these files a reply stands without the "
      "text for people behind it.",
      std::move(vectors));
}

}  // namespace cas::vectors
