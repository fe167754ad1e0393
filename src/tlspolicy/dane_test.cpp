// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which answers bind a connection, and at which name the TLSA records are looked for.
#include "tlspolicy/dane.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace cas::tlspolicy {
namespace {

using dns::Status;
using dns::Type;

/// A zone; what is not in it is securely absent. A question that the judge has no business to ask fails the test.
class FindDane : public testing::Test {
 protected:
  void address(const std::string& name, bool secure, Type type = Type::A) { add(name, type, dns::A{}, secure); }
  void alias(const std::string& name, const std::string& target, bool secure) {
    add(name, Type::CNAME, dns::Name{.name = target}, secure);
  }
  void tlsa(const std::string& host, bool secure = true) {
    add(tlsa_question(host, 25).name, Type::TLSA,
        dns::Tlsa{.usage = 3, .selector = 1, .matching = 1, .data = std::vector<std::uint8_t>(32, 7)}, secure);
  }
  void fails(const std::string& name, Type type) { zone_[{name, type}] = dns::Answer{}; }

  Dane find(const std::string& host = "mx.b.example") {
    dns::Answers answers;
    for (int round = 0; round < 20; ++round) {
      if (auto dane = find_dane(host, 25, answers)) return *dane;
      for (const auto& question : answers.take_open()) {
        asked_.push_back(question.name);
        const auto known = zone_.find(question);
        dns::Answer absent;
        absent.status = Status::NoData;
        absent.secure = true;
        answers.add(question, known == zone_.end() ? absent : known->second);
      }
    }
    ADD_FAILURE() << "it does not end";
    return {};
  }
  [[nodiscard]] bool asked_tlsa() const {
    return std::ranges::any_of(asked_, [](const auto& name) { return name.starts_with("_25._tcp."); });
  }

 private:
  void add(const std::string& name, Type type, dns::Record record, bool secure) {
    auto& answer = zone_[{name, type}];
    answer.status = Status::Ok;
    answer.secure = secure;
    answer.records.push_back(std::move(record));
  }
  std::map<dns::Question, dns::Answer> zone_;
  std::vector<std::string> asked_;
};

TEST_F(FindDane, ASecureAddressIsEnoughForItsTlsaRecords) {
  address("mx.b.example", true);
  tlsa("mx.b.example");
  const auto dane = find();
  EXPECT_EQ(dane.status, DaneStatus::Usable);
  EXPECT_EQ(dane.base, "mx.b.example");
}

TEST_F(FindDane, WhereTheAddressIsNotSecureNothingIsAsked) {
  address("mx.b.example", false);
  tlsa("mx.b.example");
  EXPECT_EQ(find().status, DaneStatus::Insecure);
  EXPECT_FALSE(asked_tlsa());
}

TEST_F(FindDane, WhoMakesOneFamilyFailDoesNotSwitchItOff) {
  fails("mx.b.example", Type::AAAA);
  address("mx.b.example", true);
  tlsa("mx.b.example");
  EXPECT_EQ(find().status, DaneStatus::Usable);
}

TEST_F(FindDane, AFailedTlsaLookupIsAFailure) {  // §2.1.1
  address("mx.b.example", true);
  fails("_25._tcp.mx.b.example", Type::TLSA);
  EXPECT_EQ(find().status, DaneStatus::Failed);
}

TEST_F(FindDane, AHostWithoutAddressIsNotLookedAtAnyFurther) {
  EXPECT_EQ(find().status, DaneStatus::Insecure);
  EXPECT_FALSE(asked_tlsa());
}

class Alias : public FindDane {
 protected:
  Alias() {
    alias("mx.b.example", "mx2.b.example", true);
    alias("mx2.b.example", "host.c.example", true);
  }
};

TEST_F(Alias, TheRecordsAtTheEndCountFirst) {  // §2.2.2, §2.2.3
  address("mx.b.example", true);
  tlsa("host.c.example");
  tlsa("mx.b.example");
  EXPECT_EQ(find().base, "host.c.example");
}

TEST_F(Alias, ThenThoseOfItsOwnName) {
  address("mx.b.example", true);
  tlsa("mx.b.example");
  const auto dane = find();
  EXPECT_EQ(dane.status, DaneStatus::Usable);
  EXPECT_EQ(dane.base, "mx.b.example");
}

TEST_F(Alias, InsecureRecordsAtTheEndBindNobody) {
  address("mx.b.example", true);
  tlsa("host.c.example", false);
  tlsa("mx.b.example");
  EXPECT_EQ(find().base, "mx.b.example");
}

TEST_F(Alias, IntoAZoneThatIsNotSignedLeavesItsOwnName) {  // §2.2.2
  address("mx.b.example", false);
  tlsa("host.c.example");
  tlsa("mx.b.example");
  EXPECT_EQ(find().base, "mx.b.example");
}

TEST_F(Alias, AFailureAtTheEndIsNotPassedOver) {
  address("mx.b.example", true);
  fails("_25._tcp.host.c.example", Type::TLSA);
  tlsa("mx.b.example");
  EXPECT_EQ(find().status, DaneStatus::Failed);
}

TEST_F(Alias, AnAliasThatCannotBeLookedUpIsAFailure) {
  address("mx.b.example", true);
  fails("mx2.b.example", Type::CNAME);
  tlsa("mx.b.example");
  EXPECT_EQ(find().status, DaneStatus::Failed);
}

TEST_F(FindDane, AnAliasThatIsNotSecureIsNone) {
  alias("mx.b.example", "host.c.example", false);
  address("mx.b.example", false);
  tlsa("mx.b.example");
  EXPECT_EQ(find().status, DaneStatus::Insecure);
}

TEST_F(FindDane, AliasesThatGoRoundLeadNowhere) {
  alias("mx.b.example", "mx2.b.example", true);
  alias("mx2.b.example", "mx.b.example", true);
  address("mx.b.example", true);
  tlsa("mx.b.example");
  EXPECT_EQ(find().base, "mx.b.example");
}

}  // namespace
}  // namespace cas::tlspolicy
