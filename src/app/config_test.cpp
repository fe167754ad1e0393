// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The configuration file: what a good one gives, and what each kind of fault is told as. Files are made in a folder of
// the test's own.
#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "app/files.hpp"
#include "crypto/keys.hpp"
#include "net/tls.hpp"

namespace cas::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view hash =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$"
    "RdescudvJCsgt3ub+b5dWRWJTmaaJObG5BxYn6wTwxo";

std::string our_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

class ConfigFile : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "cas-config-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    const auto certificate = net::make_self_signed("mx.north.example");
    const auto other = net::make_self_signed("other.example");
    write("cert.pem", certificate->certificate);
    write("key.pem", certificate->key);
    write("other-key.pem", other->key);
    write("signing.pem", crypto::generate_key(crypto::KeyType::Ed25519)->to_pem());
    write("empty.pem", "");
  }
  static void TearDownTestSuite() { fs::remove_all(folder); }

  static void write(const std::string& name, const std::string& octets) { std::ofstream(folder / name) << octets; }

  static auto load(const std::string& text) {
    write("cas.toml", text);
    return load_config(folder / "cas.toml");
  }

  // The only error of a file.
  static ConfigError error_of(const std::string& text) {
    const auto config = load(text);
    if (config) return ConfigError{.file = {}, .line = 0, .key = "(none)", .problem = "accepted", .mend = {}};
    EXPECT_THAT(config.error(), SizeIs(1)) << config.error().back().text();
    return config.error().front();
  }

  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("not in the text: " + from);
    return text.replace(at, from.size(), to);
  }

  // Line numbers are part of what is tested: add at the end only.
  static std::string good() {
    return "host = \"mx.north.example\"\n"    // 1
           "state_dir = \"state\"\n"          // 2
           "admin_socket = \"admin.sock\"\n"  // 3
           "run_as = \"" +
           our_name() +
           "\"\n"                                     // 4
           "[tls]\n"                                  // 5
           "certificate = \"cert.pem\"\n"             // 6
           "key = \"key.pem\"\n"                      // 7
           "[[listen]]\n"                             // 8
           "address = \"127.0.0.1:2525\"\n"           // 9
           "role = \"mx\"\n"                          // 10
           "[[listen]]\n"                             // 11
           "address = \"127.0.0.1:2587\"\n"           // 12
           "role = \"submission\"\n"                  // 13
           "tls = \"implicit\"\n"                     // 14
           "[[domain]]\n"                             // 15
           "name = \"North.Example\"\n"               // 16
           "mode = \"required\"\n"                    // 17
           "maildir = \"mail/north\"\n"               // 18
           "mailboxes = [\"joe\", \"postmaster\"]\n"  // 19
           "[domain.signing]\n"                       // 20
           "selector = \"cas1\"\n"                    // 21
           "key = \"signing.pem\"\n"                  // 22
           "[[user]]\n"                               // 23
           "name = \"joe@north.example\"\n"           // 24
           "password = \"" +
           std::string(hash) +
           "\"\n"                                                   // 25
           "send_as = [\"joe@north.example\"]\n"                    // 26
           "[dns]\n"                                                // 27
           "local_zones = [\"south.example.\"]\n"                   // 28
           "local_data = [\n"                                       // 29
           "  \"south.example. 60 IN MX 10 mx.south.example.\",\n"  // 30
           "  \"mx.south.example. 60 IN A 127.0.0.2\",\n"           // 31
           "]\n"                                                    // 32
           "timeout = \"2s\"\n"                                     // 33
           "[outbound]\n"                                           // 34
           "port = 2525\n"                                          // 35
           "fallback = \"hold\"\n"                                  // 36
           "[queue]\n"                                              // 37
           "lifetime = \"3d\"\n"                                    // 38
           "first_retry = \"10m\"\n"                                // 39
           "[limits]\n"                                             // 40
           "message = 1000000\n"                                    // 41
           "[log]\n"                                                // 42
           "format = \"json\"\n"                                    // 43
           "level = \"warning\"\n";                                 // 44
  }

  static inline fs::path folder;
};

