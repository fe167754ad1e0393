// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// tests/broken-zones: each folder is a zone that is broken in one way, and what the check must say of it. How they are
// written stands in tests/broken-zones/README.md.
#include "setup/check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "crypto/hash.hpp"
#include "testing/replay.hpp"
#include "testing/zone.hpp"

namespace cas::setup {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(CAS_TESTDATA).parent_path() / "tests" / "broken-zones";

std::string read(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

Domain domain(std::string_view text) {
  return *Domain::parse(text);
}

ServerFacts good_server() {
  ServerFacts server;
  server.host = "mx.b.example";
  server.address = "192.0.2.25";
  server.name = "mx.b.example";
  server.starttls = server.tls = server.cas = true;
  server.certificate = CertificateState::Valid;
  server.certificate_names = {"mx.b.example"};
  const auto octets = [](std::string_view text) { return Octets(text.begin(), text.end()); };
  server.chain = {{.certificate = octets("certificate"), .public_key = octets("key")}};
  return server;
}

std::string key_in(const std::vector<std::string>& lines, std::string_view selector) {
  for (const auto& line : lines) {
    if (line.starts_with(selector)) return line.substr(line.find("p=") + 2);
  }
  return {};
}

/// A case: the good site with what its zone changes.
struct Case {
  Site site{.domain = domain("b.example"), .host = domain("mx.b.example")};
  Facts facts;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> records;
  std::set<std::pair<std::string, std::string>> changed;

  Case() {
    const auto base = lines_of(read(folder / "good.zone"));
    site.addresses = {*IpAddress::parse("192.0.2.25")};
    site.mx = {{.name = domain("mx.b.example"), .addresses = site.addresses}};
    site.keys = {{.selector = "r", .type = crypto::KeyType::Rsa, .public_key = key_in(base, "r._domainkey")},
                 {.selector = "e", .public_key = key_in(base, "e._domainkey")}};
    site.cas = CasSetup{};
    site.sts = StsSetup{.mode = tlspolicy::StsMode::Enforce, .id = "1"};
    site.tls_reports_to = *Mailbox::parse("tls@b.example");
    site.dmarc = {.policy = auth::DmarcPolicy::Reject, .reports_to = {*Mailbox::parse("dmarc@b.example")}};
    facts.now = UnixTime(std::chrono::seconds(1764000000));
    facts.asked_servers = true;
    facts.servers = {good_server()};
    facts.sts = StsFile{.text = "version: STSv1\nmode: enforce\nmx: mx.b.example\nmax_age: 604800\n"};
    for (const auto& line : base) add(line, false);
  }

  void add(const std::string& line, bool change) {
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) return;
    if (words[0] == "@") return set(words, line);
    if (words[0] == "-") {
      records.erase({words.at(1), words.at(2)});
      return;
    }
    const std::pair key(words[0], words[0] == "=" ? line : words.at(1));
    if (change && changed.insert(key).second) records.erase(key);
    records[key].push_back(line);
  }

  void set(const std::vector<std::string>& words, const std::string& line) {
    const auto& what = words.at(1);
    const auto rest = [&](std::string_view word) { return line.substr(line.find(word) + word.size() + 1); };
    if (what == "insecure") {
      facts.validates = true;
      insecure = true;
    } else if (what == "foreign") {
      facts.own = false;
    } else if (what == "cas") {
      site.cas->mode = *confirm::parse_mode(words.at(2));
    } else if (what == "rsa-key") {
      site.keys.front().public_key = words.at(2);
    } else if (what == "keys-wait") {
      for (auto& key : site.keys) key.active = false;
    } else if (what == "address") {
      site.addresses.push_back(*IpAddress::parse(words.at(2)));
    } else if (what == "server") {
      set_server(words);
    } else if (what == "sts-fault") {
      facts.sts = StsFile{.text = {}, .fault = rest("sts-fault")};
    } else if (what == "sts-file") {
      if (!own_file) facts.sts = StsFile{.text = {}};
      own_file = true;
      facts.sts->text += rest("sts-file") + "\n";
    } else if (what == "sts-before") {
      facts.sts_before = StsBefore{.id = words.at(2), .text = "version: STSv1\nmode: none\nmax_age: 1\n"};
    } else {
      throw std::invalid_argument("no such directive: " + line);
    }
  }

  /// @ server HOST ADDRESS [unreachable|no-tls|tls-fails|no-cas|other-name|not-trusted|expired|other-key|stranger]...
  void set_server(const std::vector<std::string>& words) {
    auto server = good_server();
    server.host = words.at(2);
    server.address = words.at(3);
    for (std::size_t n = 4; n < words.size(); ++n) {
      const auto& word = words[n];
      if (word == "unreachable") server = {.host = server.host, .address = server.address, .fault = "timed out"};
      if (word == "no-tls") server.starttls = false;
      if (word == "no-tls" || word == "tls-fails") {
        server.tls = server.cas = false;
        server.certificate = CertificateState::Unknown;
        server.chain.clear();
      }
      if (word == "no-cas") server.cas = false;
      if (word == "other-name") server.certificate = CertificateState::OtherName;
      if (word == "not-trusted") server.certificate = CertificateState::NotTrusted;
      if (word == "expired") server.certificate = CertificateState::Expired;
      if (word == "expires") server.expires = facts.now + std::chrono::days(3);
      if (word == "other-key") server.chain.front().public_key = {'x'};
      if (word == "stranger") server.name = "mx.elsewhere.example";
    }
    if (!own_servers) facts.servers.clear();
    own_servers = true;
    facts.servers.push_back(std::move(server));
  }

  [[nodiscard]] std::string zone() const {
    std::string text = std::string("= complete\n") + (insecure ? "= insecure\n" : "= secure\n");
    for (const auto& [key, lines] : records) {
      for (const auto& line : lines) text += line + "\n";
    }
    return text;
  }

  bool insecure = false, own_servers = false, own_file = false;
};

std::vector<Finding> check(const Case& one) {
  testing::Zone zone(one.zone());
  return testing::replay(zone, [&](dns::Answers& answers) { return check_site(one.site, one.facts, answers); });
}

/// "error spf.several", of what is not in order.
std::vector<std::string> told(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& finding : findings) {
    if (finding.verdict == Verdict::Ok) continue;
    out.push_back(std::string(to_string(severity_of(finding))) + " " + finding.id);
    EXPECT_FALSE(finding.problem.empty()) << finding.id;
  }
  std::ranges::sort(out);
  return out;
}

