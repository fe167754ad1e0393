// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sasl.hpp.
#include "registry/sasl.hpp"

#include <gsasl.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace cas::registry {

namespace {

constexpr std::size_t longest_message = 4096;
constexpr std::size_t longest_name = 255;

struct Free {
  void operator()(void* memory) const { gsasl_free(memory); }
};
using Text = std::unique_ptr<char, Free>;

struct EndSession {
  void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};

int on_question(Gsasl* context, Gsasl_session* session, Gsasl_property property);

/// The library itself. What it holds does not change once it is there, so that threads may share it.
class Library {
 public:
  Library() {
    if (gsasl_init(&context_) != GSASL_OK) throw std::runtime_error("GNU SASL does not start");
    gsasl_callback_set(context_, on_question);
  }
  ~Library() { gsasl_done(context_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  [[nodiscard]] Gsasl* context() const { return context_; }

 private:
  Gsasl* context_ = nullptr;
};

const Library& library() {
  static const Library one;
  return one;
}

}  // namespace

std::optional<std::string> prepare_password(std::string_view password) {
  char* prepared = nullptr;
  const std::string terminated(password);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  // RFC 4013 §2.5: characters that Unicode 3.2 does not know may stand in what is compared.
  if (gsasl_saslprep(terminated.c_str(), GSASL_ALLOW_UNASSIGNED, &prepared, nullptr) != GSASL_OK) return std::nullopt;
  const Text owner(prepared);
  return std::string(prepared);
}

Result<crypto::ScramVerifier> make_scram_verifier(std::string_view password, std::string_view salt,
                                                  unsigned iterations) {
  if (!prepare_password(password)) return permanent("the password holds characters that SASLprep (RFC 4013) forbids");
  const std::string terminated(password);
  std::array<char, GSASL_HASH_SHA256_SIZE> salted{};
  std::array<char, GSASL_HASH_SHA256_SIZE> client{};
  std::array<char, GSASL_HASH_SHA256_SIZE> server{};
  std::array<char, GSASL_HASH_SHA256_SIZE> stored{};
  const int failed =
      gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, terminated.c_str(), iterations, salt.data(), salt.size(),
                                        salted.data(), client.data(), server.data(), stored.data());
  if (failed != GSASL_OK) return transient("the password cannot be hashed now", gsasl_strerror(failed));
  crypto::ScramVerifier verifier{.iterations = iterations, .salt = Octets(salt.begin(), salt.end())};
  std::ranges::copy(stored, verifier.stored_key.begin());
  std::ranges::copy(server, verifier.server_key.begin());
  return verifier;
}

// ---- An exchange ----

struct ScramExchange::State {
  Find find;
  std::unique_ptr<Gsasl_session, EndSession> session;
  std::string name;
  bool plus = false;
  bool bindable = false;
  bool begun = false;
  bool over = false;
  bool proven = false;  // the server's last message has been given

  /// RFC 5802 §6: what the client says of channel binding must fit what was offered. "y" says that it could, and was
  /// not offered it: where it was, somebody took that out of our EHLO.
  [[nodiscard]] bool is_beginning(std::string_view message) const {
    if (plus) return message.starts_with("p=tls-exporter,");
    return message.starts_with("n,") || (message.starts_with("y,") && !bindable);
  }

  int answer(Gsasl_property property) {
    const bool about_secret = property == GSASL_SCRAM_ITER || property == GSASL_SCRAM_SALT ||
                              property == GSASL_SCRAM_STOREDKEY || property == GSASL_SCRAM_SERVERKEY;
    const char* authid = gsasl_property_fast(session.get(), GSASL_AUTHID);
    if (!about_secret || authid == nullptr) return GSASL_NO_CALLBACK;
    if (!name.empty()) return GSASL_NO_CALLBACK;  // all four were set when the first was asked for
    name = authid;
    const auto verifier = find(name);
    const std::string iterations = std::to_string(verifier.iterations);
    const std::array<std::pair<Gsasl_property, std::string>, 4> values{
        {{GSASL_SCRAM_ITER, iterations},
         {GSASL_SCRAM_SALT, base64(verifier.salt)},
         {GSASL_SCRAM_STOREDKEY, base64(verifier.stored_key)},
         {GSASL_SCRAM_SERVERKEY, base64(verifier.server_key)}}};
    for (const auto& [which, value] : values) {
      if (gsasl_property_set(session.get(), which, value.c_str()) != GSASL_OK) return GSASL_MALLOC_ERROR;
    }
    return GSASL_OK;
  }
};

namespace {

int on_question(Gsasl* /*context*/, Gsasl_session* session, Gsasl_property property) {
  auto* answer = static_cast<std::function<int(Gsasl_property)>*>(gsasl_session_hook_get(session));
  return answer == nullptr ? GSASL_NO_CALLBACK : (*answer)(property);
}

}  // namespace

ScramExchange::ScramExchange(Find find, bool plus, std::string exporter) : state_(std::make_unique<State>()) {
  state_->find = std::move(find);
  state_->plus = plus;
  state_->bindable = !exporter.empty();
  Gsasl_session* session = nullptr;
  const char* mechanism = plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
  if (gsasl_server_start(library().context(), mechanism, &session) != GSASL_OK) return;
  state_->session.reset(session);
  const std::string binding = base64(as_octets(exporter));
  const bool set = !plus || gsasl_property_set(session, GSASL_CB_TLS_EXPORTER, binding.c_str()) == GSASL_OK;
  if (!set) state_->session.reset();
}

ScramExchange::~ScramExchange() = default;

const std::string& ScramExchange::name() const {
  return state_->name;
}

ScramExchange::Outcome ScramExchange::step(std::string_view message) {
  State& state = *state_;
  if (!state.session || state.over) return Failed::Internal;
  const auto end = [&](Outcome outcome) {
    state.over = true;
    return outcome;
  };
  if (state.proven) {  // RFC 4954 §4: what the server says last is answered with nothing
    if (!message.empty()) return end(Failed::Malformed);
    const char* authzid = gsasl_property_fast(state.session.get(), GSASL_AUTHZID);
    return end(Done{.authzid = authzid == nullptr ? "" : authzid});
  }
  if (message.size() > longest_message || message.find('\0') != message.npos) return end(Failed::Malformed);
  if (!state.begun && !state.is_beginning(message)) return end(Failed::Malformed);
  state.begun = true;
  std::function<int(Gsasl_property)> answer = [&state](Gsasl_property property) {
    try {
      return state.answer(property);
    } catch (const std::exception&) {  // nothing is thrown through the library
      return static_cast<int>(GSASL_MALLOC_ERROR);
    }
  };
  gsasl_session_hook_set(state.session.get(), &answer);
  char* said = nullptr;
  std::size_t size = 0;
  const int result = gsasl_step(state.session.get(), message.data(), message.size(), &said, &size);
  const Text owner(said);
  gsasl_session_hook_set(state.session.get(), nullptr);
  if (state.name.size() > longest_name) return end(Failed::Malformed);
  switch (result) {
    case GSASL_OK: state.proven = true; [[fallthrough]];
    case GSASL_NEEDS_MORE: return Challenge{std::string(said == nullptr ? "" : said, size)};
    case GSASL_AUTHENTICATION_ERROR: return end(Failed::Wrong);
    case GSASL_MECHANISM_PARSE_ERROR:
    case GSASL_SASLPREP_ERROR: return end(Failed::Malformed);
    default: return end(Failed::Internal);
  }
}

}  // namespace cas::registry
