// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Digest c1 of awkward messages (CAS §4.4). The canonical texts are written by hand; hashes follow from them.
#include "confirm/digest.hpp"
#include "crypto/hash.hpp"
#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "digests.json";
constexpr std::string_view usual_id = "AAECAwQFBgcICQoLDA0ODw";

struct Row {
  std::string_view name;
  std::string message;
  std::string header, body;  // canonical
  std::string_view id = usual_id;
  std::string data = {};                 // as DATA transfers it, without the last dot; where that is of interest
  std::vector<std::size_t> chunks = {};  // of BDAT
};

const std::string a1_header =
    "Received: from x by y; Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner\r\n"
    " ready?\r\n"
    "Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "Message-ID: <20261123190000.1@football.example.com>\r\n";
const std::string a1_body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
const std::string a1_canonical_header =
    "from:Joe SixPack <joe@football.example.com>\r\n"
    "to:Suzie Q <suzie@shopping.example.net>\r\n"
    "date:Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "message-id:<20261123190000.1@football.example.com>\r\n"
    "subject:Is dinner ready?\r\n";
const std::string a1_canonical_body = "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n";

std::vector<Row> whole_messages() {
  const std::string a1 = a1_header + "\r\n" + a1_body;
  return {
      {"example-a1", a1, a1_canonical_header, a1_canonical_body},
      {"other-identifier", a1, a1_canonical_header, a1_canonical_body, "_____________________w"},
      {"in-chunks-of-one-octet",
       a1,
       a1_canonical_header,
       a1_canonical_body,
       usual_id,
       {},
       std::vector<std::size_t>(a1.size(), 1)},
      {"in-one-chunk-and-an-empty-one", a1, a1_canonical_header, a1_canonical_body, usual_id, {}, {a1.size(), 0}},
      {"chunks-between-cr-and-lf",
       a1,
       a1_canonical_header,
       a1_canonical_body,
       usual_id,
       {},
       {a1_header.size() - 1, 2, 1, a1.size() - a1_header.size() - 3, 1}},
      {"chunk-ends-in-blanks",
       "From: a@b.example\r\n\r\nx \t y\r\n",
       "from:a@b.example\r\n",
       "x y\r\n",
       usual_id,
       {},
       {23, 1, 1, 1, 2}},
      {"dots", "From: a@b.example\r\n\r\n.\r\n..\r\n. x\r\nx.\r\n", "from:a@b.example\r\n", ".\r\n..\r\n. x\r\nx.\r\n",
       usual_id, "From: a@b.example\r\n\r\n..\r\n...\r\n.. x\r\nx.\r\n"},
      {"no-body", "From: a@b.example\r\n\r\n", "from:a@b.example\r\n", ""},
      {"no-empty-line", "From: a@b.example\r\n", "from:a@b.example\r\n", ""},
      {"no-empty-line-and-no-final-crlf", "From: a@b.example", "from:a@b.example\r\n", ""},
      {"no-fields", "\r\nFrom: a@b.example\r\n", "", "From: a@b.example\r\n"},
      {"no-fields-and-no-body", "\r\n", "", ""},
      {"no-octets", "", "", ""},
      {"no-final-crlf", "From: a@b.example\r\n\r\nx", "from:a@b.example\r\n", "x\r\n"},
      {"no-final-crlf-behind-blanks", "From: a@b.example\r\n\r\nx \t", "from:a@b.example\r\n", "x\r\n"},
      {"body-of-blanks-without-crlf", "From: a@b.example\r\n\r\n \t ", "from:a@b.example\r\n", ""},
  };
}

std::vector<Row> bodies() {
  const std::string head = "From: a@b.example\r\n";
  const std::string from = "from:a@b.example\r\n";
  const auto body = [&](std::string_view name, const std::string& text, const std::string& canonical) {
    return Row{name, head + "\r\n" + text, from, canonical};
  };
  const std::string long_line(3000, 'x');
  return {
      body("body-of-one-empty-line", "\r\n", ""),
      body("body-of-empty-lines", "\r\n\r\n\r\n", ""),
      body("body-of-blank-lines", " \r\n\t\r\n \t \r\n", ""),
      body("empty-lines-at-the-end", "x\r\n\r\n\r\n", "x\r\n"),
      body("blank-lines-at-the-end", "x\r\n \r\n\t\r\n", "x\r\n"),
      body("empty-lines-at-the-beginning", "\r\n\r\nx\r\n", "\r\n\r\nx\r\n"),
      body("empty-lines-between", "x\r\n\r\n \r\n\r\ny\r\n", "x\r\n\r\n\r\n\r\ny\r\n"),
      body("blanks-at-the-end-of-lines", "x \r\ny\t\r\nz \t \r\n", "x\r\ny\r\nz\r\n"),
      body("blanks-at-the-beginning-of-lines", " x\r\n\t\ty\r\n", " x\r\n y\r\n"),
      body("runs-of-blanks", "a  b\tc \t d\r\n", "a b c d\r\n"),
      body("other-white-space-stays",
           "a\x0b\x0c"
           "b\xc2\xa0"
           "c\r\n",
           "a\x0b\x0c"
           "b\xc2\xa0"
           "c\r\n"),
      body("latin-1", "caf\xe9\r\n", "caf\xe9\r\n"),
      body("utf-8", "café\r\n", "café\r\n"),
      body("long-line", long_line + "\r\n", long_line + "\r\n"),
      body("long-run-of-blanks", "x" + std::string(3000, ' ') + "y\r\n", "x y\r\n"),
      body("many-empty-lines-between", "x\r\n" + std::string("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n") + "y",
           "x\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\ny\r\n"),
      body("looks-like-fields", "From: c@d.example\r\n", "From: c@d.example\r\n"),
  };
}

