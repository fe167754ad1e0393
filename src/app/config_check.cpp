// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the configuration points to: keys that can be read and belong together, folders that can be made, a user to
// become. Values that were missing or wrong in the file were reported before and are passed over here.
#include <pwd.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/config_reader.hpp"
#include "app/files.hpp"
#include "app/key_folder.hpp"
#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "net/tls.hpp"

namespace cas::app {

namespace {

namespace fs = std::filesystem;

// A file this process can read; says so otherwise.
bool readable(const fs::path& file, const std::string& key, Findings& findings, const std::string& mend) {
  if (file.empty()) return false;
  const auto octets = read_small_file(file);
  if (octets) return true;
  findings.add_at(key, in_quotes(file.string()) + " cannot be read: " + octets.error().private_reason, mend);
  return false;
}

void check_tls(const Config& config, Findings& findings) {
  const std::string mend = "name a PEM file that can be read; `cas cert self-signed` makes one for a trial";
  const bool certificate = readable(config.tls_certificate, "tls.certificate", findings, mend);
  const bool key = readable(config.tls_key, "tls.key", findings, mend);
  if (!certificate || !key) return;
  const auto& roots = config.client_certificates.ca_file;
  const bool have_roots = readable(roots, "tls.client_ca_file", findings, "name a PEM file of certificates");
  const auto context = net::TlsContext::server(config.tls_certificate, config.tls_key);
  if (context) {
    const auto whole = net::TlsContext::server(config.tls_certificate, config.tls_key, config.client_certificates);
    if (!whole && have_roots) {
      findings.add_at("tls.client_ca_file", "cannot be used: " + printable(whole.error().private_reason),
                      "name a PEM file of certificates");
    }
    return;
  }
  findings.add_at("tls.key", "cannot be used: " + printable(context.error().private_reason),
                  "name the private key that belongs to the certificate " + in_quotes(config.tls_certificate.string()));
}

void check_signing_key(const SigningConfig& signing, const std::string& key, Findings& findings) {
  const std::string mend =
      "name a PEM file with an Ed25519 or RSA key (2048 to 4096 bits) that can be read; "
      "`cas keys generate` makes one";
  if (!readable(signing.key, key, findings, mend)) return;
  const auto pem = read_small_file(signing.key);
  if (!pem) return;
  const auto parsed = crypto::PrivateKey::from_pem(*pem);
  if (!parsed) {
    findings.add_at(
        key, in_quotes(signing.key.string()) + " cannot be used: " + printable(parsed.error().private_reason), mend);
  }
}

void check_key_folder(const fs::path& keys_dir, const Domain& domain, Findings& findings) {
  if (keys_dir.empty()) return;
  for (const auto& fault : read_keys(keys_dir, domain).faults) {
    findings.add_at("keys_dir", in_quotes(fault.file.string()) + " " + fault.problem, fault.mend);
  }
}

void check_password(const NextHopConfig& next_hop, Findings& findings) {
  if (next_hop.password_file.empty()) return;
  const std::string key = next_hop.where + ".password_file";
  const std::string mend = "name a file that can be read and holds the password on one line";
  if (!readable(next_hop.password_file, key, findings, mend)) return;
  if (auto password = read_password(next_hop.password_file); !password) {
    findings.add_at(key, printable(password.error().private_reason), mend);
  }
}

// The folder is there, or can be made: at most two folders are made, so that a misspelt path is found.
void check_folder(const fs::path& folder, const std::string& key, Findings& findings) {
  if (folder.empty()) return;
  std::error_code fault;
  if (fs::is_directory(folder, fault)) return;
  if (fs::exists(folder, fault)) {
    findings.add_at(key, in_quotes(folder.string()) + " is no folder", "name a folder");
    return;
  }
  const auto parent = folder.parent_path();
  if (fs::is_directory(parent, fault) || fs::is_directory(parent.parent_path(), fault)) return;
  findings.add_at(key, in_quotes(parent.string()) + " does not exist", "make that folder, or name another");
}

void check_admin_socket(const Config& config, Findings& findings) {
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (config.admin_socket.string().size() > longest) {
    findings.add_at("admin_socket", "is longer than a socket's name may be",
                    "use a path of at most " + std::to_string(longest) + " octets");
    return;
  }
  check_folder(config.admin_socket.parent_path(), "admin_socket", findings);
}

void check_run_as(const Config& config, Findings& findings) {
  if (config.run_as.empty()) {
    if (::geteuid() != 0) return;
    findings.add_at("run_as", "is missing, and the server is started as root",
                    "name the user to become, run_as = \"cas\"; \"root\" is allowed when you say so");
    return;
  }
  if (::getpwnam(config.run_as.c_str()) == nullptr) {
    findings.add_at("run_as", in_quotes(config.run_as) + " is no user of this system",
                    "make the user (`adduser --system --group cas`), or name another");
  }
}

}  // namespace

void check_world(const Config& config, Findings& findings) {
  check_tls(config, findings);
  check_run_as(config, findings);
  check_folder(config.state_dir, "state_dir", findings);
  check_admin_socket(config, findings);
  if (config.outbound.smarthost) check_password(*config.outbound.smarthost, findings);
  for (const auto& transport : config.outbound.transports) check_password(transport.next_hop, findings);
  for (std::size_t n = 0; n < config.domains.size(); ++n) {
    const auto& domain = config.domains[n];
    const std::string table = "domain[" + std::to_string(n) + "]";
    check_folder(domain.maildir, table + ".maildir", findings);
    for (const auto& signing : domain.signing) check_signing_key(signing, signing.where + ".key", findings);
    if (domain.signing.empty()) check_key_folder(config.keys_dir, domain.name, findings);
  }
  check_recipients(config, findings);
  const auto& roots = config.outbound.ca_file;
  if (!roots.empty() && readable(roots, "outbound.ca_file", findings, "name a PEM file with certificates")) {
    const auto context = net::TlsContext::client(net::ClientTls{.ca_file = roots});
    if (!context) {
      findings.add_at("outbound.ca_file", "cannot be used: " + printable(context.error().private_reason),
                      "name a PEM file with certificates");
    }
  }
  const auto& anchor = config.dns.trust_anchor_file;
  if (!anchor.empty() && anchor != "none") {
    readable(anchor, "dns.trust_anchor_file", findings, "name a file with DS or DNSKEY records, or write \"none\"");
  }
}

}  // namespace cas::app
