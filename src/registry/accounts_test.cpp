// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The contract of accounts, on both stores: durable, in force, then told.
#include "registry/accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "crypto/password.hpp"
#include "registry/account_rows.hpp"
#include "registry/sasl.hpp"
#include "store/memory.hpp"
#include "store/sqlite.hpp"
#include "testing/fake_random.hpp"

namespace cas::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string& hash_of_secret() {
  static const std::string hash = *crypto::hash_password("secret");
  return hash;
}
const std::string& another_hash() {
  static const std::string hash = *crypto::hash_password("another");
  return hash;
}

policy::SendAs right(std::string_view text) {
  return *policy::SendAs::parse(text);
}

Account account(const std::string& name, std::vector<policy::SendAs> rights = {right("joe@a.example")}) {
  return {.name = name, .secret = {.password = hash_of_secret()}, .send_as = std::move(rights)};
}

const Change by_root{.at = TimePoint(milliseconds(1'795'460'400'123)), .by = "root"};

enum class Twin { Memory, Sqlite };

class AccountsContract : public ::testing::TestWithParam<Twin> {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "cas-accounts-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    if (GetParam() == Twin::Memory) {
      store_ = store::open_memory();
    } else {
      open();
    }
    ASSERT_NE(store_, nullptr);
    accounts_ = load();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    store_.reset();
    store_ = store::open_sqlite({.file = folder_ / "cas.db"}).value_or(nullptr);
  }
  std::unique_ptr<Accounts> load() {
    auto accounts =
        std::make_unique<Accounts>(*store_, [](const Domain& domain) { return domain.text() == "a.example"; });
    const auto loaded = accounts->load(random_);
    EXPECT_TRUE(loaded);
    damaged_ = loaded->damaged;
    return accounts;
  }
  /// What another process would find.
  std::unique_ptr<Accounts> reopened() {
    if (GetParam() == Twin::Sqlite) {
      accounts_.reset();
      open();
      accounts_ = load();
    }
    return load();
  }

  /// Runs a change to its end; what was said against it.
  template <class Start>
  std::string outcome(Start start) {
    std::promise<Result<AccountPtr>> done;
    start([&](Result<AccountPtr> result) { done.set_value(std::move(result)); });
    const auto result = done.get_future().get();
    return result ? "" : result.error().public_text;
  }
  std::string add(Account fresh) {
    return outcome([&](auto done) { accounts_->add(std::move(fresh), by_root, std::move(done)); });
  }
  std::string remove(const std::string& name) {
    return outcome([&](auto done) { accounts_->remove(name, by_root, std::move(done)); });
  }
  std::string passwd(const std::string& name, Secret secret) {
    return outcome([&](auto done) { accounts_->set_secret(name, std::move(secret), by_root, std::move(done)); });
  }
  std::string disable(const std::string& name, bool disabled = true) {
    return outcome([&](auto done) { accounts_->set_disabled(name, disabled, by_root, std::move(done)); });
  }
  std::string rights(const std::string& name, std::vector<policy::SendAs> added, std::vector<policy::SendAs> removed) {
    return outcome([&](auto done) {
      accounts_->change_send_as(name, std::move(added), std::move(removed), by_root, std::move(done));
    });
  }
  std::vector<std::string> audit() {
    std::vector<std::string> lines;
    EXPECT_TRUE(store::read_and_wait(*store_, [&](store::Reader& reader) -> Result<void> {
      CAS_TRY(const auto entries, reader.audit(0, 100));
      for (const auto& entry : entries)
        lines.push_back(entry.by + " " + entry.action + " " + entry.subject + ": " + entry.detail);
      return {};
    }));
    return lines;
  }

  std::filesystem::path folder_;
  testing::FakeRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Accounts> accounts_;
  std::vector<std::string> damaged_;
};