void expect_mend(const std::vector<Finding>& findings, const std::string& line) {
  const bool there = std::ranges::any_of(findings, [&](const Finding& finding) {
    const auto lines = lines_of(finding.line);
    return finding.verdict != Verdict::Ok && std::ranges::find(lines, line) != lines.end();
  });
  EXPECT_TRUE(there) << "no finding mends it by: " << line;
  for (const auto& finding : findings) {
    if (!there && !finding.line.empty() && finding.verdict != Verdict::Ok) ADD_FAILURE() << "said: " << finding.line;
  }
}

TEST(CheckSite, FindsNothingWrongWithTheGoodZone) {
  const Case good;
  const auto findings = check(good);
  EXPECT_EQ(told(findings), std::vector<std::string>());
  EXPECT_EQ(status_of(findings), 0);
  EXPECT_GE(findings.size(), 12U);
}

class BrokenZone : public ::testing::TestWithParam<fs::path> {};

TEST_P(BrokenZone, IsNamedWithItsMend) {
  Case broken;
  for (const auto& line : lines_of(read(GetParam() / "zone"))) broken.add(line, true);
  const auto findings = check(broken);
  std::vector<std::string> expected;
  for (const auto& line : lines_of(read(GetParam() / "expect"))) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("line: ")) {
      expect_mend(findings, line.substr(6));
    } else {
      expected.push_back(line);
    }
  }
  std::ranges::sort(expected);
  EXPECT_EQ(told(findings), expected);
  for (const auto& finding : findings) {
    if (finding.verdict != Verdict::Ok && finding.id != "cas.off-and-offered") EXPECT_FALSE(finding.mend.empty());
  }
}

std::vector<fs::path> cases() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::string name_of(const ::testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.filename().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Zones, BrokenZone, ::testing::ValuesIn(cases()), name_of);

TEST(CheckSite, TheZoneFragmentOfASiteIsAGoodZone) {
  // What zone_text() tells to paste must satisfy the judge: the two are not to drift apart.
  Case good;
  for (const auto& record : wanted_records(good.site)) {
    if (record.type == "SRV" || record.place == Place::Web) continue;
    good.records[{record.name, record.type}] = {record.name + " " + record.type + " " + record.value};
  }
  EXPECT_EQ(told(check(good)), std::vector<std::string>());
}

TEST(Findings, AreOrderedTheWorstFirstAndGiveTheExitStatus) {
  const auto made = [](Verdict verdict, Need need) {
    return Finding{.id = "x", .name = "n", .verdict = verdict, .need = need};
  };
  std::vector<Finding> all{made(Verdict::Ok, Need::Needed)};
  EXPECT_EQ(status_of(all), 0);
  all.push_back(made(Verdict::Weak, Need::Optional));
  EXPECT_EQ(status_of(all), 0);
  all.push_back(made(Verdict::Missing, Need::Recommended));
  EXPECT_EQ(status_of(all), 2);
  all.push_back(made(Verdict::Unknown, Need::Optional));
  EXPECT_EQ(status_of(all), 75);
  all.push_back(made(Verdict::Wrong, Need::Needed));
  EXPECT_EQ(status_of(all), 1);
  sort_by_severity(all);
  EXPECT_EQ(all.front().verdict, Verdict::Wrong);
  EXPECT_EQ(all.back().verdict, Verdict::Ok);
}

}  // namespace
}  // namespace cas::setup