std::vector<Row> fields() {
  const auto header = [](std::string_view name, const std::string& text, const std::string& canonical) {
    return Row{name, text + "\r\nx\r\n", canonical, "x\r\n"};
  };
  return {
      header("folded-with-blank", "Subject: a\r\n b\r\n", "subject:a b\r\n"),
      header("folded-with-tab", "Subject: a\r\n\tb\r\n", "subject:a b\r\n"),
      header("folded-in-blanks", "Subject: a \r\n \t b\r\n", "subject:a b\r\n"),
      header("folded-behind-the-colon", "Subject:\r\n a\r\n", "subject:a\r\n"),
      header("folded-into-a-blank-line", "Subject: a\r\n \r\n b\r\n", "subject:a b\r\n"),
      header("folded-at-the-end", "Subject: a\r\n \t\r\n", "subject:a\r\n"),
      header("tabs", "Subject:\ta\t\tb\t\r\n", "subject:a b\r\n"),
      header("no-blank-behind-the-colon", "Subject:a\r\n", "subject:a\r\n"),
      header("blank-before-the-colon", "Subject : a\r\n", "subject:a\r\n"),
      header("tab-before-the-colon", "Subject \t: a\r\n", "subject:a\r\n"),
      header("colons", "Subject: a: b :c\r\n", "subject:a: b :c\r\n"),
      header("value-empty", "Subject:\r\n", "subject:\r\n"),
      header("value-of-blanks", "Subject: \t \r\n", "subject:\r\n"),
      header("names-in-upper-case", "FROM: A@B.example\r\nMESSAGE-ID: <X>\r\n",
             "from:A@B.example\r\nmessage-id:<X>\r\n"),
      header("names-in-mixed-case", "mEsSaGe-Id: <X>\r\n", "message-id:<X>\r\n"),
      header("values-keep-their-case", "Subject: ÄbC\r\n", "subject:ÄbC\r\n"),
      header("eai", "From: José <josé@bücher.example>\r\nSubject: 你好\r\n",
             "from:José <josé@bücher.example>\r\nsubject:你好\r\n"),
      header("latin-1-in-a-field", "Subject: caf\xe9 \xa0 \r\n", "subject:caf\xe9 \xa0\r\n"),
      header("two-from", "From: a@b.example\r\nTo: t@b.example\r\nFrom: c@d.example\r\n",
             "from:c@d.example\r\nfrom:a@b.example\r\nto:t@b.example\r\n"),
      header("three-subjects", "Subject: 1\r\nSUBJECT: 2\r\nsubject: 3\r\n", "subject:3\r\nsubject:2\r\nsubject:1\r\n"),
      header("same-field-twice", "Subject: 1\r\nSubject: 1\r\n", "subject:1\r\nsubject:1\r\n"),
      header("none-of-the-names", "X-Subject: 1\r\nSubject-X: 2\r\nFro: 3\r\n", ""),
      header("fields-outside",
             "Bcc: b@b.example\r\nReceived: x\r\nReturn-Path: <x@y>\r\nAuthentication-Results: x; cas=pass\r\n"
             "DKIM-Signature: v=1\r\nARC-Seal: i=1\r\nComments: x\r\nKeywords: x\r\nSubject: s\r\n",
             "subject:s\r\n"),
      header("mime-encoded-word", "Subject: =?utf-8?q?a_b?=\r\n =?utf-8?q?c?=\r\n",
             "subject:=?utf-8?q?a_b?= =?utf-8?q?c?=\r\n"),
      header("order-of-names",
             "List-Unsubscribe-Post: 17\r\nList-Unsubscribe: 16\r\nList-Id: 15\r\nAuto-Submitted: 14\r\n"
             "Content-Transfer-Encoding: 13\r\nContent-Type: 12\r\nMIME-Version: 11\r\nReferences: 10\r\n"
             "In-Reply-To: 9\r\nSubject: 8\r\nMessage-ID: 7\r\nDate: 6\r\nCc: 5\r\nTo: 4\r\nReply-To: 3\r\n"
             "Sender: 2\r\nFrom: 1\r\n",
             "from:1\r\nsender:2\r\nreply-to:3\r\nto:4\r\ncc:5\r\ndate:6\r\nmessage-id:7\r\nsubject:8\r\n"
             "in-reply-to:9\r\nreferences:10\r\nmime-version:11\r\ncontent-type:12\r\n"
             "content-transfer-encoding:13\r\nauto-submitted:14\r\nlist-id:15\r\nlist-unsubscribe:16\r\n"
             "list-unsubscribe-post:17\r\n"),
      header("names-at-the-end-of-the-list",
             "Resent-Sender: 6\r\nResent-From: 5\r\nDisposition-Notification-To: 4\r\nContent-Location: 3\r\n"
             "Content-ID: 2\r\nContent-Disposition: 1\r\nList-Unsubscribe-Post: 0\r\n",
             "list-unsubscribe-post:0\r\ncontent-disposition:1\r\ncontent-id:2\r\ncontent-location:3\r\n"
             "disposition-notification-to:4\r\nresent-from:5\r\nresent-sender:6\r\n"),
  };
}