TEST_P(AccountsContract, AnAddedUserLogsInAndIsThereAfterARestart) {
  EXPECT_EQ(add(account("joe", {right("joe@a.example"), right("*@a.example")})), "");
  for (auto accounts = load(); accounts; accounts.reset()) {
    const auto found = accounts->verify("joe", "secret");
    ASSERT_NE(found, nullptr);
    EXPECT_THAT(found->send_as, ElementsAre(right("joe@a.example"), right("*@a.example")));
    EXPECT_EQ(found->created, by_root.at);
    EXPECT_EQ(found->by, "root");
  }
  const auto again = reopened();
  EXPECT_NE(again->verify("joe", "secret"), nullptr);
  EXPECT_EQ(again->verify("joe", "wrong"), nullptr);
  EXPECT_EQ(again->verify("Joe", "secret"), nullptr);
  EXPECT_EQ(again->verify("jim", "secret"), nullptr);
}

TEST_P(AccountsContract, ARemovedUserIsGoneAndMayBeAddedAnew) {
  EXPECT_EQ(add(account("joe")), "");
  const auto login = accounts_->verify("joe", "secret");
  EXPECT_TRUE(accounts_->is_in_force(*login));
  EXPECT_EQ(remove("joe"), "");
  EXPECT_FALSE(accounts_->is_in_force(*login));
  EXPECT_EQ(accounts_->find("joe"), nullptr);
  EXPECT_EQ(accounts_->verify("joe", "secret"), nullptr);
  EXPECT_EQ(remove("joe"), "there is no user \"joe\"");
  EXPECT_EQ(reopened()->find("joe"), nullptr);
  auto fresh = account("joe");
  fresh.secret.password = another_hash();
  EXPECT_EQ(add(std::move(fresh)), "");
  EXPECT_FALSE(accounts_->is_in_force(*login)) << "another joe";
}

TEST_P(AccountsContract, ANewPasswordEndsLoginsAndTakesTheVerifierWithIt) {
  auto joe = account("joe");
  joe.secret.scram = *make_scram_verifier("secret", "saltsalt", 4096);
  const auto old = *joe.secret.scram;
  EXPECT_EQ(add(std::move(joe)), "");
  EXPECT_TRUE(accounts_->offers_scram());
  EXPECT_EQ(accounts_->scram_of("joe"), old);
  const auto login = accounts_->whose("joe", old);
  ASSERT_NE(login, nullptr);
  EXPECT_EQ(passwd("joe", {.password = another_hash()}), "");
  EXPECT_FALSE(accounts_->is_in_force(*login));
  EXPECT_EQ(accounts_->whose("joe", old), nullptr);
  EXPECT_NE(accounts_->scram_of("joe"), old);
  EXPECT_FALSE(accounts_->offers_scram());
  const auto again = reopened();
  EXPECT_NE(again->verify("joe", "another"), nullptr);
  EXPECT_EQ(again->verify("joe", "secret"), nullptr);
  EXPECT_EQ(passwd("jim", {.password = another_hash()}), "there is no user \"jim\"");
  EXPECT_THAT(passwd("joe", {.password = "clear"}), HasSubstr("no Argon2id"));
}

TEST_P(AccountsContract, ADisabledUserIsKeptAndKnowsNoPassword) {
  auto joe = account("joe");
  joe.secret.scram = *make_scram_verifier("secret", "saltsalt", 4096);
  const auto verifier = *joe.secret.scram;
  EXPECT_EQ(add(std::move(joe)), "");
  const auto login = accounts_->verify("joe", "secret");
  EXPECT_EQ(disable("joe"), "");
  EXPECT_EQ(accounts_->verify("joe", "secret"), nullptr);
  EXPECT_NE(accounts_->scram_of("joe"), verifier);
  EXPECT_FALSE(accounts_->offers_scram());
  EXPECT_FALSE(accounts_->is_in_force(*login));
  EXPECT_TRUE(reopened()->find("joe")->disabled);
  EXPECT_EQ(disable("joe", false), "");
  EXPECT_TRUE(accounts_->is_in_force(*login));
  EXPECT_NE(reopened()->verify("joe", "secret"), nullptr);
}

