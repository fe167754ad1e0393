// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Every default that packaging/cas.toml states is the code's: to write it changes nothing, and to write another value
// does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <tuple>

#include "app/config.hpp"
#include "app/config_keys.hpp"
#include "app/config_values.hpp"
#include "net/tls.hpp"

namespace cas::app {
namespace {

namespace fs = std::filesystem;

// ---- A configuration as text: all that a stated default is about. What is forgotten, the second test below notices
// ----

template <class T>
void show(std::ostream& out, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    out << static_cast<int>(value) << "\n";
  } else if constexpr (requires { value.count(); }) {
    out << std::chrono::duration_cast<std::chrono::milliseconds>(value).count() << "ms\n";
  } else {
    out << value << "\n";
  }
}

template <class... T>
void each(std::ostream& out, const T&... values) {
  (show(out, values), ...);
}

void show_hop(std::ostream& out, const NextHopConfig& hop) {
  each(out, hop.hop.tls.use, hop.hop.tls.verify);
}

void show_outbound(std::ostream& out, const OutboundConfig& outbound) {
  each(out, outbound.port, outbound.require_tls, outbound.dane, outbound.mta_sts, outbound.fallback,
       outbound.concurrency, outbound.concurrency_per_domain, outbound.connect_timeout, outbound.command_timeout,
       outbound.data_timeout, outbound.final_timeout, outbound.idle_timeout, outbound.host_backoff,
       outbound.connection_messages);
  if (outbound.smarthost) show_hop(out, *outbound.smarthost);
  for (const auto& transport : outbound.transports) show_hop(out, transport.next_hop);
}

void show_load(std::ostream& out, const LoadConfig& load) {
  const auto& [connections, conduct] = std::tie(load.connections, load.conduct);
  each(out, connections.total, connections.per_client, connections.per_network, connections.per_minute,
       connections.handshakes, load.users.messages_per_hour, load.users.recipients_per_hour, load.confirms.per_minute,
       load.auth.per_network, load.auth.per_account, load.memory);
  each(out, conduct.network_messages_per_hour, conduct.network_unknown_per_hour, conduct.mailbox_messages_per_hour,
       conduct.signer_unknown_per_day, conduct.new_domain, conduct.new_domain_messages_per_day,
       conduct.new_domain_recipients_per_day);
}

std::string shown(const Config& config) {
  std::ostringstream out;
  each(out, config.state_dir, config.admin_socket, config.threads, config.client_certificates.ask, config.dns.timeout,
       config.dns.trust_anchor_file, config.dns_check.watch, config.authentication.received_spf,
       config.screener.digest_every, config.screener.digest_after, config.log.format, config.log.level,
       config.metrics.listen.has_value());
  for (const auto& listen : config.listen) each(out, listen.role, listen.tls);
  for (const auto& domain : config.domains) {
    const auto& recipients = domain.recipients;
    each(out, domain.mode, domain.authentication, domain.screener, domain.observe, recipients.source, domain.milter,
         domain.backend.has_value(), recipients.timeout, recipients.subaddress);
  }
  for (const auto& filter : config.filters) each(out, filter.accept_on_failure, filter.submissions, filter.timeout);
  for (const auto& list : config.strangers.lists) each(out, list.weight);
  each(out, config.strangers.dnsbl_score, config.strangers.greylist);
  const auto& queue = config.queue;
  each(out, queue.lifetime, queue.first_retry, queue.max_retry, queue.delay_warning, queue.keep_failed,
       queue.suppression, queue.suppress_for);
  const auto& limits = config.limits;
  each(out, limits.message, limits.recipients, limits.idle_commands, limits.command_timeout, limits.data_timeout,
       limits.busy_timeout, limits.tls_timeout, limits.data_rate, limits.session_timeout);
  show_outbound(out, config.outbound);
  show_load(out, config.load);
  return out.str();
}

// ---- The defaults that are stated ----

struct Stated {
  std::string key, value;  // "limits.message", "52428800"
};

// `# key = value  # text` in packaging/cas.toml, where the text does not say what holds when it is left out.
std::vector<Stated> stated_defaults() {
  std::ifstream file(std::string(CAS_TESTDATA) + "/../packaging/cas.toml");
  const std::regex table(R"(^(?:# )?\[\[?([a-z_.]+)\]\]?.*$)");
  const std::regex key(R"(^# ([a-z_0-9]+) = ("[^"]*"|[^"#]*?) +# (.*)$)");
  std::vector<Stated> all;
  std::string line, where;
  std::smatch found;
  while (std::getline(file, line)) {
    if (std::regex_match(line, found, table)) {
      where = found[1].str() + ".";
    } else if (std::regex_match(line, found, key) && !found[3].str().contains("left out")) {
      all.push_back({.key = where + found[1].str(), .value = found[2]});
    }
  }
  return all;
}

std::string our_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

class Defaults : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "cas-defaults-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    const auto made = net::make_self_signed("mx.north.example");
    std::ofstream(folder / "cert.pem") << made->certificate;
    std::ofstream(folder / "key.pem") << made->key;
  }
  static void TearDownTestSuite() { fs::remove_all(folder); }

  // One of each table that has keys with defaults, with what those keys need beside them.
  static std::map<std::string, std::string> tables() {
    return {{"", "host = \"mx.north.example\"\nrun_as = \"" + our_name() + "\"\n"},
            {"tls", "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n"},
            {"listen", "[[listen]]\naddress = \"127.0.0.1:2525\"\nrole = \"mx\"\n"},
            {"domain",
             "[[domain]]\nname = \"north.example\"\nmaildir = \"mail\"\nrecipients = \"sql\"\nrecipients_database = "
             "\"postgresql://x/\"\nrecipients_query = \"$1\"\n"},
            {"outbound", "[outbound]\nsmarthost = \"mail.isp.example:587\"\n"},
            {"filter", "[[filter]]\nmilter = \"127.0.0.1:11332\"\n"},
            {"dnsbl", "[[dnsbl]]\nzone = \"bl.example\"\n[[dnsbl]]\nzone = \"other.example\"\n"},
            {"transport", "[[transport]]\ndomain = \"x.example\"\nnext_hop = \"mx.x.example:25\"\n"}};
  }
  // With this line in its table.
  static std::expected<std::string, std::string> with(const std::string& key, const std::string& value) {
    auto all = tables();
    const auto dot = key.rfind('.');
    const std::string table = dot == std::string::npos ? "" : key.substr(0, dot);
    const std::string name = key.substr(dot + 1);
    auto& text = all[table];
    if (text.empty() && !table.empty()) text = "[" + table + "]\n";
    if (!value.empty()) {
      if (key == "domain.recipients") text = "[[domain]]\nname = \"north.example\"\nmaildir = \"mail\"\n";
      if (key == "domain.recipients" && value == "\"list\"") text += "mailboxes = [\"joe\"]\n";
      text += name + " = " + value + "\n";
    }
    std::ofstream file(folder / "cas.toml");
    for (const auto& [each, lines] : all) file << lines;  // "" is the first
    file.close();
    const auto config = load_config(folder / "cas.toml");
    if (config) return shown(*config);
    return std::unexpected(config.error().front().text());
  }
  static std::string without(const std::string& key) {
    if (key == "domain.recipients") {
      std::ofstream file(folder / "cas.toml");
      for (const auto& [each, lines] : tables()) {
        file << (each == "domain" ? "[[domain]]\nname = \"north.example\"\nmaildir = \"mail\"\nmailboxes = [\"joe\"]\n"
                                  : lines);
      }
      file.close();
      const auto config = load_config(folder / "cas.toml");
      return config ? shown(*config) : config.error().front().text();
    }
    return with(key, "").value_or("the file without the key is no good");
  }

  static inline fs::path folder;
};

// Some other value that the key may have.
std::string other_than(const std::string& value, const KnownKey& key) {
  switch (key.kind) {
    case KnownKey::Kind::Boolean: return value == "true" ? "false" : "true";
    case KnownKey::Kind::Integer: return std::to_string(std::stoll(value) == key.least ? key.least + 1 : key.least);
    case KnownKey::Kind::Duration: {
      const auto now = parse_duration(value.substr(1, value.size() - 2));
      return "\"" + std::to_string(now && now->count() == key.least ? key.least + 1 : key.least) + "s\"";
    }
    case KnownKey::Kind::Choice:
      for (const auto& word : key.words) {
        if (value != "\"" + word + "\"") return "\"" + word + "\"";
      }
      return value;
    default: return value == "\"-\"" ? "\"_\"" : "\"-\"";
  }
}

TEST_F(Defaults, ToWriteOneChangesNothing) {
  const auto all = stated_defaults();
  EXPECT_GT(all.size(), 70U);
  for (const auto& [key, value] : all) {
    const auto written = with(key, value);
    ASSERT_TRUE(written) << written.error();
    EXPECT_EQ(*written, without(key)) << key << ": the example says that " << value << " is the default";
  }
}

// Or the test above would see nothing.
TEST_F(Defaults, ToWriteAnotherValueIsSeen) {
  const auto keys = known_keys();
  for (const auto& [key, value] : stated_defaults()) {
    const auto known = std::ranges::find(keys, key, &KnownKey::name);
    ASSERT_NE(known, keys.end()) << key;
    const std::string other = other_than(value, *known);
    if (key == "metrics.allow_remote") {  // lets through what is refused without it
      EXPECT_FALSE(with("metrics.listen", "\"0.0.0.0:9325\""));
      EXPECT_TRUE(with("metrics.listen", "\"0.0.0.0:9325\"\nallow_remote = " + other));
      continue;
    }
    const auto written = with(key, other);
    const bool told_apart = !written || *written != without(key);
    EXPECT_TRUE(told_apart) << key << " = " << other << " is as good as nothing";
  }
}

}  // namespace
}  // namespace cas::app