TEST_F(ConfigFile, good_one_becomes_structs) {
  const auto config = load(good());
  ASSERT_TRUE(config) << config.error().front().text();
  EXPECT_EQ(config->host.text(), "mx.north.example");
  EXPECT_EQ(config->state_dir, folder / "state") << "relative to the file's folder";
  ASSERT_THAT(config->listen, SizeIs(2));
  EXPECT_EQ(config->listen[0].tls, ListenTls::StartTls) << "the default";
  EXPECT_EQ(config->listen[1].role, Role::Submission);
  EXPECT_EQ(config->listen[1].tls, ListenTls::Implicit);
  ASSERT_THAT(config->domains, SizeIs(1));
  EXPECT_EQ(config->domains[0].name.text(), "north.example");
  EXPECT_EQ(config->domains[0].mode, confirm::Mode::Required);
  EXPECT_THAT(config->domains[0].recipients.mailboxes, SizeIs(2));
  ASSERT_THAT(config->domains[0].signing, SizeIs(1));
  EXPECT_EQ(config->domains[0].signing[0].selector, "cas1");
  EXPECT_EQ(config->keys_dir, folder / "state/keys") << "the default";
  ASSERT_THAT(config->users, SizeIs(1));
  EXPECT_EQ(config->users[0].password, hash);
  EXPECT_EQ(config->dns.timeout, std::chrono::seconds(2));
  EXPECT_THAT(config->dns.local_data, SizeIs(2));
  EXPECT_EQ(config->outbound.fallback, confirm::Fallback::Hold);
  EXPECT_EQ(config->queue.first_retry, std::chrono::minutes(10));
  EXPECT_EQ(config->queue.max_retry, std::chrono::hours(4)) << "the default";
  EXPECT_EQ(config->queue.delay_warning, std::chrono::seconds(0)) << "nobody is told of a delay";
  EXPECT_FALSE(config->queue.suppression);
  EXPECT_EQ(config->limits.message, 1000000U);
  EXPECT_EQ(config->log.format, LogFormat::Json);
  EXPECT_EQ(config->log.level, Level::Warning);
}

TEST_F(ConfigFile, later_faults_still_find_their_line) {
  const auto config = load(good());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->error("listen[1].address", "the port is in use", "use another").text(),
            (folder / "cas.toml").string() + ":12: listen[1].address: the port is in use; use another");
  EXPECT_EQ(config->error("listen[1].nothing", "x", "y").line, 11U) << "the table around it";
}

struct Fault {
  const char* name;
  const char* from;
  const char* to;
  std::size_t line;
  const char* key;
  const char* problem;
  const char* mend;
};

class ConfigFaults : public ConfigFile, public testing::WithParamInterface<Fault> {};

TEST_P(ConfigFaults, name_line_key_problem_and_mend) {
  const auto& fault = GetParam();
  const auto error = error_of(replaced(good(), fault.from, fault.to));
  EXPECT_EQ(error.line, fault.line) << error.text();
  EXPECT_EQ(error.key, fault.key);
  EXPECT_THAT(error.problem, HasSubstr(fault.problem));
  EXPECT_THAT(error.mend, HasSubstr(fault.mend));
}