TEST_P(AccountsContract, RightsAreAddedAndRemoved) {
  EXPECT_EQ(add(account("joe")), "");
  EXPECT_EQ(rights("joe", {right("desk@a.example"), right("joe@a.example")}, {}), "");
  EXPECT_THAT(accounts_->find("joe")->send_as, ElementsAre(right("joe@a.example"), right("desk@a.example")));
  EXPECT_EQ(rights("joe", {right("*@a.example")}, {right("joe@a.example")}), "");
  EXPECT_THAT(reopened()->find("joe")->send_as, ElementsAre(right("desk@a.example"), right("*@a.example")));
  EXPECT_THAT(rights("joe", {}, {right("jim@a.example")}), HasSubstr("has no right jim@a.example"));
  EXPECT_THAT(rights("joe", {}, {right("desk@a.example"), right("*@a.example")}), HasSubstr("without an address"));
  EXPECT_THAT(rights("joe", {right("joe@b.example")}, {}), HasSubstr("none of the domains"));
  EXPECT_THAT(rights("joe", {right("*@b.example")}, {}), HasSubstr("none of the domains"));
  EXPECT_THAT(accounts_->find("joe")->send_as, ElementsAre(right("desk@a.example"), right("*@a.example")));
}

TEST_P(AccountsContract, RefusesWhatCannotBe) {
  EXPECT_THAT(add(account("")), HasSubstr("1 to 255 octets"));
  EXPECT_THAT(add(account("a\nb")), HasSubstr("control characters"));
  EXPECT_THAT(add(account("\xff")), HasSubstr("1 to 255 octets"));
  EXPECT_THAT(add(account(std::string(256, 'a'))), HasSubstr("1 to 255 octets"));
  EXPECT_THAT(add(account("joe", {})), HasSubstr("as whom"));
  EXPECT_THAT(add(account("joe", {right("joe@b.example")})), HasSubstr("none of the domains"));
  auto clear = account("joe");
  clear.secret.password = "secret";
  EXPECT_EQ(add(std::move(clear)), "that is no Argon2id string");
  EXPECT_EQ(add(account("joe")), "");
  EXPECT_THAT(add(account("joe")), HasSubstr("already"));
  EXPECT_THAT(audit(), ::testing::SizeIs(1)) << "what failed was not noted";
}

TEST_P(AccountsContract, EachChangeIsInTheAuditLogWithoutSecrets) {
  auto joe = account("joe");
  joe.secret.scram = *make_scram_verifier("secret", "saltsalt", 4096);
  EXPECT_EQ(add(std::move(joe)), "");
  EXPECT_EQ(passwd("joe", {.password = another_hash()}), "");
  EXPECT_EQ(rights("joe", {right("desk@a.example")}, {}), "");
  EXPECT_EQ(disable("joe"), "");
  EXPECT_EQ(remove("joe"), "");
  EXPECT_THAT(audit(),
              ElementsAre("root user-remove joe: could send as joe@a.example desk@a.example", "root user-disable joe: ",
                          "root user-may-send-as joe: before: joe@a.example; after: joe@a.example desk@a.example",
                          "root user-passwd joe: ", "root user-add joe: may send as joe@a.example; SCRAM"));
}

TEST_P(AccountsContract, ThoseOfTheFileAreTheFiles) {
  EXPECT_EQ(add(account("ann")), "");
  EXPECT_THAT(accounts_->set_configured({account("joe"), account("ann", {right("boss@a.example")})}),
              ElementsAre("ann"));
  EXPECT_NE(accounts_->verify("joe", "secret"), nullptr);
  EXPECT_TRUE(accounts_->find("joe")->configured);
  EXPECT_THAT(accounts_->find("ann")->send_as, ElementsAre(right("boss@a.example"))) << "the file's counts";
  for (const auto& said : {add(account("joe")), remove("joe"), disable("joe"),
                           passwd("joe", {.password = another_hash()}), rights("ann", {right("x@a.example")}, {})}) {
    EXPECT_THAT(said, HasSubstr("stands in the configuration file"));
  }
  EXPECT_EQ(remove("ann"), "") << "the row that does not count can go";
  EXPECT_THAT(accounts_->set_configured({}), IsEmpty());
  EXPECT_EQ(accounts_->find("joe"), nullptr);
  EXPECT_EQ(accounts_->find("ann"), nullptr);
  EXPECT_TRUE(accounts_->empty());
}