/// What the code makes of a message that comes in these pieces.
confirm::MessageHashes hashes_of(std::string message, const std::vector<std::size_t>& chunks) {
  const bool ends_a_line = message.empty() || message.ends_with("\r\n");
  const std::string whole = ends_a_line ? message : message + "\r\n";
  const auto empty_line = whole.starts_with("\r\n") ? 0 : whole.find("\r\n\r\n");
  const std::size_t header_end = empty_line == std::string::npos ? whole.size() : empty_line == 0 ? 0 : empty_line + 2;
  const auto fields = parse_header(std::string_view(whole).substr(0, header_end)).value();

  const std::size_t body_begin = std::min(header_end + 2, message.size());
  confirm::BodyHasher body;
  std::size_t at = 0;
  for (const std::size_t size : chunks) {
    const std::size_t begin = std::max(at, body_begin);
    at += size;
    if (at > begin) body.update(std::string_view(message).substr(begin, at - begin));
  }
  if (chunks.empty()) body.update(std::string_view(message).substr(body_begin));
  return {confirm::header_hash(fields), body.finish()};
}

void put_octets(json::object& out, const std::string& name, const std::string& octets) {
  if (is_utf8(octets)) {
    out[name] = text(octets);
  } else {
    out[name + "_hex"] = text(hex(as_octets(octets)));
  }
}

json::object vector_of(Book& book, const Row& row) {
  const std::string hh = base64url(crypto::sha256(row.header));
  const std::string bh = base64url(crypto::sha256(row.body));
  const std::string m =
      "c1:" + base64url(crypto::sha256("CAS1 c1\n" + std::string(row.id) + "\n" + hh + "\n" + bh + "\n"));

  confirm::IntentId id{};
  std::ranges::copy(from_base64url(row.id).value(), id.begin());
  const auto hashes = hashes_of(row.message, row.chunks);
  book.expect(file, row.name, hh, base64url(hashes.header));
  book.expect(file, row.name, bh, base64url(hashes.body));
  if (hh == base64url(hashes.header)) {
    book.expect(file, row.name, m, "c1:" + base64url(confirm::digest_c1(id, hashes)));
  }

  const std::string path = "messages/" + std::string(row.name) + ".eml";
  book.add_octets(path, row.message);
  json::object out;
  out["name"] = text(row.name);
  out["message"] = text(path);
  if (!row.data.empty()) put_octets(out, "data", row.data);
  if (!row.chunks.empty()) out["chunks"] = json::value_from(row.chunks);
  out["i"] = text(row.id);
  put_octets(out, "canonical_header", row.header);
  put_octets(out, "canonical_body", row.body);
  out["hh"] = text(hh);
  out["bh"] = text(bh);
  out["m"] = text(m);
  return out;
}

}  // namespace

void add_digests(Book& book) {
  json::array vectors;
  for (const auto& rows : {whole_messages(), bodies(), fields()}) {
    for (const Row& row : rows) vectors.push_back(vector_of(book, row));
  }
  book.add(
      file, "4.4",
      "Digests of the messages beside this file. canonical_header and canonical_body are what hh and bh are hashes "
      "of (_hex: in hexadecimal, where they are not UTF-8). data: the same message as DATA transfers it, without the "
      "last dot. chunks: sizes of BDAT chunks that make no difference.",
      std::move(vectors));
}

}  // namespace cas::vectors