constexpr Fault faults[] = {
    {"missing_host", "host = \"mx.north.example\"", "", 1, "host", "is missing", "host = "},
    {"bad_host", "\"mx.north.example\"", "\"mx..example\"", 1, "host", "no domain name", "north.example"},
    {"wrong_type", "\"mx.north.example\"", "25", 1, "host", "is a whole number, not text", "double quotes"},
    {"unknown_key", "role = \"mx\"", "role = \"mx\"\nrol = 1", 11, "listen[0].rol", "no key", "\"role\""},
    {"unknown_table", "[queue]", "[quue]", 37, "quue", "no key", "\"queue\""},
    {"unknown_far_off", "port = 2525", "frobnication = 1", 35, "outbound.frobnication", "no key", "concurrency"},
    {"missing_tls_key", "key = \"key.pem\"", "", 5, "tls.key", "is missing", "PEM"},
    {"absent_certificate", "\"cert.pem\"", "\"none.pem\"", 6, "tls.certificate", "No such file", "PEM"},
    {"folder_as_key", "\"key.pem\"", "\".\"", 7, "tls.key", "is a folder", "PEM"},
    {"foreign_tls_key", "\"key.pem\"", "\"other-key.pem\"", 7, "tls.key", "cannot be used",
     "belongs to the certificate"},
    {"bad_address", "127.0.0.1:2525", "localhost:25", 9, "listen[0].address", "no address", "0.0.0.0:25"},
    {"same_address_twice", "127.0.0.1:2587", "127.0.0.1:2525", 12, "listen[1].address", "twice", "remove"},
    {"bad_role", "\"mx\"", "\"relay\"", 10, "listen[0].role", "not known", "mx, submission or milter"},
    {"open_submission", "\"implicit\"", "\"off\"", 14, "listen[1].tls", "AUTH", "starttls"},
    {"bad_mode", "\"required\"", "\"maybe\"", 17, "domain[0].mode", "\"maybe\" is not known",
     "off, optional or required"},
    {"no_maildir", "maildir = \"mail/north\"", "", 15, "domain[0].maildir", "is missing", "Maildir"},
    {"maildir_nowhere", "mail/north", "a/b/c/d", 18, "domain[0].maildir", "does not exist", "make that folder"},
    {"no_mailboxes", "mailboxes = [\"joe\", \"postmaster\"]", "", 15, "domain[0].mailboxes", "is missing", "list"},
    {"empty_mailboxes", "[\"joe\", \"postmaster\"]", "[]", 19, "domain[0].mailboxes", "is empty", "list"},
    {"mailbox_address", "\"postmaster\"", "\"ann@north.example\"", 19, "domain[0].mailboxes[1]", "no mailbox name",
     "before the @"},
    {"mailbox_twice", "\"postmaster\"", "\"JOE\"", 19, "domain[0].mailboxes[1]", "twice", "case"},
    {"absent_signing_key", "\"signing.pem\"", "\"none.pem\"", 22, "domain[0].signing.key", "No such file",
     "cas keys generate"},
    {"empty_signing_key", "\"signing.pem\"", "\"empty.pem\"", 22, "domain[0].signing.key", "cannot be used",
     "cas keys generate"},
    {"no_selector", "selector = \"cas1\"", "", 20, "domain[0].signing.selector", "is missing", "cas1"},
    {"no_key_file", "key = \"signing.pem\"", "", 20, "domain[0].signing.key", "is missing", "cas keys generate"},
    {"signing_as_text", "[domain.signing]\nselector = \"cas1\"\nkey = \"signing.pem\"\n", "signing = \"cas1\"\n", 20,
     "domain[0].signing", "is text", "[[domain.signing]]"},
    {"empty_keys_dir", "run_as = ", "keys_dir = \"\"\nrun_as = ", 4, "keys_dir", "is empty", "folder"},
    {"number_as_keys_dir", "run_as = ", "keys_dir = 1\nrun_as = ", 4, "keys_dir", "is a whole number", "double quotes"},
    {"bad_selector", "\"cas1\"", "\"cas 1\"", 21, "domain[0].signing.selector", "no selector", "cas1"},
    {"name_as_selector", "\"cas1\"", "\"cas1._domainkey.north.example\"", 21, "domain[0].signing.selector",
     "more than a selector", "\"cas1\""},
    {"plain_password", "$argon2id", "secret", 25, "user[0].password", "no Argon2id", "cas password"},
    {"foreign_send_as", "[\"joe@north.example\"]", "[\"joe@south.example\"]", 26, "user[0].send_as[0]",
     "none of the domains", "[[domain]]"},
    {"foreign_domain_to_send_as", "[\"joe@north.example\"]", "[\"*@south.example\"]", 26, "user[0].send_as[0]",
     "none of the domains", "[[domain]]"},
    {"bad_send_as", "[\"joe@north.example\"]", "[\"joe\"]", 26, "user[0].send_as[0]", "no address",
     "joe@north.example"},
    {"data_outside_zones", "mx.south.example. 60 IN A", "mx.west.example. 60 IN A", 31, "dns.local_data[1]",
     "none of the local zones", "dns.local_zones"},
    {"bad_local_data", "mx.south.example. 60 IN A 127.0.0.2", "mx.south.example.", 31, "dns.local_data[1]",
     "no resource record", "60 IN A"},
    {"bad_duration", "\"2s\"", "\"2 seconds\"", 33, "dns.timeout", "no duration", "5m"},
    {"number_as_duration", "\"10m\"", "600", 39, "queue.first_retry", "not a duration", "5m"},
    {"duration_out_of_range", "\"3d\"", "\"200d\"", 38, "queue.lifetime", "out of range", "100d"},
    {"delay_after_the_end", "lifetime = \"3d\"", "delay_warning = \"5d\"", 38, "queue.delay_warning", "waits as long",
     "shorter than lifetime"},
    {"retry_order", "\"10m\"", "\"5h\"", 39, "queue.first_retry", "later than max_retry", "at most"},
    {"port_out_of_range", "port = 2525", "port = 65536", 35, "outbound.port", "out of range", "65535"},
    {"number_in_quotes", "port = 2525", "port = \"2525\"", 35, "outbound.port", "is text", "without quotes"},
    {"tiny_message_limit", "1000000", "1000", 41, "limits.message", "out of range", "65536"},
    {"table_as_value", "[log]", "[[log]]", 42, "log", "an array, not a table", "[log]"},
};
INSTANTIATE_TEST_SUITE_P(All, ConfigFaults, testing::ValuesIn(faults),
                         [](const auto& info) { return info.param.name; });