TEST_P(AccountsContract, AreListedByName) {
  for (const char* name : {"c", "a", "e"}) EXPECT_EQ(add(account(name)), "");
  (void)accounts_->set_configured({account("b"), account("d"), account("e")});
  const auto names = [&](const std::string& after, std::size_t limit) {
    std::string all;
    for (const auto& one : accounts_->list(after, limit)) all += one->name;
    return all;
  };
  EXPECT_EQ(names("", 100), "abcde");
  EXPECT_EQ(names("", 2), "ab");
  EXPECT_EQ(names("b", 2), "cd");
  EXPECT_EQ(names("e", 2), "");
}

TEST_P(AccountsContract, NobodysSaltIsAlwaysTheSameAndLooksLikeAnybodys) {
  const auto decoy = accounts_->scram_of("nobody");
  EXPECT_EQ(decoy, accounts_->scram_of("nobody"));
  EXPECT_NE(decoy.salt, accounts_->scram_of("nobody2").salt);
  EXPECT_EQ(decoy, reopened()->scram_of("nobody"));
  const auto made = *make_scram_verifier("secret", std::string(scram_salt, 's'));
  EXPECT_EQ(decoy.iterations, made.iterations);
  EXPECT_EQ(decoy.salt.size(), made.salt.size());
  EXPECT_EQ(accounts_->whose("nobody", decoy), nullptr);
}

TEST_P(AccountsContract, ADamagedRowIsNamedAndCanBeRemoved) {
  ASSERT_TRUE(store::write_and_wait(*store_, [](store::Tx& tx) {
    return tx.remember(account_kind, {.name = "joe", .value = "password=clear", .keep_until = store::for_good});
  }));
  EXPECT_EQ(add(account("ann")), "");
  accounts_ = load();
  EXPECT_THAT(damaged_, ElementsAre("joe"));
  EXPECT_EQ(accounts_->find("joe"), nullptr);
  EXPECT_NE(accounts_->find("ann"), nullptr);
  EXPECT_THAT(disable("joe"), HasSubstr("not understood"));
  EXPECT_EQ(remove("joe"), "");
}

TEST_P(AccountsContract, APasswordIsComparedAsItWasPreparedAndAsItWasTyped) {
  auto joe = account("joe");
  joe.secret.password = *crypto::hash_password(*prepare_password("p\xC3\xA4ss"));
  EXPECT_EQ(add(std::move(joe)), "");
  EXPECT_NE(accounts_->verify("joe", "pa\xCC\x88ss"), nullptr);
  auto ann = account("ann");
  ann.secret.password = *crypto::hash_password("pa\xCC\x88ss");
  (void)accounts_->set_configured({ann});
  EXPECT_NE(accounts_->verify("ann", "pa\xCC\x88ss"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Stores, AccountsContract, ::testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& test) { return test.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST(AccountRows, AreReadAsTheyAreWritten) {
  Account joe = account("joe", {right("\"a b\"@a.example"), right("*@a.example")});
  joe.secret.scram = *make_scram_verifier("secret", "saltsalt", 4096);
  joe.disabled = true;
  joe.created = by_root.at;
  joe.by = "tab\there";
  const auto read = read_account("joe", account_text(joe));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->secret.password, joe.secret.password);
  EXPECT_EQ(read->secret.scram, joe.secret.scram);
  EXPECT_EQ(read->send_as, joe.send_as);
  EXPECT_TRUE(read->disabled);
  EXPECT_EQ(read->created, joe.created);
  EXPECT_EQ(read->by, joe.by);
}

TEST(AccountRows, RefuseWhatWasNotWrittenHere) {
  const std::string good = account_text(account("joe"));
  ASSERT_TRUE(read_account("joe", good));
  for (const auto& text : {std::string(), std::string("password=x"), good + "\tscram=x", good + "\tdisabled",
                           "password=" + hash_of_secret() + "\tsend_as=joe\tcreated=1",
                           "password=" + hash_of_secret() + "\tsend_as=joe@a.example\tcreated=x"}) {
    EXPECT_FALSE(read_account("joe", text)) << text;
  }
}

TEST(Decoy, CostsWhatAPasswordCosts) {
  EXPECT_TRUE(hash_of_secret().starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << "change decoy_hash with it";
}

}  // namespace
}  // namespace cas::registry
