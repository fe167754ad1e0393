// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// libopendkim's side: signs and verifies, with a zone that comes with the job.
#define _Bool bool  // its header is C
#include <opendkim/dkim.h>
#undef _Bool

#include <cstring>
#include <memory>

#include "jobs.hpp"

namespace {

using namespace cas;
using namespace cas::agreement;

const json::object* zone = nullptr;

u_char* octets(const std::string& text) {
  return reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
}

DKIM_CBSTAT look_up(DKIM*, DKIM_SIGINFO* signature, u_char* buffer, size_t size) {
  const std::string name = to_lower(std::string(reinterpret_cast<const char*>(dkim_sig_getselector(signature))) +
                                    "._domainkey." + reinterpret_cast<const char*>(dkim_sig_getdomain(signature)));
  const auto* node = zone->if_contains(name);
  if (node == nullptr) return DKIM_CBSTAT_NOTFOUND;
  if (node->is_string()) return DKIM_CBSTAT_TRYAGAIN;
  const auto* records = node->as_object().if_contains("TXT");
  if (records == nullptr) return DKIM_CBSTAT_NOTFOUND;
  const std::string record = list_of(*records).front();
  if (record.size() + 1 > size) return DKIM_CBSTAT_ERROR;
  std::memcpy(buffer, record.c_str(), record.size() + 1);
  return DKIM_CBSTAT_CONTINUE;
}

DKIM_LIB* library() {
  static DKIM_LIB* const made = [] {
    DKIM_LIB* lib = dkim_init(nullptr, nullptr);
    dkim_set_key_lookup(lib, look_up);
    return lib;
  }();
  return made;
}

void check(DKIM_STAT status, const char* where) {
  if (status != DKIM_STAT_OK) throw std::runtime_error(std::string(where) + ": " + dkim_getresultstr(status));
}

using Handle = std::unique_ptr<DKIM, DKIM_STAT (*)(DKIM*)>;

/// Header and body, up to dkim_eom(). A field is a line and the lines that continue it, without the last CRLF.
void feed(DKIM* dkim, const std::string& message) {
  std::size_t at = 0;
  while (at < message.size() && message.compare(at, 2, "\r\n") != 0) {
    std::size_t end = at;
    do {
      end = message.find("\r\n", end);
      if (end == std::string::npos) end = message.size();
      end += 2;
    } while (end < message.size() && (message[end] == ' ' || message[end] == '\t'));
    const std::string field = message.substr(at, end - at - 2);
    check(dkim_header(dkim, octets(field), field.size()), "header");
    at = end;
  }
  check(dkim_eoh(dkim), "eoh");
  const std::string body = at + 2 < message.size() ? message.substr(at + 2) : std::string();
  if (!body.empty()) check(dkim_body(dkim, octets(body), body.size()), "body");
}

json::object verify(const json::object& job) {
  zone = &job.at("zone").as_object();
  std::string message = octets_of(job.at("message"));
  if (!message.ends_with("\r\n")) message += "\r\n";
  DKIM_STAT status = DKIM_STAT_OK;
  const Handle dkim(dkim_verify(library(), octets("job"), nullptr, &status), dkim_free);
  check(status, "verify");
  std::string early;
  try {
    feed(dkim.get(), message);
    status = dkim_eom(dkim.get(), nullptr);
  } catch (const std::exception& error) {
    early = error.what();
  }
  DKIM_SIGINFO** signatures = nullptr;
  int count = 0;
  json::array passed, all;
  if (dkim_getsiglist(dkim.get(), &signatures, &count) == DKIM_STAT_OK) {
    for (int n = 0; n < count; ++n) {
      const auto* selector = reinterpret_cast<const char*>(dkim_sig_getselector(signatures[n]));
      const std::string name = selector == nullptr ? "" : selector;
      const unsigned flags = dkim_sig_getflags(signatures[n]);
      const bool ok = early.empty() && (flags & DKIM_SIGFLAG_PASSED) != 0 && (flags & DKIM_SIGFLAG_IGNORE) == 0 &&
                      dkim_sig_getbh(signatures[n]) == DKIM_SIGBH_MATCH &&
                      dkim_sig_geterror(signatures[n]) == DKIM_SIGERROR_OK;
      if (ok) passed.emplace_back(name);
      all.emplace_back(name + ": " + dkim_sig_geterrorstr(dkim_sig_geterror(signatures[n])));
    }
  }
  if (!early.empty()) all.emplace_back(early);
  all.emplace_back(dkim_getresultstr(status));
  return {{"passed", passed}, {"all", all}};
}

dkim_canon_t form_of(std::string_view word) {
  return word == "simple" ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED;
}

json::object sign(const json::object& job) {
  const std::string message = octets_of(job.at("message"));
  const std::string c = text_of(job, "c"), key = text_of(job, "key"), selector = text_of(job, "selector"),
                    domain = text_of(job, "domain");
  // Its lists are of the library, not of the message: those that are signed, and once more.
  auto names = list_of(job.at("headers"));
  std::vector<const u_char*> signed_names;
  for (const auto& name : names) signed_names.push_back(octets(name));
  signed_names.push_back(nullptr);
  dkim_options(library(), DKIM_OP_SETOPT, DKIM_OPTS_SIGNHDRS, signed_names.data(), sizeof(u_char*));
  auto over = job.contains("oversign") ? list_of(job.at("oversign")) : std::vector<std::string>();
  std::vector<const u_char*> over_names;
  for (const auto& name : over) over_names.push_back(octets(name));
  over_names.push_back(nullptr);
  dkim_options(library(), DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS, over_names.data(), sizeof(u_char*));
  std::uint64_t at = job.contains("t") ? job.at("t").to_number<std::uint64_t>() : 0;
  dkim_options(library(), DKIM_OP_SETOPT, DKIM_OPTS_FIXEDTIME, &at, sizeof at);
  std::uint64_t lifetime = job.contains("x") ? job.at("x").to_number<std::uint64_t>() - at : 0;
  dkim_options(library(), DKIM_OP_SETOPT, DKIM_OPTS_SIGNATURETTL, &lifetime, sizeof lifetime);
  DKIM_STAT status = DKIM_STAT_OK;
  const bool rsa = !job.contains("ed25519");
  const Handle dkim(
      dkim_sign(library(), octets("job"), nullptr, octets(key), octets(selector), octets(domain),
                form_of(c.substr(0, c.find('/'))), form_of(c.substr(c.find('/') + 1)),
                rsa ? DKIM_SIGN_RSASHA256 : DKIM_SIGN_ED25519SHA256,
                job.contains("l") ? static_cast<ssize_t>(job.at("l").to_number<std::int64_t>()) : -1, &status),
      dkim_free);
  check(status, "sign");
  feed(dkim.get(), message);
  check(dkim_eom(dkim.get(), nullptr), "eom");
  u_char* text = nullptr;
  size_t size = 0;
  check(dkim_getsighdr_d(dkim.get(), std::strlen("DKIM-Signature: "), &text, &size), "getsighdr");
  std::string field = "DKIM-Signature: " + std::string(reinterpret_cast<const char*>(text), size);
  return {{"fields", base64_of(field + "\r\n")}};
}

}  // namespace

int main() {
  return cas::agreement::run([](const json::object& job) {
    const std::string what = text_of(job, "do");
    if (what == "verify") return verify(job);
    if (what == "sign") return sign(job);
    throw std::invalid_argument("what is " + what + "?");
  });
}