// ---- Signing keys ----

class ConfigSigning : public ConfigFile {
 protected:
  void SetUp() override { fs::remove_all(folder / "state"); }
  void TearDown() override { fs::remove_all(folder / "state"); }

  // The table of the only key begins in line 20; what is added comes in line 23.
  static std::string with_second(const std::string& table) {
    const auto text = replaced(good(), "[domain.signing]", "[[domain.signing]]");
    return replaced(text, "[[user]]", "[[domain.signing]]\n" + table + "[[user]]");
  }
  static std::string without_keys() {
    return replaced(good(), "[domain.signing]\nselector = \"cas1\"\nkey = \"signing.pem\"\n", "");
  }
  static void put(const std::string& name, const std::string& octets) {
    fs::create_directories(folder / "state/keys/north.example");
    write("state/keys/north.example/" + name, octets);
  }
};

TEST_F(ConfigSigning, several_keys_are_named_one_by_one) {
  const auto config = load(with_second("selector = \"S2\"\nkey = \"signing.pem\"\n"));
  ASSERT_TRUE(config) << config.error().front().text();
  ASSERT_THAT(config->domains[0].signing, SizeIs(2));
  EXPECT_EQ(config->domains[0].signing[0].where, "domain[0].signing[0]");
  EXPECT_EQ(config->domains[0].signing[1].selector, "s2");
  EXPECT_EQ(config->domains[0].signing[1].key, folder / "signing.pem");
}

TEST_F(ConfigSigning, faults_of_the_second_key_name_it) {
  for (const auto& [table, line, key, problem, mend] :
       {std::tuple{"selector = \"s2\"\n", 23U, "domain[0].signing[1].key", "is missing", "cas keys generate"},
        {"key = \"signing.pem\"\n", 23U, "domain[0].signing[1].selector", "is missing", "cas1"},
        {"selector = \"CAS1\"\nkey = \"signing.pem\"\n", 24U, "domain[0].signing[1].selector",
         "\"cas1\" stands there twice", "of its own"},
        {"selector = \"s2\"\nkey = \"none.pem\"\n", 25U, "domain[0].signing[1].key", "No such file",
         "cas keys generate"},
        {"selector = \"s2\"\nkey = \"signing.pem\"\nkye = 1\n", 26U, "domain[0].signing[1].kye", "no key",
         "\"key\""}}) {
    const auto error = error_of(with_second(table));
    EXPECT_EQ(error.line, line) << error.text();
    EXPECT_EQ(error.key, key);
    EXPECT_THAT(error.problem, HasSubstr(problem));
    EXPECT_THAT(error.mend, HasSubstr(mend));
  }
}

TEST_F(ConfigSigning, domain_may_be_without_keys_anywhere) {
  const auto config = load(without_keys());
  ASSERT_TRUE(config) << config.error().front().text();
  EXPECT_THAT(config->domains[0].signing, testing::IsEmpty());
}

TEST_F(ConfigSigning, every_fault_of_the_folder_is_found_and_names_file_and_mend) {
  put("s1.pem", "no key");
  put("s2.nxt.pem", read_small_file(folder / "signing.pem").value());
  const auto config = load(without_keys());
  ASSERT_FALSE(config);
  ASSERT_THAT(config.error(), SizeIs(2));
  EXPECT_THAT(config.error()[0].text(), HasSubstr("cas.toml:1: keys_dir: "));
  EXPECT_THAT(config.error()[0].text(), HasSubstr("north.example/s1.pem\" cannot be used"));
  EXPECT_THAT(config.error()[0].text(), HasSubstr("cas keys generate"));
  EXPECT_THAT(config.error()[1].text(), HasSubstr("north.example/s2.nxt.pem\" is no name of a signing key"));
}

TEST_F(ConfigSigning, folder_is_not_looked_at_where_keys_are_named) {
  put("s1.pem", "no key");
  EXPECT_TRUE(load(good()));
}

TEST_F(ConfigSigning, keys_dir_may_stand_elsewhere) {
  const auto text = replaced(without_keys(), "run_as = ", "keys_dir = \"other/keys\"\nrun_as = ");
  const auto config = load(text);
  ASSERT_TRUE(config) << config.error().front().text();
  EXPECT_EQ(config->keys_dir, folder / "other/keys");
  fs::create_directories(folder / "other/keys/north.example/s1.pem");
  const auto error = error_of(text);
  fs::remove_all(folder / "other");
  EXPECT_EQ(error.line, 4U);
  EXPECT_THAT(error.problem, HasSubstr("is a folder"));
}

TEST_F(ConfigSigning, commands_read_what_they_need_and_no_key) {
  write("cas.toml", with_second("selector = \"s2\"\nkey = \"not-for-me.pem\"\n[[domain.signing]]\nselector = \"s3\"\n"
                                "[[domain]]\nname = \"south.example\"\n[[domain]]\nname = 7\n"));
  const auto keys = load_keys_config(folder / "cas.toml");
  ASSERT_TRUE(keys) << keys.error().front().text();
  EXPECT_EQ(keys->keys_dir, folder / "state/keys");
  ASSERT_THAT(keys->domains, SizeIs(2));
  const auto& north = keys->domains.at(Domain::parse("north.example").value());
  ASSERT_THAT(north, SizeIs(2)) << "the one without a file is `cas config check`'s business";
  EXPECT_EQ(north[1].selector, "s2");
  EXPECT_EQ(north[1].key, folder / "not-for-me.pem");
  EXPECT_THAT(keys->domains.at(Domain::parse("south.example").value()), testing::IsEmpty());
}

TEST_F(ConfigSigning, commands_are_told_what_is_wrong_with_keys_dir) {
  write("cas.toml", replaced(good(), "run_as = ", "keys_dir = 1\nrun_as = "));
  const auto keys = load_keys_config(folder / "cas.toml");
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().front().line, 4U);
}

// ---- Whole files ----

TEST_F(ConfigFile, syntax_error_names_its_line) {
  const auto error = error_of(replaced(good(), "role = \"mx\"", "role = mx"));
  EXPECT_EQ(error.line, 10U);
  EXPECT_THAT(error.problem, HasSubstr("is no TOML"));
}

TEST_F(ConfigFile, all_faults_are_found_in_the_order_of_the_file) {
  auto text = replaced(good(), "\"json\"", "\"xml\"");
  text = replaced(text, "\"required\"", "\"maybe\"");
  text = replaced(text, "state_dir", "state_dri");
  const auto config = load(text);
  ASSERT_FALSE(config);
  std::vector<std::size_t> lines;
  for (const auto& error : config.error()) lines.push_back(error.line);
  EXPECT_THAT(lines, testing::IsSupersetOf({2U, 17U, 43U}));
  EXPECT_TRUE(std::ranges::is_sorted(lines));
}

TEST_F(ConfigFile, submission_without_users_waits_for_those_of_the_store) {
  const auto text = good();
  const auto config =
      load(replaced(text, text.substr(text.find("[[user]]"), text.find("[dns]") - text.find("[[user]]")), ""));
  ASSERT_TRUE(config);
  EXPECT_THAT(config->users, testing::IsEmpty());
}

TEST_F(ConfigFile, a_user_may_send_as_everybody_of_a_domain) {
  const auto config = load(replaced(good(), "[\"joe@north.example\"]", "[\"*@north.example\"]"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->users[0].send_as[0].text(), "*@north.example");
}

TEST_F(ConfigFile, listener_with_tls_needs_a_certificate) {
  const auto text = good();
  const auto config =
      load(replaced(text, text.substr(text.find("[tls]"), text.find("[[listen]]") - text.find("[tls]")), ""));
  ASSERT_FALSE(config);
  ASSERT_THAT(config.error(), SizeIs(2));
  EXPECT_EQ(config.error()[0].key, "listen[0].tls");
  EXPECT_THAT(config.error()[0].mend, HasSubstr("[tls]"));
}

TEST_F(ConfigFile, required_needs_a_listener_where_tls_is_spoken_CAS_3) {
  const auto error = error_of(replaced(good(), "role = \"mx\"", "role = \"mx\"\ntls = \"off\""));
  EXPECT_EQ(error.key, "domain[0].mode");
}

TEST_F(ConfigFile, absent_file_says_so) {
  const auto config = load_config(folder / "none.toml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().front().text(), HasSubstr("none.toml: cannot be read: No such file"));
}

TEST_F(ConfigFile, hostile_values_do_not_reach_the_terminal) {
  const auto error = error_of(replaced(good(), "\"required\"", "\"a\\u001b[2J\\nb\""));
  EXPECT_EQ(error.text().find('\x1b'), std::string::npos);
  EXPECT_EQ(error.text().find('\n'), std::string::npos);
}

TEST_F(ConfigFile, passwords_are_never_shown) {
  const auto error = error_of(replaced(good(), std::string(hash), "hunter2-in-the-clear"));
  EXPECT_EQ(error.text().find("hunter2"), std::string::npos);
}

TEST_F(ConfigFile, tools_read_only_where_the_socket_is) {
  write("cas.toml", replaced(good(), "key.pem", "not-for-me.pem"));
  const auto socket = load_admin_socket(folder / "cas.toml");
  ASSERT_TRUE(socket);
  EXPECT_EQ(*socket, folder / "admin.sock");
}

TEST_F(ConfigFile, user_that_does_not_exist_is_refused) {
  const auto error = error_of(replaced(good(), "\"" + our_name() + "\"", "\"no-such-user-here\""));
  EXPECT_EQ(error.line, 4U);
  EXPECT_THAT(error.problem, HasSubstr("no user"));
}

TEST_F(ConfigFile, root_has_to_say_whom_to_become) {
  if (::geteuid() != 0) GTEST_SKIP() << "asked of root alone";
  const auto error = error_of(replaced(good(), "run_as = \"" + our_name() + "\"", ""));
  EXPECT_EQ(error.key, "run_as");
  EXPECT_THAT(error.mend, HasSubstr("run_as = \"cas\""));
}

TEST_F(ConfigFile, new_files_are_private_and_never_overwrite) {
  const auto file = folder / "fresh";
  ASSERT_TRUE(write_new_file(file, "one"));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto again = write_new_file(file, "two");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().private_reason, HasSubstr("exists"));
  EXPECT_EQ(read_small_file(file).value(), "one");
}

}  // namespace
}  // namespace cas::app
